"""What of a cell's messages is compared, and what is not: each exclusion stands here, with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

Message = dict[str, Any]

EXCLUDED = {
    "header, parent_header, ids of messages": "made anew each time; whose child a message is, is compared",
    "metadata.started, metadata.engine": "a time, and the kernel's own id",
    "input text": "`execute_input`, and what is said of a hook that fails, show our line too",
    "line numbers": "below %%alert they are those of the editor: they are counted without our line",
    "our line in texts": "shown as context in tracebacks, and by `%rerun`, as any line of the cell would be",
    "number of hidden frames": "what is written goes through one of ours, and IPython says that it hides it",
    "execution_count of cells without code, below %%alert": "our line is code: the cell counts",
    "a body that begins with `...`, on IPython 8": "it takes `...` on any cell's second line for a prompt",
    "borders of stream messages": "ipykernel flushes by a timer: texts in a row are joined, by stream",
    "order of streams between two other messages": "the same timer; each stream is compared, in order",
    "ids of comms, displays and objects": "random: numbered in the order in which they appear",
    "addresses, process ids, hash of the cell in its file name": "differ between two bare kernels",
    "durations": "`%%time`, `%%timeit`, `%time`: differ between two bare kernels, as its folder does",
}

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OURS = re.compile(r"^(?: *(?:-+> )?\d+ # nbalert: |)%%alert -t .*\n?", re.MULTILINE)
_HIDDEN = re.compile(r"^ *\[\.\.\. skipping hidden \d+ frame\]\n?", re.MULTILINE)
_FRAME = re.compile(
    r"(Cell In\[\d+\], line |similar frames: \S+ at line |<ipython-input-\S+> in line |<>:"
    r"|\b\d+\.py(?:[:(]|\", line |, line ))(\d+)"
)
_GUTTER = re.compile(r"^( +|-+> )(\d+)(?= |$)", re.MULTILINE)
_INFO = re.compile(r'raw_cell=".*?"(?: transformed_cell=".*?")?(?= store_history)', re.DOTALL)
_ID = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{24}_\d+_\d+)(?![0-9a-f])"
)
_TIMES = re.compile(
    r"CPU times: .*|Wall time: .*|[\d.]+ (?:ns|[uμµ]s|ms|s|min)\b(?: ± .*)?|The slowest run took .*"
    r"|0x[0-9a-f]+|(?<=object at )[0-9a-f]+"
)
_PLACES = re.compile(r"ipykernel_\d+/\d+\.py|\b\d+\.py\b|<ipython-input-\d+-\w+>")


class Reader:
    """Reads the messages of one kernel.

    Args:
        folder: Where the kernel runs.
        lines_above: So many lines stand above the code in each cell.
    """

    def __init__(self, folder: str, lines_above: int) -> None:
        self._folder = folder
        self._above = lines_above
        self._ids: dict[str, str] = {}

    def reply(self, message: Message) -> object:
        """A reply as it is compared."""
        metadata = {k: v for k, v in message["metadata"].items() if k not in ("started", "engine")}
        return self.plain([message["header"]["msg_type"], message["content"], metadata])

    def published(self, messages: Iterable[Message], whose: Callable[[Message], int]) -> list[object]:
        """What was published, in order."""
        return [self.plain(entry) for entry in _joined(_entries(messages, whose))]

    def saved(self, outputs: Iterable[Message]) -> list[object]:
        """The outputs of a cell in a notebook's file, in order."""
        entries = ([output["output_type"], 0, output, {}] for output in outputs)
        return [self.plain(entry) for entry in _joined(entries)]

    def plain(self, value: Any) -> Any:
        """Any value, its texts as they are compared."""
        if isinstance(value, dict):
            return {self._text(str(k)): self.plain(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(one) for one in value if not _is_hidden(one)]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        text = _HIDDEN.sub("", _ANSI.sub("", text).replace(self._folder, "FOLDER"))
        if self._above:
            text = self._counted(_OURS.sub("", text))
        text = _PLACES.sub("PLACE", _TIMES.sub("TIME", _INFO.sub("INPUT", text)))
        return _ID.sub(lambda m: self._ids.setdefault(m[0], f"ID {len(self._ids)}"), text)

    def _counted(self, text: str) -> str:
        """Line numbers without our line. In a cell of its own that runs within this one, nothing is above."""
        frame = _FRAME.search(text)
        if frame and int(frame[2]) > self._above:
            text = _FRAME.sub(lambda m: f"{m[1]}{int(m[2]) - self._above}", text)
            text = _GUTTER.sub(lambda m: f"{m[1]}{int(m[2]) - self._above}", text)
        return text


def _is_hidden(piece: object) -> bool:
    return isinstance(piece, str) and bool(_HIDDEN.fullmatch(_ANSI.sub("", piece)))


def _entries(messages: Iterable[Message], whose: Callable[[Message], int]) -> Iterator[list[Any]]:
    for message in messages:
        kind, content = message["header"]["msg_type"], dict(message["content"])
        if kind == "execute_input":
            del content["code"]
        yield [kind, whose(message), content, message["metadata"]]


def _joined(entries: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """Streams between two other messages, each in one piece."""
    for is_stream, group in groupby(entries, key=lambda entry: entry[0] == "stream"):
        if not is_stream:
            yield from group
            continue
        texts: dict[tuple[str, int], str] = {}
        for _, whose, content, _ in group:
            key = content["name"], whose
            texts[key] = texts.get(key, "") + content["text"]
        yield from (["stream", *key, text] for key, text in sorted(texts.items()))
