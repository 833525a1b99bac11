"""Cells behave as if nbalert were not there: replies and all that is published are equal."""

from __future__ import annotations

import sys

import pytest

from tests.fidelity.corpus import COUNT, GROUPS
from tests.fidelity.ways import WAYS, Played, Player

pytestmark = pytest.mark.long

AT_LEAST = 150
OUR_WAYS = [way for way in WAYS if way != "bare"]


class Transcripts:
    """The corpus in each way, played once by one interpreter."""

    def __init__(self, python: str, folders: pytest.TempPathFactory) -> None:
        self._python, self._folders = python, folders
        self._played: dict[str, dict[str, dict[str, Played]]] = {}
        self.told: dict[str, set[str]] = {}

    def of(self, way: str) -> dict[str, dict[str, Played]]:
        """What came of each cell, by group and name."""
        if way not in self._played:
            with Player(self._python, self._folders.mktemp("kernel"), WAYS[way]) as player:
                self._played[way] = {
                    group: {name: player.play(cell, name) for name, cell in cells.items()}
                    for group, cells in GROUPS.items()
                }
                self.told[way] = player.told()
        return self._played[way]


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> Transcripts:
    """Shared by the tests of this file: a kernel for each way."""
    return Transcripts(sys.executable, tmp_path_factory)


@pytest.mark.parametrize("way", OUR_WAYS)
@pytest.mark.parametrize("group", GROUPS)
def test_cells_are_as_without_nbalert(transcripts: Transcripts, group: str, way: str) -> None:
    """Replies and published messages are equal, cell by cell."""
    bare, ours = transcripts.of("bare")[group], transcripts.of(way)[group]
    counts = group != "empty" or way != "alert"
    for name, played in bare.items():
        assert (name, ours[name].compared(counts)) == (name, played.compared(counts))


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
