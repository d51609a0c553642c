"""What a photo says: the codes in it, parsed as if they had been scanned or typed, or why it says nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any, Final

from regenqc.console.photos.limits import MOST_BYTES, MOST_PIXELS, MOST_PIXELS_OF_JPEG
from regenqc.custody.identifiers import Scan, read_scan
from regenqc.errors import DataError, Fault

__all__ = ["NOTHING_FOUND", "REFUSALS", "PhotoReading", "read_photo"]

_SECONDS: Final = 20
# The separator of GS1 is the one character of a code that does not print.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1c\x1e\x1f\x7f]")

NOTHING_FOUND: Final = Fault(
    code="RQC-W430",
    what="No code was found in the photo.",
    expected="GS1 DataMatrix, QR code, Code 128 or ISBT 128",
    action="Go nearer, until the code fills a third of the picture, without glare and held still; or type the code.",
)
_TOO_LONG: Final = Fault(
    code="RQC-W434",
    what="The photo could not be looked at in time.",
    action="Send it again, or type the code.",
)
_NO_CODE: Final = Fault(
    code="RQC-W435",
    what="A symbol in the photo holds no code.",
    expected="characters that print",
    action="Take a photo of the code alone, or type it.",
)
# By the word that the process says.
REFUSALS: Final = {
    "kind": Fault(
        code="RQC-W431",
        what="This is no photo that can be read.",
        expected="JPEG, PNG or WebP",
        action="Take the photo with the camera, or type the code.",
    ),
    "size": Fault(
        code="RQC-W432",
        what="The photo is too large.",
        expected=(
            f"at most {MOST_BYTES // 1_000_000} MB and {MOST_PIXELS_OF_JPEG // 1_000_000} megapixels, "
            f"{MOST_PIXELS // 1_000_000} where it is no JPEG"
        ),
        action="Take a smaller photo, or type the code.",
    ),
    "broken": Fault(
        code="RQC-W433",
        what="The photo is not whole.",
        action="Send it again, or type the code.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoReading:
    """Hold what a photo says.

    Args:
        codes: each once; a person chooses where there are several.
        faults: why there is none, or what in it is no code of the record.
    """

    codes: tuple[Scan, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def code(self) -> str:
        """Return the one code in the photo, empty where there is none and where there are several."""
        return self.codes[0].code if len(self.codes) == 1 else ""


def read_photo(data: bytes) -> PhotoReading:
    """Return what a photo says. A process of its own looks at it, with little memory and time; the photo is not kept.

    Args:
        data: the file as it was sent.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "regenqc.console.photos.symbols"],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={
                name: value for name, value in os.environ.items() if name in {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH"}
            },
        )
    except subprocess.TimeoutExpired:
        return PhotoReading(faults=(_TOO_LONG,))
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:  # what was sent has broken the process that looked at it, and nothing else
        return PhotoReading(faults=(REFUSALS["broken"],))
    if "why" in told:
        return PhotoReading(faults=(REFUSALS[told["why"]],))
    return _meaning(told["symbols"])


def _meaning(symbols: list[str]) -> PhotoReading:
    codes: dict[str, Scan] = {}
    faults: list[Fault] = []
    for text in symbols:
        if _UNPRINTABLE.search(text):
            faults.append(replace(_NO_CODE, got=text))
            continue
        try:
            scan = read_scan(text)
        except DataError as error:
            faults += error.faults
            continue
        if scan.code:
            codes.setdefault(scan.code, scan)
    if not codes and not faults:
        return PhotoReading(faults=(NOTHING_FOUND,))
    return PhotoReading(codes=tuple(codes.values()), faults=tuple(faults))
