"""A JSON Schema of specification files, with the meaning of every key, for editors."""

from __future__ import annotations

from typing import Any, Final

from regenqc.specification.model import SpecificationDocument

__all__ = ["KEY_MEANINGS", "specification_schema"]

_LIMIT: Final = {
    "min": "Smallest value that conforms, as text: its digits are significant.",
    "max": "Largest value that conforms, as text.",
    "min_exclusive": "Value above which results conform, as text; not together with min.",
    "max_exclusive": "Value below which results conform, as text; not together with max.",
    "unit": "Unit of the numbers, from the unit dictionary; results in any unit of the same kind are compared exactly.",
}

# What every key means, by model and key; the schema and the documentation are both checked against this table.
KEY_MEANINGS: Final[dict[str, dict[str, str]]] = {
    "SpecificationDocument": {
        "schema": "Format of the file.",
        "id": "Identifier; the file stands at <id>.toml in a directory of specifications.",
        "version": "Version of the content, one to three numbers.",
        "title": "Title for people.",
        "jurisdiction": "Where the specification applies; INT is none in particular.",
        "pathway": "Legal track.",
        "extends": "Identifiers of the specifications whose requirements are inherited, with or without version.",
        "valid_from": "First day on which a batch may be judged by the specification; batches before it hold.",
        "valid_to": "Last day on which a batch may be judged by the specification; batches after it hold.",
        "rounding": "How reported values are rounded before they are compared, for every limit stated in this file.",
        "unlisted_tests": "What a result of a test that no requirement names does: hold the batch, or only be reported.",
        "product": "Attributes of the batches that the specification speaks about.",
        "attributes": "Every value that a batch attribute used in `when` can take.",
        "removed": "Inherited requirements that do not apply, with the justification.",
        "requirement": "The requirements, in the order in which they are shown.",
        "derived": "Results computed from other results before evaluation.",
    },
    "Requirement": {
        "id": "Identifier, unique in the specification; that of an inherited requirement tightens it.",
        "test": "Test code of the results that are judged.",
        "stage": "Stage at which the batch is judged.",
        "title": "Title for people; the identifier in words when absent.",
        "method": "Method in words, for people.",
        "methods": "Methods that count; a result obtained by another method is inconclusive.",
        "limit": "The numbers that conform.",
        "alert": "Numbers inside the limit; a result that conforms but lies outside them must be acknowledged.",
        "one_of": "Words of the result vocabulary that conform; every other decided word fails.",
        "none_of": "Words of the result vocabulary that fail; their opposites conform, every other word is inconclusive.",
        "karyotype": "What a reported karyotype must show.",
        "identity": "What the result must equal.",
        "agreement": "How far the result may differ from that of another stage.",
        "any_of": "Criteria of which at least one must conform.",
        "all_of": "Criteria that must all conform.",
        "n_of_m": "Criteria of which a number must conform.",
        "evidence": "A document or approval that the batch must state.",
        "report_only": "The result must be reported and is not judged.",
        "sponsor_must_set": "The sponsor has to set the criterion; until then the batch holds.",
        "rounding": "How a reported value is rounded before it is compared with the limits of this requirement.",
        "replicates": "How several results of one batch are combined.",
        "replicates_conforming": 'Number of replicates that must conform, with replicates = "n_of_m".',
        "replicates_total": 'Number of replicates that must be reported, with replicates = "n_of_m".',
        "controls": "What the assay controls must show so that a result counts; without it the result is inconclusive.",
        "retests": "Number of retests allowed after a failing result was invalidated, stated beforehand.",
        "timing": "Whether the result must be known before release.",
        "due": "Time after manufacture at which a result that may follow the release is due.",
        "on_fail": "What a failing result does to the batch.",
        "consequences": "What has to be done when a result that may follow the release fails.",
        "when": "Attributes and values of the batches to which the requirement applies; every batch when absent.",
        "accept_preliminary": "Whether a preliminary result that conforms counts.",
        "force": "How strongly the source binds.",
        "citation": "The document and place that set the criterion.",
        "edition": "Edition of the document.",
        "mark": "How far the source has been checked; an unverified criterion makes every result inconclusive.",
        "valid_from": "First day on which the requirement applies.",
        "valid_to": "Last day on which the requirement applies.",
        "reason": "Why the requirement is as it is; shown where the sponsor has not set it.",
    },
    "LimitText": _LIMIT,
    "AlternativePart": {
        "test": "Test code of the results that are judged.",
        "limit": "The numbers that conform.",
        "alert": "Numbers inside the limit; a result outside them must be acknowledged.",
        "one_of": "Words that conform; every other decided word fails.",
        "none_of": "Words that fail; their opposites conform.",
    },
    "Control": {
        "test": "Test code under which the control is reported, for the same batch and stage.",
        "column": "Column of the result's own row that reports the control; its unit stands in `<column>_unit`.",
        "limit": "The numbers that the control must show; never rounded.",
        "alert": "Numbers inside the limit; a control outside them must be acknowledged.",
        "one_of": "Words that the control must show; every other decided word means that it failed.",
        "none_of": "Words that mean that the control failed; their opposites conform.",
    },
    "Consequence": {
        "action": "What has to be done.",
        "citation": "The document and place that demand it.",
        "within": "Time within which it has to be done.",
    },
    "NumberOf": {
        "n": "Number of parts that must conform.",
        "of": "The parts, each of another test.",
    },
    "Karyotype": {
        "min_metaphases": "Metaphases that must have been counted, as text.",
        "expected_sex": "Sex of the donor, or the batch attribute that states it.",
        "allow": "Variants that count as normal when they stand exactly so.",
        "second_method": "Tests that see what banding cannot; each must be a requirement of the same stage.",
    },
    "Identity": {
        "equals": "Attribute of the batch that the result must equal.",
        "equals_stage": "Another stage, whose result of the same test the result must equal.",
    },
    "Agreement": {
        "stage": "The other stage.",
        "relative": "Largest difference in percent of the other result, as text.",
        "absolute": "Largest difference in `unit`, as text.",
        "unit": "Unit of `absolute`.",
        "confidence": "Of the interval of the difference, which must lie within the tolerance as a whole; between 0 and 1, as text.",
    },
    "Evidence": {
        "document": "Attribute of the batch that names the document.",
        "valid_until": "Attribute of the batch that says until when it is valid.",
    },
    "Derived": {
        "id": "Test code of the computed result.",
        "function": "Name of the function.",
        "inputs": "For each input of the function a test code, an attribute of the batch with @ before its name, a table "
        "that names a column or a method of a test, or a number with its unit.",
        "stage": "Stage of the computed result; every stage whose requirements name the test when absent.",
    },
    "RowInput": {
        "test": "Test code of the results that are taken.",
        "column": "Column that is taken of every result.",
        "method": "Method of the results that are taken; all of them when absent.",
    },
    "Removal": {
        "id": "Identifier of the inherited requirement.",
        "justification": "Why it does not apply; shown on the certificate.",
    },
}


def specification_schema() -> dict[str, Any]:
    """Return the JSON Schema of specification files, with the meaning of every key.

    It describes the form only; what keys mean together is checked when a specification is loaded.

    Example:
        >>> specification_schema()["properties"]["version"]["description"]
        'Version of the content, one to three numbers.'
    """
    schema = SpecificationDocument.model_json_schema(by_alias=True)
    for name, meanings in KEY_MEANINGS.items():
        owner = schema if name == "SpecificationDocument" else schema["$defs"][name]
        for key, meaning in meanings.items():
            owner["properties"][key]["description"] = meaning
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
