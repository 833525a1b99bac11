"""What is said: Level, Image, Source, Message; and what became of it: Receipt, Posted."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from nbalert.question import Decision, Question
from nbalert.tables import inert

Value = str | int | float | bool
"""What a metadata field may hold."""


class Level(IntEnum):
    """How bad it is: `OK` < `INFO` < `WARNING` < `CRITICAL`; they compare as numbers do."""

    OK = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @classmethod
    def parse(cls, word: str) -> Level:
        """The level of that name, in any case.

        Raises:
            ValueError: Names the four levels.
        """
        try:
            return cls[word.strip().upper()]
        except KeyError:
            raise ValueError(f"unknown level {word!r}; levels: {', '.join(cls.__members__)}") from None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes along.

    Args:
        data: The file's bytes.
        mime: `image/png`, `image/jpeg` or `image/svg+xml`.
        name: File name shown to the reader.
    """

    data: bytes
    mime: str = "image/png"
    name: str = "figure.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a message comes from; whatever is unknown stays empty.

    Args:
        notebook: Its path.
        cell_id: As the notebook's file has it.
        cell_number: The execution count, as in `In [7]`.
        host: Name of the machine.
        user: Name of the account.
        link: Where the notebook can be opened. Never holds a secret.
        commit: Of the notebook's folder: `1a2b3c4d5e`, with ` (modified)` where it has changes.
        kernel: What people call it: `Python 3 (ipykernel)`.
    """

    notebook: str = ""
    cell_id: str = ""
    cell_number: int | None = None
    host: str = ""
    user: str = ""
    link: str = ""
    commit: str = ""
    kernel: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Notebook and cell, person and host, kernel, commit, as far as they are known: for one line."""
        cell = f"cell {self.cell_number}" if self.cell_number is not None else ""
        place = ", ".join(filter(None, (base_name(self.notebook), cell)))
        person = "@".join(filter(None, (self.user, self.host)))
        return tuple(filter(None, (place, person, self.kernel, self.commit and f"commit {self.commit}")))

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        """The inverse of `to_json`; a newer version may have written more keys."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to say in a chat. Every part is plain text; a channel escapes and trims it.

    Args:
        title: One line, shown first.
        text: Prose under the title.
        level: Decides colour and routing.
        code: Source of the cell.
        result: The cell's last value as text; a table is aligned, its shape in the first line.
        html: The same where it is a table, for channels that show HTML, in place of `result`: one `table` of
            text, without attributes, at most some 17,000 characters. `from_json` makes such a table of any
            other HTML, or nothing, so what a channel gets is safe to send.
        error: The exception in one line, `ValueError: no rows`.
        traceback: What the exception says, and the frames of the user's own code.
        whole_traceback: Every frame, as the page shows it, for a file that goes along; empty without more.
        output: Tail of what the cell printed, newest last.
        images: In order of display.
        metadata: Named fields, shown in order.
        source: Notebook, cell, host, user.
        duration_s: How long the cell ran, in seconds; None where nothing ran.
        topic: For routing; empty means none.
        alert: Names what is told of over its runs, where a notebook and its cell do not; empty is the title.
        target: Where else than its settings say a channel is to post it: an id of the service; mostly empty.
        mention: Ids of people of the service who are to be notified; all other mentions are inert.
        native: Parts in the service's own form, by kind of channel: `{"slack": {"blocks": […]}}`. They take
            the place of what the channel would have made of the rest.
        question: Set where the message asks; a channel adds its buttons.
        decision: Set once the question has ended; a channel takes its buttons away.
        created_at: Aware UTC.
    """

    title: str
    text: str = ""
    level: Level = Level.INFO
    code: str = ""
    result: str = ""
    html: str = ""
    error: str = ""
    traceback: str = ""
    whole_traceback: str = ""
    output: str = ""
    images: tuple[Image, ...] = ()
    metadata: Mapping[str, Value] = field(default_factory=dict)
    source: Source = field(default_factory=Source)
    duration_s: float | None = None
    topic: str = ""
    alert: str = ""
    target: str = ""
    mention: tuple[str, ...] = ()
    native: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    question: Question | None = None
    decision: Decision | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file; images as base64."""
        data = {name: getattr(self, name) for name in _PLAIN}
        images = [{**asdict(i), "data": base64.b64encode(i.data).decode()} for i in self.images]
        return {
            **data,
            "level": self.level.name,
            "html": self.html,
            "images": images,
            "metadata": {str(name): _plain(value) for name, value in self.metadata.items()},
            "source": self.source.to_json(),
            "mention": list(self.mention),
            "native": {kind: dict(parts) for kind, parts in self.native.items()},
            "question": self.question.to_json() if self.question else None,
            # A decision is false unless approved, so its presence has to be asked for.
            "decision": self.decision.to_json() if self.decision is not None else None,
            "created_at": self.created_at.isoformat(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """The inverse of `to_json`. A newer version may have written more keys, and an older one fewer."""
        images = (Image(base64.b64decode(i["data"]), i["mime"], i["name"]) for i in data["images"])
        return cls(
            **{name: data[name] for name in _PLAIN if name in data},
            level=Level[data["level"]],
            html=inert(data.get("html", "")),
            images=tuple(images),
            metadata=data["metadata"],
            source=Source.from_json(data["source"]),
            mention=tuple(data.get("mention", ())),
            native=data.get("native", {}),
            question=Question.from_json(data["question"]) if data["question"] else None,
            decision=Decision.from_json(data["decision"]) if data["decision"] else None,
            created_at=datetime.fromisoformat(data["created_at"]),
        )


def base_name(path: str) -> str:
    """The name of a notebook's file, whichever system its path is of."""
    return path.replace("\\", "/").rpartition("/")[2]


def _plain(value: object) -> Value:
    """JSON has no nan and no numpy numbers, and a loss is often one of them."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int) else str(value)


_PLAIN = (
    "title",
    "text",
    "code",
    "result",
    "error",
    "traceback",
    "whole_traceback",
    "output",
    "duration_s",
    "topic",
    "alert",
    "target",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A service's word that it has a message.

    Args:
        channel: Name of the channel in the settings.
        reference: The service's own id of the message, as its channel needs it to edit or to read replies.
        link: Where a person can look at it; empty if there is no such place. Never holds a secret.
        posted_at: Aware UTC.
    """

    channel: str
    reference: str
    link: str = ""
    posted_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = {name: getattr(self, name) for name in ("channel", "reference", "link")}
        return {**plain, "posted_at": self.posted_at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Receipt:
        """The inverse of `to_json`."""
        return cls(**{**data, "posted_at": datetime.fromisoformat(data["posted_at"])})


_ON_ITS_WAY = "still on its way, and kept: `nbalert status` says what it waits for"
Waited = Callable[[Future[list[Receipt]], float | None], list[Receipt]]
"""Waits for receipts, for so many seconds, and may show meanwhile how far it is."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An accepted message: it is on disk and will leave. True in a condition, as ZenML's `post` is.

    Args:
        id: Names the message in `nbalert history`; empty where it was not accepted.
    """

    id: str
    _receipts: Future[list[Receipt]] = field(repr=False)
    _waited: Waited = field(repr=False, compare=False, default=Future.result)

    def __bool__(self) -> bool:
        return bool(self.id)

    @classmethod
    def refused(cls, error: Exception) -> Posted:
        """What was not accepted: false in a condition, and `wait` raises why."""
        receipts: Future[list[Receipt]] = Future()
        receipts.set_exception(error)
        return cls("", receipts)

    def wait(self, timeout_s: float | None = 30.0, *, raises: bool = True) -> list[Receipt]:
        """Wait until every channel that was named has it.

        Args:
            timeout_s: Seconds; None waits for ever.
            raises: False returns no receipts where it would raise: `if nbalert.post(…).wait(raises=False):`.

        Returns:
            One receipt a channel, in the order the channels were named.

        Raises:
            ChannelError: A channel refused it; says why and what to do. Where it is ChannelDenied it is kept,
                and sent once that is mended.
            TimeoutError: Still on its way; nothing is lost, `nbalert status` says what it waits for.
        """
        try:
            return self._waited(self._receipts, timeout_s)
        except TimeoutError:
            if raises:
                raise TimeoutError(_ON_ITS_WAY) from None
        except Exception:
            if raises:
                raise
        return []
