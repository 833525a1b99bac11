"""Cells behave as if nbalert were not there: replies and all that is published are equal."""

from __future__ import annotations

import sys

import pytest

from tests.fidelity.corpus import COUNT, GROUPS
from tests.fidelity.transcripts import OUR_WAYS, Transcripts
from tests.fidelity.ways import VS_CODE_WAYS

pytestmark = pytest.mark.long

AT_LEAST = 150
VS_CODE_GROUPS = ("expressions", "displays", "errors", "run all")


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> Transcripts:
    """Shared by the tests of this file: a kernel for each way."""
    return Transcripts(sys.executable, tmp_path_factory)


@pytest.fixture(scope="module")
def from_vs_code(tmp_path_factory: pytest.TempPathFactory) -> Transcripts:
    """A part of the corpus, sent as VS Code sends it."""
    return Transcripts(sys.executable, tmp_path_factory, VS_CODE_WAYS, VS_CODE_GROUPS)


@pytest.mark.parametrize("way", OUR_WAYS)
@pytest.mark.parametrize("group", GROUPS)
def test_cells_are_as_without_nbalert(transcripts: Transcripts, group: str, way: str) -> None:
    """Replies and published messages are equal, cell by cell."""
    transcripts.compare(group, way)


def test_each_cell_was_really_alerted(transcripts: Transcripts) -> None:
    """A corpus of the promised size; of all its cells but the silent ones a message has come."""
    assert COUNT >= AT_LEAST
    transcripts.of("alert")
    silent = {n for g in GROUPS.values() for n, cell in g.items() if cell.options.get("silent")}
    assert {n for g in GROUPS.values() for n in g} - silent == transcripts.told["alert"]


def test_auto_mode_was_really_on(transcripts: Transcripts) -> None:
    """The cells that fail are told, as one run of cells: they follow each other without a pause."""
    transcripts.of("auto")
    assert any("failed at cell" in title for title in transcripts.told["auto"])


@pytest.mark.parametrize("way", ["alert", "auto"])
@pytest.mark.parametrize("group", VS_CODE_GROUPS)
def test_cells_from_vs_code(from_vs_code: Transcripts, group: str, way: str) -> None:
    """With the ids of its cells, and a kernel that goes on after a failure."""
    from_vs_code.compare(group, way)
