"""`notebooks/api.ipynb`, made of docstrings and models: `python -m tests.docs.api` writes it anew."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat

import nbalert
import nbalert.testing
from tests.docs import lines, settings
from tests.docs.names import docstring, markdown
from tests.kernels import ROOT

PAGE = ROOT / "notebooks" / "api.ipynb"
COMMAND = "python -m tests.docs.api"

_INTRODUCTION = """# Reference

Every public name, magic, command and setting. `name?` shows the same in a notebook. This page is made of the
docstrings and the models of the settings; how it goes together is in the notebooks beside it.

- [Functions and classes](#Functions-and-classes)
- [Errors](#Errors)
- [Magics](#Magics)
- [The command](#The-command)
- [Settings](#Settings)
- [Testing a channel of your own](#Testing-a-channel-of-your-own)"""
_EXAMPLE = """import nbalert

%load_ext nbalert
[receipt.channel for receipt in nbalert.post("Trained", level="ok").wait()]"""
_SETTINGS = """## Settings

`nbalert.toml`: the nearest one upwards from the notebook, over your own (`nbalert channels add` writes it),
over that for everybody on the machine, over what is built in. `NBALERT_` and a key in the environment goes
before all of them, tables with two underscores: `NBALERT_DEFAULT=team`, `NBALERT_CHANNELS__TEAM__URL=…`. A
secret is `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`; a duration `90s`, `10m`, `1h30m`, or a number of
seconds."""


def texts() -> Iterator[str]:
    """The page's cells in Markdown, each of which begins with a heading."""
    errors = [name for name in nbalert.__all__ if _is_error(name)]
    yield "## Functions and classes"
    for name in sorted({*nbalert.__all__} - {*errors}, key=lambda name: (name[0].isupper(), name)):
        yield markdown(name)
    tree = docstring("errors").partition("\n\n")[2]
    yield f"## Errors\n\n```text\n{tree}\n```"
    for name in errors:
        yield markdown(name)
    yield "## Magics"
    for name in lines.MAGICS:
        yield lines.magic(name)
    yield "## The command"
    yield from lines.commands()
    yield _SETTINGS
    yield from (settings.top(), settings.every_channel(), *settings.kinds(), settings.handlers())
    yield "## Testing a channel of your own"
    for name in nbalert.testing.__all__:
        yield markdown(f"testing.{name}")


def page() -> str:
    """The whole notebook as its file."""
    cells = [_cell(nbformat.v4.new_markdown_cell(_INTRODUCTION), "reference")]
    example = nbformat.v4.new_code_cell(_EXAMPLE)
    result = nbformat.v4.new_output("execute_result", {"text/plain": "['inbox']"}, execution_count=1)
    example.outputs, example.execution_count = [result], 1  # nbval compares no cell that was not run
    cells.append(_cell(example, "reference-example"))
    cells += [_cell(nbformat.v4.new_markdown_cell(text), _id(text)) for text in texts()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return str(nbformat.writes(notebook)) + "\n"


def _is_error(name: str) -> bool:
    value = getattr(nbalert, name)
    return isinstance(value, type) and issubclass(value, Exception)


def _cell(cell: nbformat.NotebookNode, id_: str) -> nbformat.NotebookNode:
    cell.id = id_
    return cell


def _id(text: str) -> str:
    """Of a cell: made of its heading, so that a change of one leaves the others as they are."""
    head = text.partition("\n")[0]
    level = "section" if head.startswith("## ") else "name"
    return f"{level}-{re.sub(r'[^A-Za-z0-9]+', '-', head).strip('-')}"[:64]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
