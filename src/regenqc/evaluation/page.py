"""What pages of findings have in common: one style, escaping of everything that others wrote, and how numbers and texts are shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from regenqc.evaluation.visible_text import visible

if TYPE_CHECKING:
    import jinja2

__all__ = ["page_environment"]

_NAME_LENGTH: Final = 160
_SENTENCE_LENGTH: Final = 900


def page_environment(folder: Path) -> jinja2.Environment:
    """Return an environment for templates of a folder that extend `page.html.jinja`.

    Filters: `count` a number with thousands apart, `name` and `sentence` a text of others cut to a length and with unseen characters
    visible, `words` an identifier as words.

    Args:
        folder: of the templates.

    Example:
        >>> page_environment(Path()).from_string("{{ 12345|count }} {{ name|name }}").render(name="<b>")
        '12,345 &lt;b&gt;'
    """
    import jinja2  # noqa: PLC0415 - only a page needs it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": lambda number: f"{number:,}",
        "name": lambda text: visible(text, longest=_NAME_LENGTH),
        "sentence": lambda text: visible(text, longest=_SENTENCE_LENGTH),
        "words": lambda text: text.replace("_", " "),
    }
    return environment
