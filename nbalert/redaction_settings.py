"""What the layers of settings say of redaction: a project's file may have more hidden, and nothing less."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbalert.errors import SettingsError
from nbalert.layers import Layer


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is hidden besides secrets that are known.

    Args:
        patterns: Regular expressions of one's own.
        is_on: Whether anything is.
        may_be_off: Whether `--no-redact` counts.
    """

    patterns: tuple[str, ...] = ()
    is_on: bool = True
    may_be_off: bool = False

    @classmethod
    def of(cls, user: Layer, own: Layer, top: Layer, project: Path | None) -> Redaction:
        """What the user's own file, a project's, and the environment say together.

        Raises:
            SettingsError: A project would have less hidden.
        """
        for key, value in (("redact = false", own.redact is False), ("allow_no_redact", own.allow_no_redact)):
            if value:
                raise SettingsError(
                    f"{project}: {key}: belongs into your own settings, not into those of a project"
                )
        chosen = [layer.redact for layer in (user, own, top)]
        return cls(
            patterns=tuple(dict.fromkeys(pattern for redact in chosen for pattern in redact or ())),
            is_on=user.redact is not False and top.redact is not False,
            may_be_off=(top if "allow_no_redact" in top.model_fields_set else user).allow_no_redact,
        )
