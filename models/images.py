"""Picture files made fit to be sent as they are: PNG and JPEG, without what a camera or a program wrote in.

Nothing is decoded: the files' segments are taken apart, and only those that make up the picture are kept. How
it is turned is kept for a JPEG, as the picture would lie on its side without it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from models.chat import Image
from models.errors import BadImage

LARGEST_BYTES = 20 << 20
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB"})
_PNG_SMALL = 1024  # bytes; no palette or transparency is longer, so nothing can hide in one
_SOI, _EOI, _SOS, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0xE1, 0xEE
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_ORIENTATION = 0x0112


def without_metadata(content: bytes) -> Image:
    """The picture in a file's content. Raises BadImage for another kind of file, or one that is damaged."""
    if len(content) > LARGEST_BYTES:
        raise BadImage(f"The file is larger than {LARGEST_BYTES >> 20} MiB.", "Make it smaller first.")
    try:
        if content.startswith(_PNG):
            return _png(content)
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
    except (struct.error, IndexError) as error:
        raise _damaged() from error
    raise BadImage("It is neither a PNG nor a JPEG.", "Save it as one of these first.")


def _damaged() -> BadImage:
    return BadImage("The file is damaged, or not complete.", "Save it anew, or choose another one.")


def _png(content: bytes) -> Image:
    width, height = struct.unpack_from(">II", content, 16)
    kept, position, kind = [_PNG], len(_PNG), b""
    while kind != b"IEND":
        (length,) = struct.unpack_from(">I", content, position)
        kind, end = content[position + 4 : position + 8], position + 12 + length
        if end > len(content) or (position == len(_PNG) and kind != b"IHDR"):
            raise _damaged()
        if kind in _PNG_KEPT and (kind == b"IDAT" or length <= _PNG_SMALL):
            kept.append(content[position:end])
        position = end
    return _image("image/png", b"".join(kept), width, height)


def _jpeg(content: bytes) -> Image:
    kept, size, turned = [b"\xff\xd8"], (0, 0), 1
    for marker, segment in _segments(content):
        if marker in _SIZES:
            size = struct.unpack_from(">HH", segment, 5)
        if marker == _APP1:
            turned = _orientation(segment[4:]) or turned
        elif marker == _APP14 and segment[4:9] == b"Adobe":  # how its colours are meant
            kept.append(segment[:2] + b"\x00\x0e" + segment[4:16])
        elif not 0xE0 <= marker <= 0xEF and marker != 0xFE:
            kept.append(segment)
    if not size[0] or not size[1]:
        raise _damaged()
    if turned != 1:
        kept.insert(1, _turned_segment(turned))
    height, width = size if turned < 5 else size[::-1]
    return _image("image/jpeg", b"".join(kept), width, height)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with its segment or scan; what is behind the picture's end is left out."""
    position = 2
    while True:
        while content[position : position + 2] == b"\xff\xff":
            position += 1
        if content[position] != 0xFF:
            raise _damaged()
        marker, end = content[position + 1], position + 2
        if marker == _EOI:
            yield marker, content[position:end]
            return
        if marker not in _ALONE:
            end += struct.unpack_from(">H", content, end)[0]
        if marker == _SOS:
            end = _scan_end(content, end)
        if end > len(content) or end <= position:
            raise _damaged()
        yield marker, content[position:end]
        position = end


def _scan_end(content: bytes, position: int) -> int:
    """Where the next marker begins that is neither a stuffed byte nor a restart."""
    while True:
        position = content.find(b"\xff", position)
        if position < 0 or position + 1 >= len(content):
            raise _damaged()
        following = content[position + 1]
        if following not in (0x00, 0xFF) and not 0xD0 <= following <= 0xD7:
            return position
        position += 1 if following == 0xFF else 2


def _orientation(app1: bytes) -> int | None:
    """How an Exif segment says that the picture is turned, 1 to 8; None where it doesn't."""
    if not app1.startswith(b"Exif\0\0"):
        return None
    tiff = app1[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (place,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, place)
        for number in range(count):
            tag, _kind, _count, value = struct.unpack_from(f"{order}HHIH", tiff, place + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else None
    except struct.error:
        return None
    return None


def _turned_segment(turned: int) -> bytes:
    """An Exif segment that says how the picture is turned, and nothing else."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\0\0" + tiff


def _image(media_type: str, data: bytes, width: int, height: int) -> Image:
    if not width or not height:
        raise _damaged()
    return Image(media_type, data, width, height)
