"""Pages from templates: everything that a laboratory or a person wrote is text and nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
from fastapi.responses import HTMLResponse

from regenqc.console.access.person import person_of
from regenqc.console.access.sessions import csrf_of, token_of
from regenqc.console.languages import LANGUAGES, language_of, translated
from regenqc.console.photos.fields import NO_PHOTOS
from regenqc.console.photos.fields import shown as code_shown
from regenqc.evaluation.visible_text import visible as spelled

if TYPE_CHECKING:
    from fastapi import Request

    from regenqc.console.access.person import SignedIn

__all__ = ["STATIC", "bare_page", "page"]

_HERE: Final = Path(__file__).resolve().parent
STATIC: Final = _HERE / "static"
_LONGEST: Final = 400


def _visible(text: object, longest: int = _LONGEST) -> str:
    """Return what others wrote, with nothing hidden in it."""
    return spelled(str(text), longest=longest)


_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["visible"] = _visible
_TEMPLATES.filters["as_chosen"] = code_shown


def page(request: Request, template: str, /, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """Return a page.

    A template has `t(sentence, **values)` for what is translated, `person` (or none), `csrf` for its forms, `screens` that
    the person may open, `language`, `languages`, and whatever is shown. Texts of others pass the filter `visible`.
    """
    person = person_of(request)
    csrf = csrf_of(token) if (token := token_of(request)) else ""
    return _rendered(request, template, status=status, person=person, csrf=csrf, **shown)


def bare_page(request: Request, template: str, /, *, status: int, **shown: Any) -> HTMLResponse:
    """Return a page as somebody sees it who is not signed in, without asking who sends the request."""
    return _rendered(request, template, status=status, person=None, csrf="", **shown)


def _rendered(
    request: Request, template: str, *, status: int, person: SignedIn | None, csrf: str, **shown: Any
) -> HTMLResponse:
    console = request.app.state.console
    language = language_of(request, default=console.settings.language)
    screens = [each for each in console.screens if person is not None and person.may(each.permission)]
    text = _TEMPLATES.get_template(template).render(
        t=partial(_translated, language),
        person=person,
        csrf=csrf,
        screens=screens,
        path=request.url.path,
        language=language,
        languages=LANGUAGES,
        site=console.settings.site,
        now=console.clock(),
        **({"photographed": NO_PHOTOS} | shown),
    )
    return HTMLResponse(text, status_code=status, headers={"Content-Language": language})


def _translated(language: str, text: str, /, **values: Any) -> str:
    return translated(text, language, **values)
