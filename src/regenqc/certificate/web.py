"""A certificate as one web page without anything from elsewhere: from the same data as the PDF, in the same order."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from regenqc.certificate.page import make_page

if TYPE_CHECKING:
    from regenqc.certificate.content import Certificate

__all__ = ["html_page"]


def html_page(certificate: Certificate) -> str:
    """Return a certificate as an HTML document; every text of others is escaped.

    Args:
        certificate: sealed.
    """
    return _template().render(page=make_page(certificate))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("certificate.html.jinja")
