"""What of a long message stands in the chat, and what goes along as a file, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from nbalert.message import Message

CODE = "cell.py"
RESULT = "result.txt"
"""Names of the files for what is too long."""


class Attachment(NamedTuple):
    """A text that goes along as a file."""

    name: str
    title: str
    text: str


class Excerpt(NamedTuple):
    """A text of the message, and how much of it finds room.

    Args:
        limit: Characters.
        keep: `head`, `tail` or `ends`.
        file: Name of the file that has the whole.
    """

    label: str
    text: str
    limit: int
    keep: str
    file: str

    def shown(self, share: float = 1.0) -> str:
        """As it stands in the chat.

        Args:
            share: How much of its limit there is room for.
        """
        return cut(self.text, room(self.limit, share), self.keep)

    def is_cut(self, share: float = 1.0) -> bool:
        """Whether a part of it is missing there."""
        return len(self.text) > room(self.limit, share)


def excerpts(message: Message, clean: Callable[[str], str]) -> list[Excerpt]:
    """The texts of a message, in order. In a question what will run comes first, and has the most room."""
    code = Excerpt("Will run" if message.question else "Cell", clean(message.code), 3000, "head", CODE)
    rest = [
        Excerpt("", clean(message.text), 3000, "head", "text.txt"),
        Excerpt("Error", clean(message.error), 600, "head", "error.txt"),
        Excerpt("Traceback", clean(message.traceback), 4000, "ends", "traceback.txt"),
        Excerpt("Result", clean(message.result), 2500, "head", RESULT),
        Excerpt("Output", clean(message.output), 1500, "tail", "output.txt"),
    ]
    if message.question:
        rest = [rest[0]._replace(limit=1500), code._replace(limit=8000), *rest[1:]]
    else:
        if message.error in message.traceback:
            rest.pop(1)
        rest.append(code)
    return [one for one in rest if one.text.strip()]


def attachments(
    message: Message, cut_ones: Iterable[Excerpt], clean: Callable[[str], str]
) -> Iterator[Attachment]:
    """The files: what was cut, whole, and the whole traceback where there is more of it."""
    for one in cut_ones:
        if not (one.file == "traceback.txt" and message.whole_traceback):
            yield Attachment(one.file, one.label or "Text", one.text)
    if message.whole_traceback:
        yield Attachment("traceback.txt", "Traceback", clean(message.whole_traceback))


def room(chars: int, share: float) -> int:
    """How many of these characters there is room for."""
    return max(20, int(chars * share))


def cut(text: str, limit: int, keep: str = "head") -> str:
    """At most `limit` characters and a line that says how many are missing.

    Args:
        keep: `head`, `tail` or `ends`.
    """
    if len(text) <= limit:
        return text
    mark = f"… {len(text) - limit:,} characters cut …"
    if keep == "tail":
        return f"{mark}\n{text[-limit:]}"
    if keep == "ends":
        return f"{text[: limit - limit // 2]}\n{mark}\n{text[len(text) - limit // 2 :]}"
    return f"{text[:limit]}\n{mark}"
