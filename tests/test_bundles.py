from __future__ import annotations

import base64
from typing import Any

import pytest

from nbalert.bundles import IMAGE_BYTES, pictures, text_of

PNG = b"\x89PNG picture"


def png(data: bytes = PNG) -> dict[str, Any]:
    """An output with a picture."""
    return {"text/plain": "<Figure>", "image/png": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("bundle", "text"),
    [
        ({"text/plain": "<IPython.core.display.Latex object>", "text/latex": "$x^2$"}, "$x^2$"),
        ({"text/plain": "x**2", "text/latex": "$x^2$"}, "x**2"),
        ({"text/plain": "<M>", "text/markdown": "**bold**"}, "**bold**"),
        (
            {"text/plain": "<HTML object>", "text/html": "<p>a <b>b</b><p>c&amp;d"},
            "a b\nc&d",
        ),
        ({"text/plain": "Model(7)", "text/html": "<div>a page</div>"}, "Model(7)"),
        ({"text/plain": "<Thing at 0x7f>"}, "<Thing at 0x7f>"),
        (png(), ""),
        ({}, ""),
    ],
)
def test_text(bundle: dict[str, Any], text: str) -> None:
    """Markdown first; LaTeX and the words of HTML where the plain text only names a class."""
    assert text_of(bundle) == text


def test_pictures_keep_their_order() -> None:
    """Of every kind that a chat may show; what else there is has its number all the same."""
    jpeg = {"image/jpeg": base64.b64encode(PNG).decode()}
    images, left_out = pictures([png(), {"text/plain": "x"}, {"image/svg+xml": "<svg/>"}, jpeg])
    assert [(image.mime, image.name, image.data) for image in images] == [
        ("image/png", "figure-1.png", PNG),
        ("image/svg+xml", "figure-3.svg", b"<svg/>"),
        ("image/jpeg", "figure-4.jpg", PNG),
    ]
    assert left_out == []


def test_a_picture_that_is_too_large_is_named_with_its_size() -> None:
    """The others go along, as long as there is room for all of them together."""
    half = b"x" * (IMAGE_BYTES - 1)
    images, left_out = pictures([png(half + b"xx"), png(half), png(half), png(half), png(half), png()])
    assert [image.name for image in images] == [f"figure-{n}.png" for n in (2, 3, 4)]
    assert left_out == [
        "figure-1.png is left out: 8.0 MB",
        "figure-5.png is left out: 8.0 MB",
        "figure-6.png is left out: 0.0 MB",
    ]


def test_what_is_no_picture_is_said() -> None:
    """An object may give anything for one, and its alert is not to be lost for it."""
    images, left_out = pictures([{"image/png": "a"}, {"image/jpeg": None}, png()])
    assert [image.name for image in images] == ["figure-3.png"]
    assert left_out == [
        "figure-1.png is left out: it is no picture",
        "figure-2.jpg is left out: it is no picture",
    ]
