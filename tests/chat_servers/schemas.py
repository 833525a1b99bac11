"""What a request must look like: the JSON Schemas of the services' own type packages, by name."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft7Validator

_FOLDER = Path(__file__).resolve().parent.parent / "schemas"


@cache
def _validator(name: str) -> Draft7Validator:
    schema = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def faults(name: str, body: object) -> list[str]:
    """What is wrong with a request, a line a fault with its place in the body; empty if nothing is.

    Args:
        name: Of a file in `tests/schemas`, without its ending: `slack_PostMessage`.
        body: Plain values, as the JSON parser or the query string gives them.
    """
    return [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(body)]


def names() -> list[str]:
    """Every schema there is, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))
