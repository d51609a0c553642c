"""Symbols in a picture: GS1 DataMatrix, QR codes, Code 128 with ISBT 128; run as a process of its own.

`python -m regenqc.console.photos.symbols` reads a picture from its standard input and prints what it found as JSON. Decoders of
pictures are large programs in C that strangers' bytes are fed to: here they have no more memory and time than a photo takes, and
what breaks them breaks no server. Of the picture nothing is kept, and nothing of it but its symbols is told: no place, no camera.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Final

import PIL.Image
from zxingcpp import BarcodeFormat, BarcodeFormats, ContentType, TextMode, read_barcodes

from regenqc.console.photos.limits import MOST_BYTES, MOST_PIXELS, MOST_PIXELS_OF_JPEG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image
    from zxingcpp import Barcode, Position

__all__ = ["PictureRefused", "main", "read_symbols"]

_KINDS: Final = ("JPEG", "PNG", "WEBP")
_WIDTH_READ: Final = 3_000
_WIDTH_TURNED: Final = 2_000
_ADDRESS_BYTES: Final = 640_000_000
_PROCESSOR_SECONDS: Final = 10
_LONGEST_TEXT: Final = 400
_MOST_SYMBOLS: Final = 20
_GREY: Final = 128
_SYMBOLOGIES: Final = BarcodeFormats([BarcodeFormat.DataMatrix, BarcodeFormat.QRCode, BarcodeFormat.Code128])
# Bars are found within some 10 degrees of upright and level; these turns bring any other slant there.
_TURNS: Final = (15, 30, 45, 60, 75)
# By which bars are turned once more than level before they are read again, so that it is another reading.
_OFF_LEVEL: Final = 1.5


class PictureRefused(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A picture is not looked at.

    Args:
        why: `kind`, `size` or `broken`.
        got: what it is.
    """

    def __init__(self, why: str, got: str) -> None:
        super().__init__(why, got)
        self.why, self.got = why, got


def read_symbols(data: bytes) -> list[str]:
    r"""Return what a scanner would send for each symbol in a picture, in the order in which they were found, each once.

    What is in the form of GS1 begins with its symbology identifier.

    Args:
        data: the file, JPEG, PNG or WebP.

    Raises:
        PictureRefused: it is of another kind, too large, or not whole.

    Example:
        >>> read_symbols(b"GIF89a")
        Traceback (most recent call last):
            ...
        regenqc.console.photos.symbols.PictureRefused: ('kind', 'another kind of file')
    """
    found: list[str] = []
    for tried in _attempts(_grey(data)):
        found = _symbols_in(tried)
        if found:
            break
    return list(dict.fromkeys(found))[:_MOST_SYMBOLS]


def _grey(data: bytes) -> Image:
    """Return a picture in shades of grey, no wider than it needs to be; its size is judged before it is decoded."""
    warnings.simplefilter("ignore")  # about what is refused below
    try:
        picture = PIL.Image.open(BytesIO(data), formats=_KINDS)
    except PIL.UnidentifiedImageError as error:
        raise PictureRefused("kind", "another kind of file") from error
    except PIL.Image.DecompressionBombError as error:
        raise PictureRefused("size", "more pixels than anybody photographs") from error
    except Exception as error:  # whatever a decoder makes of a broken head
        raise PictureRefused("broken", type(error).__name__) from error
    most = MOST_PIXELS_OF_JPEG if picture.format in {"JPEG", "MPO"} else MOST_PIXELS
    if picture.width * picture.height > most:
        raise PictureRefused("size", f"{picture.width} × {picture.height} pixels")
    try:
        picture.draft("L", (_WIDTH_READ, _WIDTH_READ))
        if picture.has_transparency_data:
            # What is transparent shows the white page below it.
            page = PIL.Image.new("RGBA", picture.size, "white")
            page.alpha_composite(picture.convert("RGBA"))
            return page.convert("L")
        return picture.convert("L")
    except Exception as error:
        raise PictureRefused("broken", str(error)[:200] or type(error).__name__) from error


def _attempts(picture: Image) -> Iterator[Image]:
    yield picture
    half = picture.reduce(2)
    # Blur is less at half the width.
    yield half
    turned = half if max(picture.size) > _WIDTH_TURNED else picture
    for degrees in _TURNS:
        yield turned.rotate(degrees, resample=PIL.Image.Resampling.BILINEAR, expand=True, fillcolor=_GREY)


def _symbols_in(picture: Image) -> list[str]:
    found = _read(picture)
    matrices = [each for each in found if each.format != BarcodeFormat.Code128]
    bars = [each for each in found if each.format == BarcodeFormat.Code128]
    # A matrix corrects its errors. Bars have one check character, and a scan line that leaves slanted bars before their end passes
    # it now and then: so they count when they say the same once more, and nothing else, where every line crosses all of them.
    sure = [each for each in bars if {_text(other) for other in _read(_band(picture, each, bars))} == {_text(each)}]
    return [_text(each) for each in matrices + sure]


def _band(picture: Image, symbol: Barcode, bars: list[Barcode]) -> Image:
    """Return the middle of bars, levelled: of the tallest of those that were found in one place."""
    box = _box(symbol.position)
    place = max((each.position for each in bars if _touch(box, _box(each.position))), key=_height)
    left, top, right, bottom = _box(place)
    reach = max(int(0.7 * math.hypot(right - left, bottom - top)), 8)
    around = PIL.Image.new("L", (2 * reach, 2 * reach), _GREY)
    around.paste(picture, (reach - (left + right) // 2, reach - (top + bottom) // 2))
    slant = math.degrees(math.atan2(place.top_right.y - place.top_left.y, place.top_right.x - place.top_left.x))
    level = around.rotate(slant + _OFF_LEVEL, resample=PIL.Image.Resampling.BILINEAR, fillcolor=_GREY)
    half = max(int(_height(place) / 4), 1)
    return level.crop((0, reach - half, 2 * reach, reach + half))


def _height(place: Position) -> float:
    return math.hypot(place.bottom_left.x - place.top_left.x, place.bottom_left.y - place.top_left.y)


def _touch(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _box(place: Position) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a place."""
    corners = (place.top_left, place.top_right, place.bottom_left, place.bottom_right)
    across, down = [each.x for each in corners], [each.y for each in corners]
    return min(across), min(down), max(across), max(down)


def _read(picture: Image) -> list[Barcode]:
    found = read_barcodes(
        memoryview(picture.tobytes()).cast("B", (picture.height, picture.width)),
        formats=_SYMBOLOGIES,
        text_mode=TextMode.Plain,
    )
    return [each for each in found if 0 < len(each.text) <= _LONGEST_TEXT]


def _text(symbol: Barcode) -> str:
    return (symbol.symbology_identifier if symbol.content_type == ContentType.GS1 else "") + symbol.text


def _limit() -> None:
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - only where there is such a thing

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Look at the picture on standard input; print its symbols, or why it is refused."""
    _limit()
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        if len(data) > MOST_BYTES:
            raise PictureRefused("size", f"more than {MOST_BYTES // 1_000_000} MB")  # noqa: TRY301 - told like the others
        told: dict[str, object] = {"symbols": read_symbols(data)}
    except PictureRefused as refused:
        told = {"why": refused.why, "got": refused.got}
    except MemoryError:
        told = {"why": "size", "got": "more than the memory of a photo"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
