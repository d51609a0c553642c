"""Analyses as SENAITE's JSON API gives them: operator and number of a result stand in two fields, and both are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from regenqc.intake.readers.documents import Row, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TITLES", "senaite_rows"]

TITLES: Final = (
    "uid",
    "getClientBatchID",
    "getBatchID",
    "getRequestID",
    "getClientSampleID",
    "Keyword",
    "Title",
    "Result",
    "DetectionLimitOperand",
    "Unit",
    "Uncertainty",
    "LowerDetectionLimit",
    "UpperDetectionLimit",
    "LowerLimitOfQuantification",
    "review_state",
    "Hidden",
    "getMethodTitle",
    "getInstrumentTitle",
    "getAnalyst",
    "getResultCaptureDate",
    "getDateVerified",
    "Remarks",
    "getRetestOfUID",
)
# The API writes a reference either as text or as a table with these keys.
_NAMES: Final = ("title", "id", "uid")


def senaite_rows(content: Any) -> Iterator[Row]:
    """Yield one row per analysis of a response of the API (`items`), or of a list of analyses.

    Raises:
        ValueError: no such response, or one that says that there are more analyses than it holds.

    Example:
        >>> next(senaite_rows({"count": "1", "items": [{"Keyword": "STER", "Result": "5", "DetectionLimitOperand": "<"}]}))
        {'Keyword': 'STER', 'Result': '5', 'DetectionLimitOperand': '<'}
    """
    items = content
    if isinstance(content, dict):
        if "items" not in content and ("Keyword" in content or "getKeyword" in content):
            items = [content]
        elif not isinstance(content.get("items"), list):
            raise ValueError("$ holds no list 'items'")
        else:
            items = content["items"]
            _check_is_whole(content, items)
    if not isinstance(items, list):
        raise ValueError("$ is no response of the API and no list of analyses")  # noqa: TRY004 - a fault of the document
    for number, item in enumerate(items):
        place = f"$.items[{number}]"
        if not isinstance(item, dict):
            raise ValueError(f"{place} is no analysis")  # noqa: TRY004 - as above
        if not any(name in item for name in ("Keyword", "getKeyword")):
            raise ValueError(f"{place} has no Keyword; ask the API for complete=true")
        row = {title: _text(item.get(title, item.get(_other(title))), f"{place}.{title}") for title in TITLES}
        yield {title: text for title, text in row.items() if text}


def _check_is_whole(content: dict[str, Any], items: list[Any]) -> None:
    """Refuse one page of several: what is on the others would be missing."""
    stated = content.get("count", content.get("total"))
    if content.get("next") or (stated is not None and text_of(stated, "$.count") != str(len(items))):
        raise ValueError(f"$ says that there are {stated} analyses, and holds {len(items)}; pull all pages")


def _other(title: str) -> str:
    """Return the other name of a field: as a catalogue has it, or as the record itself."""
    return title[3:] if title.startswith("get") else f"get{title}"


def _text(value: Any, place: str) -> str:
    if isinstance(value, dict):
        value = next((value[name] for name in _NAMES if value.get(name)), None)
    if isinstance(value, list):
        # Options of a multiple choice: written as a list, which no criterion reads as a word.
        return "" if not value else "[" + ", ".join(_text(entry, place) for entry in value) + "]"
    return text_of(value, place)
