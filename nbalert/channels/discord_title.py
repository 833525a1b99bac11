"""The title of an embed: a template over documented names, and nothing else."""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator

from nbalert.message import Message

FIELDS = ("title", "level", "notebook", "cell", "host", "user", "topic")
"""What may stand in braces."""


def _checked(template: str) -> str:
    """The template, if it names nothing but `FIELDS`, and formats nothing.

    Raises:
        ValueError: Says what is wrong with it.
    """
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"is no template: {error}; write {{{{ for a brace") from None
    for _, name, form, conversion in parsed:
        if name is not None and (name not in FIELDS or form or conversion):
            known = ", ".join(f"{{{one}}}" for one in FIELDS)
            raise ValueError(f"has an unknown field {{{name}}}; known: {known}")
    return template


Title = Annotated[str, AfterValidator(_checked)]
"""A template; one that names anything else is refused when settings are loaded."""


def filled(template: str, message: Message) -> str:
    """The title of a message; it is one line."""
    source = message.source
    values = {
        "title": message.title,
        "level": message.level.name,
        "notebook": source.notebook,
        "cell": "" if source.cell_number is None else str(source.cell_number),
        "host": source.host,
        "user": source.user,
        "topic": message.topic,
    }
    return " ".join(template.format_map(values).split())
