"""Photos beside the fields of a form: read, and put where they belong, whether a script sent one or a form all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Form, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from regenqc.console.languages import language_of, translated
from regenqc.console.photos.limits import MOST_BYTES
from regenqc.console.photos.reading import PhotoReading, read_photo
from regenqc.evaluation.visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.custody.identifiers import Scan

__all__ = ["NO_PHOTOS", "SEVERAL", "Photographed", "answer_photos", "read_form", "shown"]

SEVERAL: Final = "Several codes are in the photo: choose the one that belongs here."
_PREFIX: Final = "photo-"
_LONGEST: Final = 400
_SHOWN: Final = 120
_MOST_PHOTOS: Final = 8
# A processor is left for everybody else.
_AT_ONCE: Final = 2
_READERS: Final[RunVar[CapacityLimiter]] = RunVar("regenqc_photo_readers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Photographed:
    """Hold a form whose photos were read.

    Args:
        typed: its texts by name, with the code of each photo that holds one code.
        read: what each photo says, by the name of its field.
    """

    typed: dict[str, str] = field(default_factory=dict)
    read: dict[str, PhotoReading] = field(default_factory=dict)


# What pages show when no photo was sent.
NO_PHOTOS: Final = Photographed()


async def read_form(request: Request, csrf: Annotated[str, Form(max_length=_LONGEST)] = "") -> Photographed:
    """Return the form that was sent, its photos read; a dependency of routes that take photos.

    The photo for a field `item` is the file `photo-item`.
    """
    del csrf  # looked at before; that a field is stated at all lets every file of the form be closed, whatever happens
    form = await request.form()
    typed = {name: value.strip()[:_LONGEST] for name, value in form.multi_items() if isinstance(value, str)}
    photos = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile) and value.size]
    read: dict[str, PhotoReading] = {}
    for name, photo in photos[:_MOST_PHOTOS]:
        if not name.startswith(_PREFIX):
            continue
        # In the order in which they came, two at once; whoever waits holds no thread.
        reading = await to_thread.run_sync(_read, photo, limiter=_readers())
        read[name.removeprefix(_PREFIX)] = reading
    return Photographed(typed=typed | {name: each.code for name, each in read.items() if each.code}, read=read)


def answer_photos(request: Request, found: Photographed, form: Callable[[], Response]) -> Response:
    """Return what photos say: as JSON to a script that asks for it, otherwise the form again with its fields filled in.

    Args:
        request: of the photos.
        found: what was read.
        form: makes the page.
    """
    if "application/json" not in request.headers.get("accept", ""):
        return form()
    language = language_of(request, default=request.app.state.console.settings.language)
    return JSONResponse({"fields": {name: _told(reading, language) for name, reading in found.read.items()}})


def shown(scan: Scan) -> str:
    """Return a code as people choose it: with lot and expiry, as a label prints them, where the symbol states them.

    Example:
        >>> from regenqc.custody.identifiers import read_scan
        >>> shown(read_scan("(01)09506000134352(17)261231(10)ABC"))
        'https://id.gs1.org/01/09506000134352/10/ABC (10)ABC (17)261231'
    """
    lot, expiry = scan.lot and f" (10){scan.lot}", scan.expiry and f" (17){scan.expiry}"
    return f"{scan.code}{lot}{expiry}"


def _told(reading: PhotoReading, language: str) -> dict[str, Any]:
    sentences = [SEVERAL] if len(reading.codes) > 1 else []
    told = [translated(each, language) for each in sentences]
    for fault in reading.faults:
        needed = f"{translated('needed:', language)} {fault.expected}." if fault.expected else ""
        said = (
            translated(fault.what, language),
            visible(fault.got, longest=_SHOWN),
            needed,
            translated(fault.action, language),
        )
        told.append(" ".join(each for each in said if each))
    return {"codes": [{"code": each.code, "shown": shown(each)} for each in reading.codes], "told": told}


def _read(photo: UploadFile) -> PhotoReading:
    # One byte more than may be: what is larger is refused by whoever looks at it.
    photo.file.seek(0)
    return read_photo(photo.file.read(MOST_BYTES + 1))


def _readers() -> CapacityLimiter:
    try:
        return _READERS.get()
    except LookupError:
        made = CapacityLimiter(_AT_ONCE)
        _READERS.set(made)
        return made
