"""The corpus, played in each way by one interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fidelity.corpus import GROUPS
from tests.fidelity.ways import WAYS, Played, Player, Way

OUR_WAYS = [way for way in WAYS if way != "bare"]


class Transcripts:
    """What came of the cells, each played once a way.

    Args:
        python: An interpreter with ipykernel.
        folders: Where its kernels run.
        ways: By name.
        groups: Which part of the corpus.
    """

    def __init__(
        self,
        python: str,
        folders: pytest.TempPathFactory,
        ways: Mapping[str, Way] = WAYS,
        groups: tuple[str, ...] = tuple(GROUPS),
    ) -> None:
        self._python, self._folders, self._ways, self._groups = python, folders, ways, groups
        self._played: dict[str, dict[str, dict[str, Played]]] = {}
        self.told: dict[str, set[str]] = {}

    def of(self, way: str) -> dict[str, dict[str, Played]]:
        """By group and name."""
        if way not in self._played:
            with Player(self._python, self._folder(), self._ways[way]) as player:
                self._played[way] = {
                    group: {name: player.play(cell, name) for name, cell in GROUPS[group].items()}
                    for group in self._groups
                }
                self.told[way] = player.told()
        return self._played[way]

    def compare(self, group: str, way: str) -> None:
        """Fail for the first cell that differs from the bare kernel's."""
        bare, ours = self.of("bare")[group], self.of(way)[group]
        counts = group != "empty" or way != "alert"
        for name, played in bare.items():
            assert _named(name, ours[name], counts) == _named(name, played, counts)

    def _folder(self) -> Path:
        return self._folders.mktemp("kernel")


def _named(name: str, played: Played, counts: bool) -> list[Any]:
    return [name, *played.compared(counts)]
