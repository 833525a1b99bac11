"""The shape of the house: rooms import only rooms below, no cycle, light loading, one public list."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import nbalert
from tests.kernels import ROOT

PACKAGE = ROOT / "nbalert"

ROOMS = """
__main__  __init__
command_actions
demo inbox_command testing
teammate
extension
magics
tab
completion
auto_switch
auto_alerts auto_settings
magic_options
care alerting farewell spans running
channels_command cell_asking history_command route_command silence_command
vigil
running_code guarding
channel_actions
asking
asked
keep_alive
widgets
channel_trial
channel_test
inbox_link
auto
batch
cell_message
bundles
cells
recording
outcome tracebacks
bars capture
tail
stacking after_reply
future_imports question_marks line_words
waiting
gate
explaining posting eligibility registering
shown_code
process
history runs
client
following
under_way
connection dismissal introduction outbox
workbench
courier
inbox
settings_undo
settings_file channel_list
channels
spool
line
known_secrets
matching redaction settings
limits redaction_settings site_settings
layers
handlers
secret_values secret_strings
secret_names
secret_assignments secret_formats secret_lines
secret_kinds secret_marks
fields described
credentials network toml_text
show option_types
backlink commits templates thresholds
endings history_words rates
build words_parser
pending receipts image_metadata figures meter
message
unfit
home
errors
standing
question
agreement terms patterns string_literals tables cell_number compiling
policy durations forks blots ending socket_paths clock trail nearest html_reading kernel_name draw parsing
"""
"""From top to ground; rooms on one line do not import each other. The root `nbalert` itself may be imported
for its version by any room: it imports only what stands below `show`."""

LAZY_DOORS = {
    ("courier.lifecycle", "courier.office"),  # only the process that hosts a courier pays for it
}
"""Imports inside functions that point to the same package: allowed, because they are no cycle."""


def _room(module: str) -> str:
    return module.split(".")[0] or "__init__"


def _level() -> dict[str, int]:
    lines = [line.split() for line in ROOMS.strip().splitlines()]
    return {room: height for height, rooms in enumerate(reversed(lines)) for room in rooms}


def _modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__") or "__init__"] = path
    return found


def _imports(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """Modules of ours that a file imports anywhere in it, also for types and inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "nbalert":
            base = ".".join(node.module.split(".")[1:])
            for alias in node.names:
                full = f"{base}.{alias.name}".strip(".")
                yield full if full in modules else base or "__init__"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("nbalert"), f"{path}: write from nbalert import …"


def test_every_module_has_its_room() -> None:
    """A new module is given its place before it is used."""
    assert {_room(name) for name in _modules()} == set(_level())


def test_the_map_is_true() -> None:
    """CONTRIBUTING.md names every module once, from top to ground."""
    named = list(_named())
    assert sorted(named) == sorted(_modules())
    heights = [_level()[_room(name)] for name in named]
    assert heights == sorted(heights, reverse=True)


def _named() -> Iterator[str]:
    """Modules in the first column of the map; `courier/` in front of names says whose they are."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## The map")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        package = ""
        for name in re.findall(r"`(.+?)`", row):
            if name.endswith("/"):
                package = name[:-1]
            elif name == "__init__":
                yield package or name
            else:
                yield f"{package}.{name}".lstrip(".")


def test_every_dependency_has_its_reason() -> None:
    """CONTRIBUTING.md has one row for each package that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        re.split(r"[><=\[]", line)[0]
        for lines in (project["dependencies"], *project["optional-dependencies"].values())
        for line in lines
    }
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## Dependencies")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    named = [name for cell in firsts for name in re.sub(r" \(.*\)", "", cell).split(", ")]
    assert len(named) == len(set(named))
    assert wanted - {"nbalert"} <= set(named)


@pytest.mark.parametrize("name", sorted(_modules()))
def test_a_room_imports_only_rooms_below(name: str) -> None:
    """Nothing points upwards, not even for types."""
    modules, level = _modules(), _level()
    for target in _imports(modules[name], modules):
        if target == "__init__" or _room(target) == _room(name):
            continue
        assert level[_room(target)] < level[_room(name)], f"{name} imports {target} above it"


def test_there_is_no_cycle() -> None:
    """Not among the modules of one room either, imports in functions included."""
    modules = _modules()
    graph = {
        name: {t for t in _imports(path, modules) if t not in (name, "__init__")} - _doors(name)
        for name, path in modules.items()
    }
    assert list(TopologicalSorter(graph).static_order())


def _doors(name: str) -> set[str]:
    return {target for source, target in LAZY_DOORS if source == name}


def test_loading_the_extension_is_light() -> None:
    """`%load_ext nbalert` brings none of the heavy libraries."""
    heavy = ("httpx", "pydantic", "ipywidgets", "tornado")
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'nbalert')\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_public_list_is_true() -> None:
    """`__all__` is sorted, each name is there, and each public name is in it."""
    assert sorted(nbalert.__all__) == nbalert.__all__
    for name in nbalert.__all__:
        assert getattr(nbalert, name) is not None
    assert nbalert.__version__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy door is a door, not a hole."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        nbalert.nonsense  # noqa: B018 # type: ignore[attr-defined]
