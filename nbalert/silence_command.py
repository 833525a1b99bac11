"""`nbalert silence` and `%nbalert silence`: for a while nothing is told of some alerts, or of any."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nbalert.durations import parse_duration, show_duration
from nbalert.process import client
from nbalert.show import silence_lines

OFF = "off"
USAGE = "write silence 1h, silence 1h --alert GLOB, silence 1h --topic GLOB, or silence off"
_ABOUT = {"--alert": "alert", "--topic": "topic"}


def run_words(words: Sequence[str]) -> None:
    """Begin a silence, end all, or without words show those of now.

    Args:
        words: `1h`, `1h --topic nightly*`, `off`, or nothing.

    Raises:
        ValueError: They are something else; says what can be written.
    """
    if not words:
        lines = silence_lines(client().request({"do": "status"}))
        print("\n".join(lines) or "nothing is silenced")
    elif tuple(words) == (OFF,):
        print(_ended(client().request({"do": "unsilence"})))
    else:
        print(_begun(*_understood(words)))


def _understood(words: Sequence[str]) -> tuple[float, str, str]:
    """Seconds, what about, and which."""
    line = " ".join(words).replace("--alert=", "--alert ").replace("--topic=", "--topic ")
    length, *about = line.split(" ", 2)
    if not about:
        return parse_duration(length), "all", ""
    if len(about) < 2 or about[0] not in _ABOUT or not about[1].strip():
        raise ValueError(f"{line!r} is not understood; {USAGE}")
    return parse_duration(length), _ABOUT[about[0]], about[1]


def _begun(for_s: float, what: str, glob: str) -> str:
    if for_s <= 0:
        raise ValueError(f"a silence lasts a while; {USAGE}")
    begun = client().request({"do": "silence", "for_s": for_s, "what": what, "glob": glob})
    until = datetime.fromtimestamp(begun["until"]).astimezone()
    who = "everything is silenced" if what == "all" else f"{what}s {glob} are silenced"
    return f"{who} for {show_duration(for_s)}, until {until:%Y-%m-%d %H:%M}; questions are asked all the same"


def _ended(count: int) -> str:
    return f"{count} silence{'' if count == 1 else 's'} ended" if count else "nothing was silenced"
