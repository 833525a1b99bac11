"""What a kind of channel can be told: its settings one by one, with type and help; and text as their values.

The command and the form are made of this: nothing about a kind is written down twice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from nbalert.durations import Written, written
from nbalert.errors import SettingsError

_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Form(StrEnum):
    """How a setting is written and shown."""

    TEXT = "text"
    NUMBER = "number"
    DURATION = "duration"
    SWITCH = "switch"
    LIST = "list"
    SECRET = "secret"
    CHOICE = "choice"
    OTHER = "other"


_AS_TOML = (Form.LIST, Form.NUMBER, Form.DURATION, Form.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One setting.

    Args:
        key: Its name in the file; with a point where it is in a table of its own: `tls.ca`.
        help: One line.
        default: Of a setting that may be left out.
        choices: The words that a CHOICE may be.
        entries: Of a table whose keys are one's own, how each of its values is written; None for any other.
    """

    key: str
    form: Form
    help: str
    default: Any = None
    is_required: bool = False
    choices: tuple[str, ...] = ()
    entries: Form | None = None

    def value(self, text: str) -> Any:
        """What somebody has written, as it stands in the file.

        Raises:
            SettingsError: It cannot be meant.
        """
        if self.form is Form.SWITCH:
            if text.strip().lower() not in _SWITCH:
                raise SettingsError(f"{self.key} is true or false")
            return _SWITCH[text.strip().lower()]
        if self.form is Form.LIST and not text.lstrip().startswith("["):
            return [word.strip() for word in text.split(",") if word.strip()]
        # An id of digits is a text and stays one.
        return toml_value(text) if self.form in _AS_TOML else text

    @property
    def default_text(self) -> str:
        """What counts where it is left out, as one would write it; empty for nothing, and for secrets."""
        if self.form is Form.SECRET or self.default in (None, "", (), {}):
            return ""
        if self.form is Form.SWITCH:
            return "true" if self.default else "false"
        if self.form is Form.DURATION:
            return written(self.default)
        if isinstance(self.default, Iterable) and not isinstance(self.default, str):
            return ", ".join(map(str, self.default))
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


def described(model: type[BaseModel], prefix: str = "") -> Iterator[Described]:
    """The settings of a kind in their order; those that it must have come first within a table."""
    fields = [(info.alias or name, info) for name, info in model.model_fields.items()]
    for name, info in sorted(fields, key=lambda field: not field[1].is_required()):
        inner = _plain_type(info.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from described(inner, f"{prefix}{name}.")
        else:
            yield _described(f"{prefix}{name}", info, inner)


def setting_of(known: Mapping[str, Described], key: str) -> Described | None:
    """The setting of that name, which may be an entry of a table: `topics.ann`; None if there is none."""
    table = known.get(key.rpartition(".")[0])
    if key in known or table is None or table.entries is None:
        return known.get(key)
    return Described(key=key, form=table.entries, help=table.help)


def nested(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """`tls.ca` and its value as a table in a table."""
    tree: dict[str, Any] = {}
    for key, value in values:
        *tables, name = key.split(".")
        place = tree
        for table in tables:
            place = place.setdefault(table, {})
        place[name] = value
    return tree


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The inverse of `nested`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def toml_value(text: str) -> Any:
    """A text as TOML reads it; itself where that is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _described(key: str, info: FieldInfo, inner: Any) -> Described:
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    return Described(
        key=key,
        form=Form.DURATION if _is_duration(info) else _form(inner),
        help=info.description or "",
        default=default,
        is_required=info.is_required(),
        choices=tuple(str(word) for word in get_args(inner)) if get_origin(inner) is Literal else (),
        entries=_form(_plain_type(get_args(inner)[1])) if get_origin(inner) is dict else None,
    )


def _is_duration(info: FieldInfo) -> bool:
    inside = (one for part in get_args(info.annotation) for one in getattr(part, "__metadata__", ()))
    return any(isinstance(one, Written) for one in (*info.metadata, *inside))


def _plain_type(annotation: Any) -> Any:
    """The type without `| None`."""
    if get_origin(annotation) in (Union, UnionType):
        kept = [_plain_type(one) for one in get_args(annotation) if one is not NoneType]
        return kept[0] if len(kept) == 1 else annotation
    # Inside a union pydantic leaves Annotated as it was written.
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _form(inner: Any) -> Form:
    if get_origin(inner) is Literal:
        return Form.CHOICE
    if get_origin(inner) in (tuple, list, set, frozenset):
        return Form.LIST
    if not isinstance(inner, type):
        return Form.OTHER
    found = (form for kind, form in _FORMS.items() if issubclass(inner, kind))
    return next(found, Form.OTHER if issubclass(inner, Mapping | dict) else Form.TEXT)


_FORMS: dict[type, Form] = {
    SecretStr: Form.SECRET,
    bool: Form.SWITCH,  # before int, of which it is one
    int: Form.NUMBER,
    float: Form.NUMBER,
}
