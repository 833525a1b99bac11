"""Settings: `nbalert.toml` and the environment become one frozen `Settings`.

Layers, the later one wins: built-in defaults, the file for everybody on this machine, the user's own file,
the nearest file upwards from the notebook, `NBALERT_*` in the environment. A project's file came with the
project: it adds channels, and may not touch those that the files below it define.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbalert.credentials import environment_name, secret_file
from nbalert.described import flat
from nbalert.errors import SettingsError, UnknownChannel
from nbalert.fields import ChannelSettings, Origin, validated
from nbalert.handlers import Handler, HandlersOf, all_of
from nbalert.home import Home
from nbalert.layers import ENVIRONMENT, Auto, Layer, candidates, overrides_of, project_file, read_layer
from nbalert.limits import BUILT_IN, auto_of, kinds_of, refuse_redefined
from nbalert.network import VARIABLES, Network
from nbalert.redaction_settings import Redaction
from nbalert.site_settings import refuse_locked, refuse_personal, under


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """One `[channels.NAME]` as written, not yet checked by its kind.

    `groups` are those that its file may use: the user's own channels know no group of a project.
    """

    name: str
    values: Mapping[str, Any] = field(repr=False)
    origin: Origin
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind that has to check it."""
        kind = self.values.get("kind")
        if not isinstance(kind, str):
            raise SettingsError(
                f"{self.origin.file}: channels.{self.name}.kind is missing; see `nbalert channels kinds`"
            )
        return kind

    def checked(self, model: type[ChannelSettings]) -> ChannelSettings:
        """The table as its kind's settings, secrets resolved.

        Raises:
            SettingsError: Names file and key.
        """
        return validated(model, self.values, self.origin, f"channels.{self.name}.")


@dataclass(frozen=True, slots=True)
class Settings:
    """All layers as one. `project` names them on the line and in the store."""

    project: str
    default: str
    notebook_url: str
    ask_timeout_s: float
    keep_alive: bool
    exit_wait_s: float | None
    durable: str
    auto: Auto | None
    redaction: Redaction
    me: Mapping[str, str]
    channels: Mapping[str, ChannelTable]
    network: Network
    kinds: Mapping[str, str] = field(default_factory=dict)
    handlers: tuple[Handler, ...] = ()

    @property
    def hears(self) -> dict[str, bool]:
        """Channels that hear everything → whether only changes of level.

        As written: one whose secret is missing hears as well, and what it is to say waits.
        """
        return {
            table.name: table.values.get("state_changes_only", False) is True
            for table in self.channels.values()
            if table.values.get("global", False) is True and table.values.get("enabled", True) is not False
        }

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The variables that `env:` references name."""
        names = (environment_name(value) for _, value in self._texts())
        return tuple(name for name in names if name)

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """The files that `file:` references name."""
        paths = (secret_file(value, folder) for folder, value in self._texts())
        return tuple(path for path in paths if path)

    def _texts(self) -> Iterator[tuple[Path, str]]:
        """Every value that may be a reference, and where its relative paths start."""
        for table in self.channels.values():
            yield from ((table.origin.folder, v) for _, v in flat(table.values) if isinstance(v, str))

    def channel(self, name: str | None) -> ChannelTable:
        """The table of a channel; None means the default one.

        Raises:
            UnknownChannel: Lists the known ones.
        """
        chosen = name or self.default
        if chosen not in self.channels:
            raise UnknownChannel(chosen, self.channels)
        return self.channels[chosen]

    def escalation(self, table: ChannelTable) -> ChannelTable | None:
        """The channel that questions of another are escalated to; None if there is none.

        Raises:
            SettingsError: It is unknown, or a project's where the user's own is to be escalated.
        """
        name = table.values.get("escalate_to")
        if not isinstance(name, str) or not name:
            return None
        where = f"{table.origin.file}: channels.{table.name}.escalate_to"
        if name not in self.channels:
            raise SettingsError(
                f"{where}: unknown channel {name!r}; known: {', '.join(sorted(self.channels))}"
            )
        found, project = self.channels[name], self.project.partition("#")[0]
        if found.origin.file == project != table.origin.file:
            raise SettingsError(
                f"{where}: {name} is a channel of {project}, which cannot say who approves here"
            )
        return found


def load(
    start: Path,
    home: Home,
    environment: Mapping[str, str] | None = None,
    drafts: Mapping[Path, str] | None = None,
) -> Settings:
    """Read all layers.

    Args:
        start: The folder of the notebook or script.
        home: Has the user's own file, and the one for everybody.
        environment: `os.environ` unless given.
        drafts: Texts that are read instead of what these files hold, whether or not they are there.

    Raises:
        SettingsError: Names file and key, and what to do.
    """
    env = os.environ if environment is None else environment
    return _merged(home, project_file(start, home, drafts or {}), env, drafts or {})


@dataclass(frozen=True, slots=True)
class Watch:
    """What settings hang on: files, and variables. Found once; a cell looks at them several times.

    Args:
        files: Whether or not they are there.
    """

    files: tuple[str, ...]
    variables: tuple[str, ...]

    @classmethod
    def over(cls, start: Path, home: Home, known: Settings | None) -> Watch:
        """The places of settings, what these settings name, and the way out."""
        names, secrets = (known.environment_names, known.secret_files) if known else ((), ())
        paths = (home.site, home.settings, *candidates(start, home), *secrets)
        return cls(tuple(map(os.fspath, paths)), (*names, *VARIABLES))

    def stamp(self) -> object:
        """Changes when one of them has. Costs one `stat` a file."""
        return tuple(map(_changed_at, self.files)), tuple(map(os.environ.get, self.variables))


def project_key(start: Path, home: Home, environment: Mapping[str, str] | None = None) -> str:
    """The `project` that `load` returns, also where the files are wrong."""
    env = os.environ if environment is None else environment
    return _key(project_file(start, home), overrides_of(env))


def load_project(project: str, home: Home) -> Settings:
    """The settings of a project whose processes are gone: files only, `env:` references stay unresolved.

    Args:
        project: The `project` of a `Settings`.

    Raises:
        SettingsError: The project also had settings in its environment, or its file is gone.
    """
    path, hash_, _ = project.partition("#")
    if hash_:
        raise SettingsError("some settings were NBALERT_* variables of a process that is gone")
    file = Path(path) if path else None
    if file and not file.is_file():
        raise SettingsError(f"{file} is gone")
    return _merged(home, file, None, {})


def _merged(
    home: Home, project: Path | None, env: Mapping[str, str] | None, drafts: Mapping[Path, str]
) -> Settings:
    overrides = overrides_of(env or {})
    site, users = read_layer(home.site, drafts), read_layer(home.settings, drafts)
    own = read_layer(project, drafts, is_project=True) if project else Layer()
    top = validated(Layer, overrides, Origin(ENVIRONMENT, Path.cwd(), env))
    refuse_personal(site, home.site)
    refuse_locked(site, home.site, {str(home.settings): users, str(project): own, ENVIRONMENT: top})
    refuse_redefined(site, users, home, own, project)
    user = under(site, users)
    values: dict[str, Any] = {}
    tables = _tables(
        [(site, home.site, False), (users, home.settings, False), (own, project, True)], top, env
    )
    for layer in (user, own, top):
        values |= {k: getattr(layer, k) for k in layer.model_fields_set - {"channels", "handlers"}}
    values = {**Layer().model_dump(), **values}
    settings = Settings(
        project=_key(project, overrides),
        default=values["default"],
        notebook_url=values["notebook_url"],
        ask_timeout_s=values["ask_timeout"],
        keep_alive=values["keep_alive"],
        exit_wait_s=values["exit_wait"],
        durable=values["durable"],
        auto=auto_of(user, own, top, project),
        redaction=Redaction.of(user, own, top, project),
        me={**user.me, **top.me},  # who you are is yours to say, not a project's
        channels=tables,
        network=Network.of(env or {}),
        kinds=kinds_of(user, own, top, project),
        handlers=_handlers([(site, home.site), (users, home.settings)], (own, project), top, tables, env),
    )
    settings.channel(None)
    return settings


def _handlers(
    below: list[tuple[Layer, Path]],
    own: tuple[Layer, Path | None],
    top: Layer,
    tables: Mapping[str, ChannelTable],
    env: Mapping[str, str] | None,
) -> tuple[Handler, ...]:
    """Those below know no channel of a project; those of a project may name the user's, as magics do."""
    users = {name: False for name, table in tables.items() if not table.origin.is_project}
    everybody = dict.fromkeys(tables, False)
    files = [HandlersOf(layer.handlers, Origin(str(path), path.parent, env), users) for layer, path in below]
    if path := own[1]:
        known = {name: not table.origin.is_project for name, table in tables.items()}
        files.append(HandlersOf(own[0].handlers, Origin(str(path), path.parent, env, is_project=True), known))
    files.append(HandlersOf(top.handlers, Origin(ENVIRONMENT, Path.cwd(), env), everybody))
    return all_of(files)


def _tables(
    files: list[tuple[Layer, Path | None, bool]], top: Layer, env: Mapping[str, str] | None
) -> dict[str, ChannelTable]:
    inbox = {"kind": "inbox", "approvers": ["anyone"], "allow_self": True}
    tables = {BUILT_IN: ChannelTable(BUILT_IN, inbox, Origin("built-in", Path.cwd(), env))}
    known: dict[str, tuple[str, ...]] = {}
    for layer, path, is_project in files:
        known = {**known, **layer.groups}
        groups = {**known, **top.groups}
        if path:
            origin = Origin(str(path), path.parent, env, is_project=is_project)
            tables |= {n: ChannelTable(n, values, origin, groups) for n, values in layer.channels.items()}
    for name, values in top.channels.items():
        below = tables.get(name) or ChannelTable(name, {}, Origin(ENVIRONMENT, Path.cwd(), env), groups)
        tables[name] = replace(below, values={**below.values, **values})
    return tables


def _changed_at(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - on the cell's time
    except OSError:
        return None


def _key(project: Path | None, overrides: Mapping[str, Any]) -> str:
    path = str(project) if project else ""
    where = {key: overrides[key] for key in ("channels", "default", "handlers") if key in overrides}
    if not where:
        return path  # the other overrides change nothing about where a message goes
    # Values of NBALERT_* may be secrets: only a digest tells two environments apart.
    digest = hashlib.sha256(json.dumps(where, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return f"{path}#{digest}"
