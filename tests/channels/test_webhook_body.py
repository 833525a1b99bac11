from __future__ import annotations

import json
from typing import Any

import pytest

from nbalert.channels.webhook_body import checked, filled
from nbalert.message import Image, Level, Message, Source
from nbalert.templates import FIELDS
from tests.inboxes import question

MESSAGE = Message(
    title='Say "hi" $level',
    level=Level.WARNING,
    result="42",
    metadata={"loss": 0.5},
    source=Source(notebook="a.ipynb", cell_number=3),
    duration_s=1.5,
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"text": "$title: ${result}"}, {"text": 'Say "hi" $level: 42'}),
        ({"m": "$metadata", "s": "$duration_s", "c": "${cell}"}, {"m": {"loss": 0.5}, "s": 1.5, "c": 3}),
        ({"text": "$metadata in $duration_s s"}, {"text": '{"loss": 0.5} in 1.5 s'}),
        ({"a": [{"b": "$level"}, 1, True]}, {"a": [{"b": "WARNING"}, 1, True]}),
        ({"price": "5 $$", "none": "[$question]"}, {"price": "5 $", "none": "[]"}),
        ({"q": "$question", "text": "$plain"}, {"q": None, "text": 'Say "hi" $level\n42\nloss: 0.5'}),
    ],
)
def test_fields_are_filled_in(template: dict[str, Any], expected: dict[str, Any]) -> None:
    """Alone they keep their type, within text they are text; what they hold is not read again."""
    assert filled(checked(template), MESSAGE) == expected


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ({"a": ["$titel"]}, r"unknown field \$titel; known: title, .* \(did you mean title\?\)"),
        ({"a": "$Title"}, r"has a \$ that begins no field; a dollar is written \$\$"),
        ({"a": "${title.__class__}"}, "begins no field"),
        ({"a": "5 $"}, "begins no field"),
        ({"a": float("nan")}, "takes texts, numbers"),
        ({"a": {"b": object()}}, "takes texts, numbers"),
    ],
)
def test_what_cannot_be_filled_in(template: dict[str, Any], says: str) -> None:
    """It is found when the settings are read, not when something goes wrong at night."""
    with pytest.raises(ValueError, match=says):
        checked(template)


def test_every_field_is_json() -> None:
    """Whatever a message holds: of a full and of an empty one."""
    full = Message(title="t", question=question(), images=(Image(b"1"),), mention=("a",))
    for message in (MESSAGE, full):
        json.dumps(filled({name: f"${name}" for name in FIELDS}, message), allow_nan=False)
