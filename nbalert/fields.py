"""The types that settings are made of: secrets, durations, files, TLS, and what every channel has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    SecretStr,
    SerializationInfo,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from nbalert.credentials import expanded, is_reference, resolve
from nbalert.durations import Written, parse_duration, parse_timeout
from nbalert.errors import SecretMissing, SettingsError
from nbalert.network import Network
from nbalert.policy import APPROVE, REJECT
from nbalert.rates import FOLD_S, checked_rate, parse_fold

SECRET_CHARS = 4
"""What is shorter is no secret, and stands in too many words."""

OWN_INSTEAD = "define the channel in your own settings"
"""What to do about a project's file that asks for too much."""

_MISSING = "secret_missing"
_Value = TypeVar("_Value")
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table of settings was written, and where its secrets are looked up.

    Args:
        file: Name for error messages.
        folder: Start of relative paths.
        environment: For `env:` references; None where this process is not of that project.
        is_project: Whether the file came with a project, and is trusted less than one's own.
    """

    file: str
    folder: Path
    environment: Mapping[str, str] | None = field(repr=False)
    is_project: bool = False

    def located(self, path: str) -> Path:
        """A path that the table names.

        Raises:
            ValueError: A project's file names one outside the project, also by a link.
        """
        found = (self.folder / expanded(path)).absolute()
        if self.is_project and not found.resolve().is_relative_to(self.folder.resolve()):
            raise ValueError(f"a project cannot have {path} read; {OWN_INSTEAD}")
        return found


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _timeout(value: object) -> object:
    return parse_timeout(value) if isinstance(value, str) else value


def _fold(value: object) -> object:
    return parse_fold(value) if isinstance(value, str) else value


def _rate(value: object) -> object:
    return checked_rate(str(value)) if isinstance(value, str | int | float) else value


def _member(value: str) -> str:
    kind, _, id_ = value.partition(":")
    if not kind or not id_:
        raise ValueError("does not say where that is: write KIND:ID, such as slack:U012AB3CD")
    return value


def _secret(value: object, info: ValidationInfo) -> object:
    if not isinstance(info.context, Origin) or not isinstance(value, str):
        return value  # values that come over the line are resolved already
    if not is_reference(value):
        raise ValueError("is a secret: refer to it as env:NAME, file:PATH or keyring:SERVICE/NAME")
    if value.startswith("file:"):
        info.context.located(value.removeprefix("file:"))
    try:
        return resolve(value, info.context.folder, info.context.environment)
    except SettingsError as error:  # said beside the other faults of a table, not instead of them
        raise PydanticCustomError(_MISSING, "{why}", {"why": str(error)}) from None


def _maybe_secret(value: object, info: ValidationInfo) -> object:
    return _secret(value, info) if isinstance(value, str) and is_reference(value) else value


def _local_path(value: object, info: ValidationInfo) -> object:
    if isinstance(info.context, Origin) and isinstance(value, str):
        return info.context.located(value)
    return value


def refused_to_a_project(value: _Value, info: ValidationInfo) -> _Value:
    """A value that weakens what protects messages and answers.

    Raises:
        ValueError: A project's file has it.
    """
    if isinstance(info.context, Origin) and info.context.is_project:
        raise ValueError(f"a project cannot set this to {value}; {OWN_INSTEAD}")
    return value


def _reveal(value: SecretStr, info: SerializationInfo) -> str:
    return value.get_secret_value() if info.context == "line" else str(value)


Duration = Annotated[float, BeforeValidator(_duration), Field(gt=0), Written()]
"""Seconds; written as a number or as `1h30m`."""
Timeout = Annotated[float, BeforeValidator(_timeout), Field(gt=0), Written()]
"""Seconds, as a Duration, or `never`."""
Rate = Annotated[str, BeforeValidator(_rate)]
"""`10/min`; empty for any number."""
Member = Annotated[str, AfterValidator(_member)]
"""Somebody on a kind of channel: `slack:U012AB3CD`."""
Secret = Annotated[SecretStr, BeforeValidator(_secret), PlainSerializer(_reveal)]
"""A secret; in a file only ever a reference to one."""
MaybeSecret = Annotated[SecretStr, BeforeValidator(_maybe_secret), PlainSerializer(_reveal)]
"""A text that may be a secret: a reference to one, or the text itself. Never shown."""
SecretUrl = Annotated[SecretStr, BeforeValidator(_maybe_secret), PlainSerializer(_reveal)]
"""A URL that may hold a secret: a reference, or the URL itself. Never shown."""
LocalPath = Annotated[Path, BeforeValidator(_local_path)]
"""A file; relative to the settings file that names it."""


class Frozen(BaseModel):
    """A table: no unknown keys, no value in an error, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Tls(Frozen):
    """TLS of one channel."""

    ca: LocalPath | None = Field(None, description="Certificates to trust, PEM")
    cert: LocalPath | None = Field(None, description="Client certificate, PEM")
    key: LocalPath | None = Field(None, description="Key of the client certificate, PEM")
    verify: bool = Field(True, description="Whether to check the server's certificate")

    @field_validator("verify")
    @classmethod
    def _not_off_in_a_project(cls, value: bool, info: ValidationInfo) -> bool:
        return value or refused_to_a_project(value, info)


class ChannelSettings(Frozen):
    """What every kind of channel understands; a kind adds its own fields."""

    kind: str = Field(description="Which chat service")
    enabled: bool = Field(True, description="Switch off to keep messages waiting")
    is_global: bool = Field(
        False, alias="global", strict=True, description="Whether it hears every alert, named or not"
    )
    state_changes_only: bool = Field(
        False,
        strict=True,
        description="With global: of alerts that did not name it, only those whose level has changed",
    )
    rate: Rate = Field("", description="At most so many alerts: 10/min; the rest comes as one digest")
    fold: Annotated[float, BeforeValidator(_fold), Field(ge=0), Written()] = Field(
        FOLD_S,
        description="Failures that kernels tell alike within that time are one message; or off",
    )
    approvers: tuple[str, ...] = Field(
        (), description="Who may answer: ids, group:NAME, or the one word anyone"
    )
    allow_self: bool = Field(False, description="Whether the asker may answer")
    escalate_to: str = Field("", description="Channel to ask on as well when nobody has decided for a while")
    escalate_after: Duration = Field(900.0, description="After how long escalate_to is asked")
    approve: tuple[str, ...] = Field(APPROVE, description="Words that mean yes")
    reject: tuple[str, ...] = Field(REJECT, description="Words that mean no")
    timeout_s: float = Field(10.0, gt=0, description="Seconds to wait for an answer of the service")
    tls: Tls = Field(default_factory=Tls, description="TLS options")
    _network: Network = PrivateAttr(default_factory=Network)  # no field: nobody writes it into a file

    @property
    def network(self) -> Network:
        """The way out that the project's processes have; directly unless `through` has set it."""
        return self._network

    def through(self, network: Network) -> Self:
        """The same settings with a way out, for whoever builds the channel."""
        copied = self.model_copy()
        copied._network = network
        return copied


ASKING = ("approvers", "allow_self", "approve", "reject", "escalate_to", "escalate_after")
"""What only kinds that bring answers make use of."""


def validated(model: type[_Model], values: Mapping[str, Any], origin: Origin, prefix: str = "") -> _Model:
    """A table as its model, secrets resolved.

    Args:
        prefix: Where in the file the table stands, for errors: `channels.team.`.

    Raises:
        SettingsError: Names file and key, never a value.
        SecretMissing: Nothing else is wrong.
    """
    try:
        return model.model_validate(values, context=origin)
    except SettingsError as error:
        raise SettingsError(f"{origin.file}: {prefix.rstrip('.')}: {error}") from None
    except ValidationError as error:
        is_right = {fault["type"] for fault in error.errors(include_input=False)} == {_MISSING}
        why = "; ".join(_faults(error, model, origin, prefix))
        raise (SecretMissing if is_right else SettingsError)(why) from None


def without_secrets(text: str, settings: ChannelSettings) -> str:
    """A text in which the secrets of a channel, and of the way to it, are blotted out."""
    for secret in sorted({*_secrets(settings), *settings.network.secrets}, key=len, reverse=True):
        text = text.replace(secret, "***") if len(secret) >= SECRET_CHARS else text
    return text


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from _secrets([inner for _, inner in value])
    elif isinstance(value, Mapping):
        yield from _secrets(list(value.values()))
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            yield from _secrets(inner)


def _faults(error: ValidationError, model: type[BaseModel], origin: Origin, prefix: str) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        key = prefix + ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = [info.alias or name for name, info in model.model_fields.items()]
            near = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            yield f"{origin.file}: unknown key {key}; {hint}"
        else:
            why = "is needed" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
            yield f"{origin.file}: {key}: {why}"
