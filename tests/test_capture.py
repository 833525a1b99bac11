from __future__ import annotations

import io
import sys
import tracemalloc
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from tqdm import tqdm

from nbalert.capture import DISPLAYS, Capture, Taps
from nbalert.tail import LARGE_CHARS, TAIL_CHARS, Tail, plain

pieces = st.lists(st.text("ab\n", max_size=700), max_size=40)


def tail_of(*written: object) -> str:
    """The tail after these writes."""
    tail = Tail()
    for data in written:
        tail.take(data)
    return tail.text()


@given(pieces)
def test_a_tail_is_the_end_of_all_that_was_written(written: list[str]) -> None:
    """However it was cut into writes."""
    assert tail_of(*written) == "".join(written)[-TAIL_CHARS:]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("10%\r20%\r30%", "30%"),
        ("10%\r20%\r\nnext", "20%\nnext"),
        ("loading\r\x1b[Kok", "ok"),
        ("loading\x1b[2K\rok", "ok"),
        ("one\ntwo\x1b[A\r1\n\n\x1b[1A2", "1\n2\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "link"),
    ],
)
def test_a_tail_reads_as_on_a_terminal(written: str, text: str) -> None:
    """Carriage returns are resolved, colours and links are gone."""
    assert tail_of(*written) == text
    assert plain(text) == text


def test_bars_within_bars() -> None:
    """Those of tqdm are a line each, however often they were drawn; what was printed before stands."""

    class Stream:
        """As a kernel's."""

        encoding = "utf-8"

        def __init__(self) -> None:
            self.tail = Tail()
            self.write, self.flush = self.tail.take, lambda: None

    stream = Stream()
    stream.write("two epochs\n")
    for _ in tqdm(range(2), desc="epochs", file=stream, mininterval=0, ascii=True):
        for _ in tqdm(range(50), desc="steps", file=stream, mininterval=0, leave=False, ascii=True):
            lines = stream.tail.text().split("\n")
    assert [line.partition(":")[0] for line in lines] == ["two epochs", "epochs", "steps"]
    assert "49/50" in lines[2]
    assert "100%" in stream.tail.text()


def test_a_tail_takes_anything() -> None:
    """It runs inside the user's `print`, on whatever stream stands there."""
    assert tail_of("a", b"bytes", None, 3, "b") == "ab"


def test_a_tail_is_small_whatever_the_size_of_the_writes() -> None:
    """Neither many small ones nor a few large ones fill the memory."""
    for size in (10, 500, 5_000_000):
        tail = Tail()
        tracemalloc.start()
        try:
            for _ in range(20_000_000 // size if size > 10 else 100_000):
                tail.take("x" * size)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held < 3_000_000


def message(kind: str, data: str = "", display_id: str | None = None) -> dict[str, Any]:
    """A message of the display publisher."""
    content = {"data": {"text/plain": data}, "transient": {"display_id": display_id} if display_id else {}}
    return {"header": {"msg_type": kind}, "content": {"wait": False} if kind == "clear_output" else content}


def test_displays_are_followed() -> None:
    """Updates reach every display of that id, others none; clearing takes text and displays away."""
    capture = Capture()
    for args in [("a", "1"), ("b", None), ("c", "1")]:
        capture.take_message(message("display_data", *args))
    capture.take_message(message("update_display_data", "d", "1"))
    capture.take_message(message("update_display_data", "e", "2"))
    capture.take_message(message("update_display_data", "f"))
    assert [bundle["text/plain"] for bundle in capture.displayed] == ["d", "b", "d"]
    capture.stdout.take("text")
    capture.take_message(message("clear_output"))
    assert (capture.displayed, capture.stdout.text()) == ((), "")


def test_displays_are_bounded() -> None:
    """The last ones are kept, and the others counted, until all are cleared."""
    capture = Capture()
    for i in range(DISPLAYS + 5):
        capture.take_message(message("display_data", str(i)))
    assert [bundle["text/plain"] for bundle in capture.displayed] == [str(i) for i in range(5, DISPLAYS + 5)]
    assert capture.forgotten == 5
    capture.take_message(message("clear_output"))
    assert capture.forgotten == 0


class Labelled(io.StringIO):
    """A stream whose `write` takes more than a text."""

    def write(self, text: str, *, label: str = "") -> int:
        """With a label before it."""
        return super().write(f"{label}{text}")


class Kernels(io.StringIO):
    """A stream whose `write` is called as that of ipykernel."""

    def write(self, string: str) -> int:
        """As ever."""
        return super().write(string)


def test_streams_are_tapped_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their `write` takes, it still does; what was written is kept, in one capture or several."""
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    out, err = Labelled(), Kernels()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    taps, one, two = Taps(shell), Capture(), Capture()

    def write(text: str) -> None:
        out.write(text, label="> ")
        err.write(string=text)

    for step, text in (
        (partial(taps.open, one), "a"),
        (partial(taps.open, two), "b" * LARGE_CHARS),
        (partial(taps.close, one), "c"),
        (partial(taps.open, one), "d" * 2 * LARGE_CHARS),
        (partial(taps.close, two), "e"),
        (partial(taps.close, one), "f"),
    ):
        step()
        write(text)
    b, d = "b" * LARGE_CHARS, "d" * 2 * LARGE_CHARS
    assert (one.stdout.text(), one.stderr.text()) == (f"a{b}{d}e",) * 2
    assert (two.stdout.text(), two.stderr.text()) == (f"{b}c{d}",) * 2
    assert out.getvalue() == "".join(f"> {text}" for text in ("a", b, "c", d, "e", "f"))
    assert "write" not in vars(out) | vars(err)


def test_what_is_no_text_is_refused_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the stream itself, and with its own words."""
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    taps, capture = Taps(shell), Capture()
    taps.open(capture)
    with pytest.raises(TypeError, match="string argument expected, got 'int'"):
        sys.stdout.write(1)  # type: ignore[arg-type]
    taps.close(capture)
    assert capture.stdout.text() == ""
