"""What a person answers: typed on the terminal, or prepared in a file for a pipeline."""

from __future__ import annotations

import tomllib
from typing import Any, Final, Literal
from unicodedata import normalize

import msgspec
from msgspec import Struct

from regenqc.decision.faults import refused
from regenqc.decision.model import DecisionKind  # noqa: TC001 - msgspec reads the type when it decodes

__all__ = ["SCHEMA", "Answers", "Confirmation", "answers_json", "parse_answers", "read_answers_json"]

SCHEMA: Final = "regenqc.answers/1"


class Confirmation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An answer to one item of the checklist, with a comment where one is needed."""

    answer: Literal["yes", "no", "not_applicable"]
    comment: str = ""


class Answers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a person says about one batch.

    Args:
        batch_id: which batch.
        kind: what is decided.
        stage: at which; may be left out when the batch was judged at one only.
        checklist: answer by item.
        acknowledged: what is acknowledged, each as `kind:id`, for example `alert:viability`.
        justification: why the decision departs from the disposition.
        exceptional: identifier of each document of the exceptional path.
        supersedes: decision that this one takes the place of.
        reason: why it does.
    """

    batch_id: str
    kind: DecisionKind
    stage: str | None = None
    checklist: dict[str, Confirmation] = {}
    acknowledged: tuple[str, ...] = ()
    justification: str = ""
    exceptional: dict[str, str] = {}
    supersedes: str | None = None
    reason: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: Literal["regenqc.answers/1"]
    decision: tuple[Answers, ...]


def parse_answers(text: str, *, where: str) -> tuple[Answers, ...]:
    """Return the answers of a file: one `[[decision]]` for each batch.

    Args:
        text: TOML; a confirmation is `item = "yes"`, or `item = { answer = "not_applicable", comment = "…" }`.
        where: its name, for messages.

    Raises:
        UsageError: `RQC-A040`, the file is not valid.

    Example:
        >>> text = '''
        ... schema = "regenqc.answers/1"
        ... [[decision]]
        ... batch_id = "LOT-1"
        ... kind = "release"
        ... checklist = { audit_trail = "yes" }
        ... '''
        >>> parse_answers(text, where="answers.toml")[0].checklist["audit_trail"].answer
        'yes'
    """
    try:
        value: Any = tomllib.loads(normalize("NFC", text))
        for entry in value.get("decision", []):
            confirmed = entry.get("checklist", {})
            entry["checklist"] = {
                name: {"answer": each} if isinstance(each, str) else each for name, each in confirmed.items()
            }
        answers: _File = msgspec.convert(value, _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, AttributeError, TypeError) as error:
        raise refused(
            "RQC-A040",
            "The file of answers is not valid.",
            where=where,
            got=str(error),
            expected=f'schema = "{SCHEMA}" and a [[decision]] for each batch',
            action="`docs/decision.md` shows one.",
        ) from error
    return answers.decision


def answers_json(answers: Answers) -> str:
    """Return answers as JSON, for a form that carries them from page to page.

    Example:
        >>> answers = Answers(batch_id="LOT-1", kind="reject")
        >>> read_answers_json(answers_json(answers)) == answers
        True
    """
    return msgspec.json.encode(answers).decode()


def read_answers_json(text: str) -> Answers:
    """Return the answers that a form carried.

    Raises:
        UsageError: `RQC-A040`, they are none.
    """
    try:
        return msgspec.json.decode(text.encode(), type=Answers)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise refused(
            "RQC-A040",
            "These are no answers.",
            where="form",
            got=str(error),
            expected="what the page before wrote",
            action="Begin again on the page of the lot.",
        ) from error
