"""Pictures without what a program wrote beside them: comments, EXIF, XMP, text of an SVG that is a secret.

A picture that is not what it says it is stays as it is: nothing in it can be told apart.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from nbalert.message import Image

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"))
_JPEG = b"\xff\xd8"
_JPEG_TEXTS = frozenset((0xE1, 0xED, 0xFE))
"""EXIF and XMP, Photoshop's, comments."""
_JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""What a decoder needs of the segments that applications write."""
_SCAN, _END = 0xDA, 0xD9
_SCAN_ENDS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SVG_TEXTS = re.compile(
    r"<metadata\b.*?</metadata\s*>|<metadata\b[^>]*/>|<!--.*?-->|<\?(?!xml\s).*?\?>", re.DOTALL
)


def without_metadata(image: Image, redact: Callable[[str], str]) -> Image:
    """The same picture, and nothing else.

    Args:
        redact: Scrubs the text of an SVG.
    """
    if image.data.startswith(_PNG):
        return replace(image, data=b"".join(_png(image.data)))
    if image.data.startswith(_JPEG):
        return replace(image, data=b"".join(_jpeg(image.data)))
    if image.mime == "image/svg+xml":
        text = _SVG_TEXTS.sub("", image.data.decode("utf-8", "surrogateescape"))
        return replace(image, data=redact(text).encode("utf-8", "surrogateescape"))
    return image


def _png(data: bytes) -> Iterator[bytes]:
    """The chunks that make the picture. Source: https://www.w3.org/TR/png-3/#5Chunk-layout"""
    yield _PNG
    at = len(_PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind not in _PNG_TEXTS:
            yield data[at:end]
        if kind == b"IEND":
            return
        at = end


def _jpeg(data: bytes) -> Iterator[bytes]:
    """The segments that make the picture. Source: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B"""
    yield _JPEG
    at = len(_JPEG)
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _END:
            yield data[at : at + 2]
            return
        if marker == 0xFF:  # padding
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _SCAN:
            found = _SCAN_ENDS.search(data, end)
            end = found.start() if found else len(data)
        yield _segment(marker, data[at:end])
        at = end


def _segment(marker: int, segment: bytes) -> bytes:
    if marker == 0xE1:
        return _turned(segment)
    is_application = 0xE0 <= marker <= 0xEF
    kept = _JPEG_KEPT.get(marker)
    if marker in _JPEG_TEXTS or (is_application and not (kept and segment[4:].startswith(kept))):
        return b""
    return segment


def _turned(segment: bytes) -> bytes:
    """Of EXIF only which way up the picture is. Source: Exif 3.0, 4.6.5 (tag 0x0112)"""
    tiff = segment[10:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if not segment[4:].startswith(b"Exif\0\0") or order is None or len(tiff) < 10:
        return b""
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    entries = tiff[first + 2 : first + 2 + 12 * 64]
    for at in range(0, len(entries) - 11, 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", entries, at)
        if tag == 0x0112 and kind == 3 and 1 < value <= 8:
            kept = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, tag, 3, 1, value, 0, 0)
            return b"\xff\xe1" + struct.pack(">H", 8 + len(kept)) + b"Exif\0\0" + kept
    return b""
