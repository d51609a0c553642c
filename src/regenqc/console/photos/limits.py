"""How large a photo may be; the server that is sent one and the process that looks at it agree about it."""

from __future__ import annotations

from typing import Final

__all__ = ["MOST_BYTES", "MOST_PIXELS", "MOST_PIXELS_OF_JPEG"]

MOST_BYTES: Final = 16_000_000
# A photo of 48 megapixels is read at half its width while it is decoded; other kinds are decoded whole.
MOST_PIXELS_OF_JPEG: Final = 64_000_000
MOST_PIXELS: Final = 16_000_000
