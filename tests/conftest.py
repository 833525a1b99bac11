"""TEMPORARY: until the lead's stands here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernels import Kernel


@pytest.fixture(params=os.environ.get("NBALERT_TEST_PYTHONS", sys.executable).split(os.pathsep))
def kernel_python(request: pytest.FixtureRequest) -> str:
    """An interpreter with ipykernel."""
    return str(request.param)


@pytest.fixture
def start_kernel(kernel_python: str, tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Start kernels that are gone after the test."""
    started: list[Kernel] = []

    def start(env: dict[str, str] | None = None) -> Kernel:
        started.append(Kernel(kernel_python, tmp_path, env))
        return started[-1]

    yield start
    for kernel in started:
        kernel.__exit__()
