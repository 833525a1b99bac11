from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from nbalert.image_metadata import without_metadata
from nbalert.message import Image
from nbalert.redaction import Redactor

SECRET = "hush-hush-hush"


def saved(form: str, **options: object) -> bytes:
    """A small picture."""
    file = io.BytesIO()
    picture = Picture.effect_mandelbrot((40, 20), (-3, -2.5, 2, 2.5), 20).convert("RGB")
    picture.save(file, form, **options)
    return file.getvalue()


def png() -> bytes:
    """With text of all three kinds, EXIF and a time."""
    info = PngInfo()
    info.add_text("Comment", SECRET)
    info.add_text("Zipped", SECRET, zip=True)
    info.add_itxt("Wide", SECRET, "en", "Wide", zip=False)
    info.add(b"tIME", b"\x07\xea\x01\x01\x01\x01\x01")
    return saved("PNG", pnginfo=info, exif=exif(), dpi=(72, 72)) + SECRET.encode()


def exif(orientation: int = 6) -> Picture.Exif:
    """A camera's, lying on its side."""
    tags = Picture.Exif()
    tags[0x010E], tags[0x0112] = SECRET, orientation
    return tags


def jpeg(**options: object) -> bytes:
    """With EXIF, XMP, a comment, a colour profile, and something behind its end."""
    profile = b"\0" * 36 + b"acsp" + b"\0" * 88
    data = saved("JPEG", exif=exif(), comment=SECRET, icc_profile=profile, **options)
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + SECRET.encode()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + data[2:] + SECRET.encode()


def stripped(data: bytes, mime: str = "image/png") -> bytes:
    """Without metadata."""
    return without_metadata(Image(data, mime), Redactor().text).data


@pytest.mark.parametrize(
    "make", [png, jpeg, lambda: jpeg(progressive=True), lambda: jpeg(restart_marker_blocks=2)]
)
def test_the_picture_stays_and_the_words_go(make: Callable[[], bytes]) -> None:
    """Text, EXIF, XMP, comments and what stands behind the end are gone, and every point is as it was."""
    data = make()
    assert SECRET.encode() in data
    bare = stripped(data)
    assert SECRET.encode() not in bare
    assert SECRET.encode() not in b"".join(_inflated(bare))
    with Picture.open(io.BytesIO(data)) as before, Picture.open(io.BytesIO(bare)) as after:
        assert before.tobytes() == after.tobytes()
        assert before.info.get("dpi") == after.info.get("dpi")
    assert stripped(bare) == bare


def _inflated(data: bytes) -> list[bytes]:
    """What is packed in the chunks of a PNG."""
    found = []
    for at in range(len(data) - 1):
        if data[at] == 0x78:
            try:
                found.append(zlib.decompressobj().decompress(data[at:]))
            except zlib.error:
                continue
    return found


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_stays_upright(orientation: int) -> None:
    """Which way up it is, is kept of a JPEG's EXIF, and nothing else."""
    bare = stripped(saved("JPEG", exif=exif(orientation)), "image/jpeg")
    with Picture.open(io.BytesIO(bare)) as picture:
        assert dict(picture.getexif()) == ({} if orientation == 1 else {0x0112: orientation})
        assert "icc_profile" not in picture.info


def test_a_colour_profile_is_kept() -> None:
    """It is how the picture looks."""
    with Picture.open(io.BytesIO(stripped(jpeg(), "image/jpeg"))) as picture:
        assert picture.info["icc_profile"]


def test_a_figure_says_nothing_of_its_program() -> None:
    """Matplotlib signs what it draws; an SVG's text is scrubbed, and its metadata is gone."""
    figure = Figure()
    figure.suptitle("password=hunter2")
    drawn = {form: io.BytesIO() for form in ("png", "svg")}
    for form, file in drawn.items():
        figure.savefig(file, format=form, metadata={"Description": SECRET})
    assert b"Matplotlib" not in stripped(drawn["png"].getvalue())
    svg = f"<!-- {SECRET} --><?note {SECRET}?>".encode() + drawn["svg"].getvalue()
    bare = stripped(svg, "image/svg+xml").decode()
    assert SECRET not in bare
    assert "<metadata" not in bare
    assert "hunter2" not in bare
    assert "</svg>" in bare


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff\xff", b"no"]
)
def test_what_is_none_makes_no_trouble(data: bytes) -> None:
    """Of half a picture half is left."""
    assert data.startswith(stripped(data))


@pytest.mark.parametrize("make", [png, jpeg])
def test_a_broken_picture_makes_no_trouble(make: Callable[[], bytes]) -> None:
    """Cut off anywhere, it has no metadata, and raises nothing."""
    data = make()
    for end in range(0, len(data), 7):
        assert SECRET.encode() not in stripped(data[:end])
