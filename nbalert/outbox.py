"""The one way into the spool, and out of this process: what passes here is scrubbed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from nbalert.endings import Telling
from nbalert.errors import SettingsError
from nbalert.forks import whole_modules
from nbalert.image_metadata import without_metadata
from nbalert.message import Message
from nbalert.spool import POWER, Spool

if TYPE_CHECKING:
    from nbalert.redaction import Redactor
    from nbalert.settings import Settings

log = logging.getLogger(__name__)


class How(TypedDict, total=False):
    """What is not as ever with a message.

    Args:
        run: What it tells the end of: where its progress is shown, that becomes this message.
        telling: When it is told at all.
        is_redacted: False leaves out only known secrets, where the user's own settings allow that.
    """

    run: str
    telling: Telling
    is_redacted: bool


class Outbox:
    """The spool of a process.

    Args:
        folder: Of the spool.
        settings: The settings as they are now; may raise SettingsError.
    """

    def __init__(self, folder: Path, settings: Callable[[], Settings]) -> None:
        self._spool = Spool(folder)
        self._settings = settings
        self._made: tuple[Settings | None, dict[Any, Any], Redactor] | None = None

    def redactor(self, *, is_redacted: bool = True) -> Redactor:
        """What scrubs, by the settings and the environment as they are now.

        Args:
            is_redacted: False hides nothing but known secrets, where the user's own settings allow that.
        """
        return self._redactor(self._known(), is_redacted=is_redacted)

    def put(self, data: Mapping[str, Any], *, is_redacted: bool = True) -> str:
        """Scrub and accept: when this returns, it is on disk.

        Args:
            data: Plain values for JSON.
            is_redacted: As for `redactor`.

        Returns:
            The entry's id.

        Raises:
            OSError: The disk is full or not writable.
        """
        settings = self._known()
        entry = self._redactor(settings, is_redacted=is_redacted).data(data)
        durable = settings.durable if settings else POWER  # the stronger promise is kept in any case
        return self._spool.put({**entry, "durable": durable})

    def note(self, data: Mapping[str, Any], loss: str) -> bool:
        """`put` for what nobody waits for: a full disk is a line in the log.

        Args:
            loss: What it means that it is not written.

        Returns:
            Whether it is on disk.
        """
        try:
            self.put(data)
        except OSError:
            log.warning("%s: the spool cannot be written", loss)
            return False
        return True

    def scrubbed(self, data: Mapping[str, Any], *, is_redacted: bool = True) -> dict[str, Any]:
        """Plain values for JSON, every text in them scrubbed."""
        return self.redactor(is_redacted=is_redacted).data(data)

    def stripped(self, message: Message) -> Message:
        """A message whose pictures say nothing that cannot be seen in them."""
        if not message.images:
            return message
        redact = self.redactor().text
        return replace(message, images=tuple(without_metadata(image, redact) for image in message.images))

    def count(self) -> int:
        """How many entries wait."""
        return self._spool.count()

    def _redactor(self, settings: Settings | None, *, is_redacted: bool) -> Redactor:
        variables = _variables()
        made = self._made
        if made is None or made[0] is not settings or made[1] != variables:
            self._made = made = settings, variables, _made_of(settings)
        may_be_off = settings is not None and settings.redaction.may_be_off
        return made[2] if is_redacted or not may_be_off else made[2].off

    def _known(self) -> Settings | None:
        try:
            return self._settings()
        except SettingsError:  # told elsewhere
            return None


def _made_of(settings: Settings | None) -> Redactor:
    with whole_modules():  # paid by the first alert, not by %load_ext
        from nbalert.known_secrets import redactor_of

    return redactor_of(settings, os.environ)


def _variables() -> dict[Any, Any]:
    """The environment as it is now, in a form that can be compared: decoding it costs fifty times as much."""
    return dict(getattr(os.environ, "_data", os.environ))
