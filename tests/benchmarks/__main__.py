"""`python -m tests.benchmarks`: all of it, one after another, and one table."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import machine, table
from tests.benchmarks.figures import Figure, Scale

MODULES = (
    "loading",
    "scripts",
    "warm",
    "throughput",
    "answers",
    "cells",
    "storage",
    "waiting",
    "inbox",
    "tracebacks",
    "redaction",
    "routing",
)
"""In the order in which they run."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure; the exit status: 1 if something could not be measured."""
    options = _parser().parse_args(words)
    began_s = time.monotonic()
    about = machine.described()  # makes the peers' environments
    print(f"environments ready after {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    figures, failed = run(options.only or MODULES, Scale.QUICK if options.quick else Scale.FULL)
    print(table.markdown(figures) if options.markdown else table.text(figures))
    print(f"\n{machine.sentence(about)}; ratio: nbalert's median by this row's")
    for name, trouble in failed.items():
        print(f"NOT MEASURED: {name}: {trouble}")
    if options.json:
        _write(options.json, {**about, "failed": failed}, figures)
    return 1 if failed else 0


def run(names: Sequence[str], scale: Scale) -> tuple[list[Figure], dict[str, str]]:
    """Modules one after another: what was measured, and which of them failed, with the reason."""
    figures: list[Figure] = []
    troubles = {name: _measure(name, scale, figures) for name in names}
    return figures, {name: trouble for name, trouble in troubles.items() if trouble}


def _measure(name: str, scale: Scale, figures: list[Figure]) -> str:
    """Run one module; what went wrong, if anything. What it had measured until then counts."""
    began_s = time.monotonic()
    try:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        print(f"{name}: {module.TITLE}", file=sys.stderr, flush=True)
        for figure in module.measure(scale):
            figures.append(figure)
            said = f"{figure.who}: {table.number(figure.median)} {figure.unit}"
            print(f"  {figure.name} {figure.step or ''} {said}", file=sys.stderr, flush=True)
    except Exception as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    finally:
        print(f"  took {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return ""


def _write(path: Path, about: dict[str, object], figures: list[Figure]) -> None:
    rows = [{**asdict(one), "median": one.median, "p99": one.p99, "is_met": one.is_met} for one in figures]
    path.write_text(json.dumps({**about, "figures": rows}, indent=1, ensure_ascii=False), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=MODULES, help="one of them; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all samples, machine and versions")
    parser.add_argument("--markdown", action="store_true", help="the table for a README")
    return parser


if __name__ == "__main__":
    sys.exit(main())
