"""What one layer of settings is made of: a file, or the `NBALERT_*` variables of the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from nbalert.described import toml_value
from nbalert.endings import checked_on
from nbalert.errors import SettingsError
from nbalert.fields import Duration, Frozen, Member, Origin, Timeout, validated
from nbalert.home import Home, refuse_writable
from nbalert.patterns import checked

FILE_NAME = "nbalert.toml"
ENVIRONMENT = "the environment"


class Auto(Frozen):
    """`[auto]`: auto mode from the start, in every notebook."""

    after: Duration = Field(60.0, description="Cells that take longer are told")
    channel: str = Field("", description="Where to; your own default channel if this and topic are left out")
    topic: str = Field("", description="What handlers subscribe to; without channel only they hear it")
    on: Annotated[str, AfterValidator(checked_on)] = Field("always", description="Which ends are told")

    @model_validator(mode="before")
    @classmethod
    def _from_a_duration(cls, value: object) -> object:
        """`auto = "60s"` is enough, and `NBALERT_AUTO=60s` for everybody on a hub."""
        return {"after": value} if isinstance(value, str | int | float) else value


def _maybe_off(value: object) -> object:
    """`auto = "off"` in one's own settings, where those for everybody have it on."""
    return None if value in ("off", False) else value


def _patterns(value: object) -> object:
    """One pattern needs no brackets, and `true` is what is so anyway."""
    return (value,) if isinstance(value, str) else () if value is True else value


Redact = Annotated[
    Literal[False] | tuple[Annotated[str, AfterValidator(checked)], ...], BeforeValidator(_patterns)
]
"""Patterns of what is hidden besides secrets that are known; `false` hides nothing but those of channels."""


class Layer(Frozen):
    """The keys of one layer; all optional."""

    default: str = Field("inbox", description="Channel of magics without -c")
    notebook_url: str = Field(
        "", description="Link back to a notebook, with {path}, {cell_id} and {prefix} in it"
    )
    ask_timeout: Timeout = Field(
        3600.0, description="How long a question waits unless --timeout says so; never is allowed"
    )
    keep_alive: bool = Field(
        False, description="Whether a waiting cell is heard of once a minute: for hubs that end quiet kernels"
    )
    exit_wait: Duration | None = Field(
        None, description="How long a process waits at its end for its deliveries"
    )
    durable: Literal["process", "power"] = Field(
        "process", description="What an accepted message survives: the death of every process, or a power cut"
    )
    auto: Annotated[Auto | None, BeforeValidator(_maybe_off)] = Field(
        None, description="Auto mode from the start; off where everybody has it"
    )
    redact: Redact = Field((), description="Regular expressions of what is secret besides")
    allow_no_redact: bool = Field(False, description="Whether --no-redact counts; false in a project's file")
    me: dict[str, str] = Field(default_factory=dict, description="Your own id by kind of channel")
    groups: dict[str, tuple[Member, ...]] = Field(
        default_factory=dict, description="People by group, each as KIND:ID; approvers name it as group:NAME"
    )
    handlers: tuple[dict[str, Any], ...] = Field((), description="Who subscribes to which topics")
    kinds: dict[str, str] = Field(
        default_factory=dict, description="Channel classes of your own by kind, each as module.path:Class"
    )
    locked: tuple[str, ...] = Field(
        (), description="In the file for everybody: what nobody else may say, such as redact or channels.ops"
    )
    channels: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")], dict[str, Any]] = Field(
        default_factory=dict, description="Channels by name"
    )


def project_file(start: Path, home: Home, drafts: Mapping[Path, str] | None = None) -> Path | None:
    """The nearest settings file upwards from a folder that is neither the user's own nor everybody's."""
    found = (path for path in candidates(start, home) if path.is_file() or path in (drafts or {}))
    return next(found, None)


def candidates(start: Path, home: Home) -> list[Path]:
    """Where a project's settings may stand, the nearest first."""
    others = (home.settings, home.site)
    return [path for folder in (start, *start.parents) if (path := folder / FILE_NAME) not in others]


def overrides_of(env: Mapping[str, str]) -> dict[str, Any]:
    """`NBALERT_DEFAULT=x`, `NBALERT_CHANNELS__TEAM__URL=…` as nested tables."""
    tree: dict[str, Any] = {}
    for name, value in sorted(env.items()):  # a table's own name comes before those of its keys
        keys = name.removeprefix("NBALERT_").lower().split("__")
        if name.startswith("NBALERT_") and keys[0] in Layer.model_fields:
            place = tree
            for key in keys[:-1]:
                place = place.setdefault(key, {})
                if not isinstance(place, dict):
                    raise SettingsError(f"{ENVIRONMENT}: {name} clashes with a shorter name")
            place[keys[-1]] = toml_value(value)
    return tree


def read_layer(path: Path, drafts: Mapping[Path, str], *, is_project: bool = False) -> Layer:
    """A file as a layer; an empty one where there is none.

    Args:
        drafts: Texts that are read instead of what these files hold.
        is_project: Whether a group may share the file; one's own is one's own.

    Raises:
        SettingsError: Names file and key.
    """
    refuse_writable(path, by_group=is_project)
    try:
        values = tomllib.loads(drafts[path] if path in drafts else path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Layer()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    return validated(Layer, values, Origin(str(path), path.parent, None))
