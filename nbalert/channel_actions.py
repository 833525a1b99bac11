"""What `nbalert channels` and `%nbalert channels` do: list, kinds, add, remove, default, test."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from nbalert import channels
from nbalert.channel_list import channels_text, kinds_text, settings_text
from nbalert.channel_test import tried
from nbalert.channel_trial import ANSWER_S, tried_ask
from nbalert.channels import sources
from nbalert.channels.base import Channel
from nbalert.channels.registry import check
from nbalert.described import described, nested, setting_of
from nbalert.errors import SettingsError
from nbalert.nearest import hint
from nbalert.process import client
from nbalert.settings_file import SettingsFile

FAILED = 1
ME = "me="
"""Beside a channel's settings: your own id on that kind of channel."""


def _list(_: argparse.Namespace) -> None:
    print(channels_text(client().settings))


def _kinds(options: argparse.Namespace) -> None:
    with suppress(SettingsError):  # what is wrong with them says `nbalert channels`
        sources.learn(client().settings.kinds)
    if not options.kind:
        print(kinds_text())
        return
    print(settings_text(_class(options.kind)))


def _add(options: argparse.Namespace) -> None:
    file = _file(options)
    pairs = [pair for pair in options.settings if not pair.startswith(ME)]
    note = file.add(options.name, _values(options.kind, pairs))
    for pair in options.settings:
        if pair.startswith(ME):  # who you are is yours to say, not a project's
            SettingsFile(client().home, client().folder).introduce(options.kind, pair.removeprefix(ME))
    print(f"{options.name}: written to {file.path}")
    if note:
        print(f"{options.name}: before it can be used: {note.removeprefix(f'{file.path}: ')}")
    else:
        print(f"try it: nbalert channels test {options.name}")


def _remove(options: argparse.Namespace) -> None:
    file = _file(options)
    file.remove(options.name)
    print(f"{options.name}: taken out of {file.path}")


def _default(options: argparse.Namespace) -> None:
    file = _file(options)
    other = file.choose_default(options.name)
    print(f"{options.name} is the default channel now, in {file.path}")
    if other:
        print(f"but here a setting above that one says {other}: a project's file, or NBALERT_DEFAULT")


def _register(options: argparse.Namespace) -> None:
    file, known = _file(options), client().settings.kinds
    if options.project:
        raise SettingsError(
            f"{file.path}: a project's settings name no class: whoever opens a notebook of a cloned project"
            " would run its code. Register it in your own settings, without --project"
        )
    try:
        cls = sources.imported(options.source)
    except SettingsError as error:
        raise SettingsError(f"the class {error}; install it, or add its folder to PYTHONPATH") from None
    taken = {kind: place for kind, place in channels.packaged().items() if kind not in known}
    check(cls, taken)
    file.register(cls.kind, options.source)
    print(f"{cls.kind}: registered as {options.source}, in {file.path}")
    print(f"set a channel up: nbalert channels add NAME {cls.kind} key=value …")


def _test(options: argparse.Namespace) -> int:
    if options.ask:
        settings = client().settings
        table = settings.channel(options.name)
        print(f"{table.name}: asking; {ANSWER_S:.0f} s to answer", flush=True)
        result = tried_ask(table, settings)
    else:
        result = tried(options.name)
    print(result)
    return FAILED if result.problems else 0


def _file(options: argparse.Namespace) -> SettingsFile:
    return SettingsFile(client().home, client().folder, is_project=options.project)


def _class(kind: str) -> type[Channel]:
    sources.learn(client().settings.kinds)
    known = channels.kinds()
    if kind not in known:
        raise SettingsError(f"unknown kind {kind!r}; known kinds: {', '.join(known)}{hint(kind, known)}")
    return channels.channel_class(kind)


def _values(kind: str, pairs: Sequence[str]) -> dict[str, Any]:
    """`key=value` pairs as a table."""
    settings = {setting.key: setting for setting in described(_class(kind).Settings)}
    values: list[tuple[str, Any]] = [("kind", kind)]
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise SettingsError("settings are written key=value")  # what it says may be a secret
        setting = setting_of(settings, key)
        if setting is None:
            known = [known for known in settings if known != "kind"]
            raise SettingsError(f"{kind} has no setting {key!r}; known: {', '.join(known)}{hint(key, known)}")
        values.append((key, setting.value(text)))
    return nested(values)


ACTIONS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "list": _list,
    "kinds": _kinds,
    "add": _add,
    "register": _register,
    "remove": _remove,
    "default": _default,
    "test": _test,
}
