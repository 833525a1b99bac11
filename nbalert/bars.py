"""Progress bars that are widgets, as they look now: what is displayed of them says what they began with."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
_BARS = ("FloatProgressModel", "IntProgressModel")
_TAG = re.compile(r"<[^>]*>")


def current(bundle: dict[str, Any]) -> dict[str, Any]:
    """An output as it looks now: a bar with its texts of now, one that was taken away with none.

    Args:
        bundle: By MIME type.
    """
    if (view := bundle.get(VIEW)) is None:
        return bundle
    try:
        said = _said(view["model_id"])
    except Exception:  # widgets are code of others, and change while another thread looks
        return bundle
    return bundle if said is None else {**bundle, "text/plain": said}


def lines(bundles: Iterable[dict[str, Any]]) -> list[str]:
    """What all bars among these outputs say now."""
    said = (current(bundle) for bundle in bundles if VIEW in bundle)
    return [bundle["text/plain"] for bundle in said if bundle.get("text/plain")]


def _said(model: str) -> str | None:
    """The texts around a bar; None for another widget, or where widgets cannot be looked up."""
    module = sys.modules.get("ipywidgets.widgets.widget")
    widgets: Mapping[str, Any] | None = getattr(module, "_instances", None)
    if widgets is None:
        return None
    if (widget := widgets.get(model)) is None:
        return ""
    children = getattr(widget, "children", ())
    if not any(getattr(child, "_model_name", "") in _BARS for child in children):
        return None
    texts = (getattr(child, "value", "") for child in children)
    plain = (html.unescape(_TAG.sub("", text)) for text in texts if isinstance(text, str))
    return " ".join(" ".join(plain).split())
