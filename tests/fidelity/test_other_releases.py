"""The same with other releases of ipykernel and IPython."""

from __future__ import annotations

import pytest

from tests.environments import OTHERS, Environment, Unavailable, interpreter
from tests.fidelity.corpus import GROUPS
from tests.fidelity.transcripts import OUR_WAYS, Transcripts

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]  # the first test makes the environment


@pytest.fixture(scope="module", params=OTHERS, ids=lambda environment: environment.name)
def transcripts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Transcripts:
    """Of one environment."""
    environment: Environment = request.param
    try:
        return Transcripts(interpreter(environment), tmp_path_factory)
    except Unavailable as reason:
        pytest.skip(str(reason))


RACES = frozenset({"threads"})
"""What threads print is published in an order of its own there: one run in some differs, also by load."""


@pytest.mark.parametrize("way", OUR_WAYS)
@pytest.mark.parametrize("group", [group for group in GROUPS if group not in RACES])
def test_cells_are_as_without_nbalert(transcripts: Transcripts, group: str, way: str) -> None:
    """Replies and published messages are equal, cell by cell."""
    transcripts.compare(group, way)
