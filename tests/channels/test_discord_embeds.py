"""Whatever a message holds, what is sent keeps to Discord's limits, and nothing of it is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.channels.discord_embeds import COLOURS
from nbalert.channels.discord_parts import Part
from nbalert.channels.discord_shape import parts
from nbalert.channels.discord_text import escape, split, trimmed, units
from nbalert.errors import ChannelRefused
from nbalert.message import Image, Level, Message, Source
from tests.channels.row_discord import rendered
from tests.chat_servers.discord_rules import check, check_message
from tests.inboxes import question

ANY = st.text(st.characters(), max_size=300) | st.text(st.sampled_from("`\\*_~|<>@#[]() \nab"), max_size=300)


def sent(message: Message) -> list[Part]:
    """Its parts, each of which the service would take."""
    found = parts(message, "{title}", True)
    for part in found:
        request = part.request()
        body = request["json"] if "json" in request else json.loads(request["data"]["payload_json"])
        check("CreateMessage", json.loads(json.dumps(body)))
        check_message(body, {file.name: file.data for file in part.files})
    return found


def embeds(found: list[Part]) -> list[dict[str, Any]]:
    """All of them, in order."""
    return [embed for part in found for embed in part.fields["embeds"]]


@given(
    title=ANY,
    text=ANY,
    traceback=ANY,
    code=ANY,
    metadata=st.dictionaries(ANY, ANY, max_size=40),
    times=st.sampled_from([1, 7, 90, 400]),
)
@settings(max_examples=60, deadline=None)
def test_limits(
    title: str, text: str, traceback: str, code: str, metadata: dict[str, str], times: int
) -> None:
    """Any text, of any length, in any part."""
    message = Message(
        title=title, text=text * times, traceback=traceback * times, code=code, metadata=metadata
    )
    assert sent(message)
    asked = question(text=title, code=code * times)
    assert len(sent(Message(title=title, question=asked))) == 1


def test_long_texts_flow_over_embeds_and_messages() -> None:
    """Up to three messages; in order, with every line there."""
    lines = "".join(f"line {n}\n" for n in range(1200))
    found = sent(Message(title="t", traceback=lines))
    assert len(found) == 3
    shown = "".join(re.sub(r"\*\*Traceback\*\*\n|```(?:py)?\n?", "", e["description"]) for e in embeds(found))
    assert re.findall(r"line \d+", shown) == lines.splitlines()
    assert embeds(found)[0]["title"] == "t"
    assert "title" not in embeds(found)[1]


def test_longer_ones_become_files() -> None:
    """Head and tail are shown, and the whole goes along; the shorter texts stay."""
    long = "head" + "x" * 40_000 + "tail"
    (part,) = sent(Message(title="t", text="short", traceback=long))
    shown = rendered(part.fields["embeds"][0]["description"])
    assert "short" in shown
    assert "head" in shown
    assert "tail" in shown
    assert "38,008 characters left out" in shown
    assert "1-traceback.txt" in shown
    assert [(file.name, file.data.decode()) for file in part.files] == [("1-traceback.txt", long)]


@pytest.mark.parametrize("chars", [100, 40_000], ids=["short", "long"])
def test_a_whole_traceback_is_a_file(chars: int) -> None:
    """The short one is shown, or its ends are; the file has every frame, once."""
    parts = sent(Message(title="t", traceback="short" * (chars // 5), whole_traceback="every frame"))
    assert "short" in rendered(parts[0].fields["embeds"][0]["description"])
    files = [file for part in parts for file in part.files]
    assert [file.name.lstrip("1-") for file in files] == ["traceback.txt"]
    assert files[0].data == b"every frame"


@pytest.mark.parametrize("level", Level)
def test_colours(level: Level) -> None:
    """One a level."""
    assert embeds(sent(Message(title="t", level=level)))[0]["color"] == COLOURS[level]
    assert len(set(COLOURS.values())) == 4


def test_figures() -> None:
    """One beside a short text; more below, ten embeds a message; what Discord cannot show is a file."""
    (part,) = sent(Message(title="t", images=(Image(b"1", name="../../e vil.png"),)))
    assert part.fields["embeds"][0]["image"] == {"url": "attachment://1-e_vil.png"}
    found = sent(Message(title="t", images=(Image(b"1"),) * 12))
    assert [len(part.files) for part in found] == [9, 3]
    (part,) = sent(Message(title="t", images=(Image(b"<svg/>", "image/svg+xml", "a.svg"),)))
    assert "image" not in part.fields["embeds"][0]
    assert part.files[0].name == "1-a.svg"
    found = sent(Message(title="t", images=(Image(b"x" * 9 * 2**20),) * 3 + (Image(b"x" * 11 * 2**20),)))
    assert [len(part.files) for part in found] == [2, 1]
    assert "1 figure(s) left out" in embeds(found)[0]["footer"]["text"]


def test_fields() -> None:
    """Short ones beside each other; long ones, and those past the limit, as text; all are there."""
    metadata = {f"key {n}": n for n in range(40)} | {"long": "y" * 2000, "": ""}
    found = embeds(sent(Message(title="t", metadata=metadata)))
    assert len(found[0]["fields"]) == 24
    shown = json.dumps(found)
    assert all(f"key {n}" in shown for n in range(40))
    assert "y" * 2000 in shown


def test_where_it_comes_from() -> None:
    """In the footer; the title leads back to the notebook, to nowhere else."""
    where = {"notebook": "/home/ann/a.ipynb", "cell_number": 3, "host": "box", "user": "ann"}
    source = Source(**where, link="https://hub/x", commit="1a2b", kernel="Python 3")  # type: ignore[arg-type]
    (embed,) = embeds(sent(Message(title="t", source=source, duration_s=2.0)))
    assert embed["footer"]["text"] == "a.ipynb, cell 3 · ann@box · Python 3 · commit 1a2b · 2.0 s"
    assert embed["url"] == "https://hub/x"
    (embed,) = embeds(sent(Message(title="t", source=source, question=question())))
    assert embed["url"] == "https://hub/x"
    (embed,) = embeds(sent(Message(title="t", source=Source(link="javascript:x"))))
    assert "url" not in embed


def test_code_is_shown_whole_or_not_asked_for() -> None:
    """Short code in the question, longer code as a file with the exact text; what is too large is refused."""
    (part,) = sent(Message(title="t", question=question(code="a = '```'")))
    assert rendered(part.fields["embeds"][0]["description"]).startswith("a = '```'")
    long = "x = 1  # ``` \n" * 1000
    (part,) = sent(Message(title="t", question=question(code=long)))
    assert [(file.name, file.data.decode()) for file in part.files] == [("code.py", long)]
    assert "code.py" in part.fields["embeds"][0]["description"]
    with pytest.raises(ChannelRefused, match="cannot be shown whole"):
        parts(Message(title="t", question=question(code="x" * (10 * 2**20 + 1))), "{title}", True)


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    """And has no markup that is not escaped, outside of addresses."""
    escaped = escape(text)
    plain = re.sub(r"https?://\S+", "", re.sub(r"\\[^0-9A-Za-z\s]", "", escaped))
    assert not re.search(r"[*_~|`\[\]<>]", plain)
    if text.isprintable():
        assert re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped) == text


@given(ANY, st.integers(2, 50))
@settings(max_examples=200, deadline=None)
def test_cutting(text: str, limit: int) -> None:
    """Parts of at most so many units are the whole again; no escape is torn, no character halved."""
    escaped = escape(text)
    pieces = list(split(escaped, limit))
    assert "".join(pieces) == escaped
    assert all(units(piece) <= limit for piece in pieces)
    assert units(trimmed(escaped, limit)) <= limit
    for piece in pieces[:-1]:
        assert (len(piece) - len(piece.rstrip("\\"))) % 2 == 0


def test_native_parts_pass_through() -> None:
    """Whatever somebody makes for Discord is sent as it is, but for mentions: those are ours."""
    native = {"discord": {"embeds": [{"title": "own"}], "allowed_mentions": {"parse": ["everyone"]}}}
    (part,) = sent(Message(title="t", native=native))
    assert part.request() == {"json": {"embeds": [{"title": "own"}]}}
