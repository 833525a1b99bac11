"""Public names as Markdown, from their docstrings: read from the source by griffe, written by griffe2md."""

from __future__ import annotations

import re

import griffe
from griffe2md import ConfigDict, render_object_docs

from tests.kernels import ROOT

PACKAGE = griffe.load("nbalert", search_paths=[ROOT], docstring_parser="google")
LINE_CHARS = 100
_AS_WRITTEN = 10_000
"""Longer than any signature: otherwise it depends on whether Black is installed."""

_STYLE = ConfigDict(
    heading_level=3,
    show_root_full_path=True,
    show_root_members_full_path=True,
    show_object_full_path=False,
    show_signature_annotations=True,
    show_if_no_docstring=False,
    show_bases=True,
    summary=False,
    members_order="source",
    line_length=_AS_WRITTEN,
)
_LINK = re.compile(r"\[([^\[\]]*)\]\(#[^)]*\)")
_SIGNATURE = re.compile(r"^(#+ `)(?:nbalert\.)?([\w.]+)`\n\n```python\n(.*)\n```", re.MULTILINE)
_FACTORY = re.compile(r"\(lambda: (.*?)\)\(\)")
_EXAMPLES = re.compile(r"\*\*Examples?:\*\*\n\n(.*?)(?=\n\n\*\*|\n*\Z)", re.DOTALL)


def markdown(path: str) -> str:
    """One name with what it is made of.

    Args:
        path: As its user writes it, without `nbalert.`: `post`, `testing.Row`.
    """
    written = render_object_docs(PACKAGE[path], _STYLE)
    while _LINK.search(written):  # to headings that are not on this page; one stands within another
        written = _LINK.sub(r"\1", written)
    written = _EXAMPLES.sub(lambda found: f"**Examples:**\n\n```python\n{found[1].rstrip()}\n```", written)
    written = _SIGNATURE.sub(_signature, written)
    written = re.sub(r"^(#+ `)nbalert\.", r"\1", written, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", written).strip()


def docstring(path: str) -> str:
    """As it stands in the source, without its indentation."""
    found = PACKAGE[path].docstring
    return found.value if found else ""


def _signature(found: re.Match[str]) -> str:
    """A heading and the signature below it."""
    shown = wrapped(_FACTORY.sub(r"\1", found[3]))
    mark = "async " if "async" in PACKAGE[found[2]].labels else ""
    return f"{found[1]}{found[2]}`\n\n```python\n{mark}{shown}\n```"


def wrapped(signature: str) -> str:
    """A signature with a line for each parameter where one line is too short."""
    if len(signature) <= LINE_CHARS or "(" not in signature:
        return signature
    name, _, rest = signature.partition("(")
    inside, _, returned = rest.rpartition(")")
    lines, depth = [""], 0
    for sign in inside:
        depth += (sign in "([{") - (sign in ")]}")
        lines[-1] += sign
        if sign == "," and depth == 0:
            lines.append("")
    return "\n".join((f"{name}(", *(f"    {line.strip().rstrip(',')}," for line in lines), f"){returned}"))
