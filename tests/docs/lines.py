"""Help of magics and of the command, from their parsers' arguments: `format_help` depends on the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from nbalert import __main__ as command
from nbalert.durations import written
from nbalert.magics import NbalertMagics
from tests.docs.names import docstring
from tests.docs.tables import cell, table

MAGICS = ("alert", "ask", "nbalert")


def magic(name: str) -> str:
    """A magic: its docstring and its options."""
    what = {"alert": "%alert and %%alert", "ask": "%ask and %%ask", "nbalert": "%nbalert"}[name]
    text, _, examples = docstring(f"magics.NbalertMagics.{name}").partition("Examples:\n")
    lines = "\n".join(line.removeprefix("    ") for line in examples.splitlines()).strip()
    parser: argparse.ArgumentParser = getattr(NbalertMagics, name).parser
    return "\n\n".join((f"### `{what}`", text.strip(), f"```python\n{lines}\n```", _options(parser)))


def commands() -> Iterator[str]:
    """The command, each of its words, and each action of those that have some."""
    parser = command._parser()
    yield "\n\n".join(("### `nbalert COMMAND`", parser.description or "", _options(parser)))
    yield from _commands(parser, "nbalert")


def _commands(parser: argparse.ArgumentParser, path: str) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            for name, inner in action.choices.items():
                usage = " ".join((path, name, *(_operand(one) for one in _operands(inner))))
                parts = (f"### `{usage}`", _sentence(helps[name]), inner.description or "", _options(inner))
                yield "\n\n".join(part for part in parts if part)
                yield from _commands(inner, f"{path} {name}")


def _options(parser: argparse.ArgumentParser) -> str:
    rows = [
        (_written(one), _sentence(_help(one)), _default(one)) for one in parser._actions if _is_shown(one)
    ]
    return table(("option", "does", "default"), rows) if rows else ""


def _is_shown(action: argparse.Action) -> bool:
    is_help = isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    return not is_help and action.help != argparse.SUPPRESS


def _operands(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    is_group = argparse._SubParsersAction
    return [one for one in parser._actions if not (one.option_strings or isinstance(one, is_group))]


def _operand(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest.upper())
    if action.nargs in ("*", argparse.REMAINDER):
        return f"[{name} …]"
    return {"?": f"[{name}]", "+": f"{name} …"}.get(str(action.nargs), name)


def _written(action: argparse.Action) -> str:
    if not action.option_strings:
        return cell(f"`{_operand(action)}`")
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return cell(", ".join(f"`{option}{takes}`" for option in action.option_strings))


def _help(action: argparse.Action) -> str:
    said = (action.help or "").replace("%%", "%").rstrip(".")
    choices: Any = action.choices or ()
    one_of = ", ".join(f"`{one}`" for one in choices if one)
    return f"{said}: {one_of}" if said and one_of else said or one_of


def _sentence(text: str) -> str:
    return cell(text[:1].upper() + text[1:])


def _default(action: argparse.Action) -> str:
    if action.default in (None, "", [], (), False, 0.0, argparse.SUPPRESS):
        return ""
    shown = written(action.default) if isinstance(action.default, float) else action.default
    return cell(f"`{shown}`")
