"""The record: one spelling, a published schema, nothing invented, everything that is required."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
import rfc8785
import segno

from certificate import site
from certificate.lots import ISSUED_AT, decision, identified, profile, signature, unsigned_decision
from regenqc.certificate.content import (
    certificate_bytes,
    certificate_digest,
    certificate_schema,
    read_certificate,
    record_and_digest,
)
from regenqc.certificate.making import make_certificate, usual_type
from regenqc.certificate.profile import parse_profile
from regenqc.certificate.sealing import make_issuer_key, open_issuer_key
from regenqc.certificate.symbols import batch_barcode, qr_svg
from regenqc.certificate.wording import (
    LANGUAGES,
    field_lists,
    heading,
    kinds_of,
    known_fields,
    known_types,
    statement,
    texts,
)
from regenqc.errors import DataError, SpecificationError, UsageError


def signed(content: dict[str, Any]) -> dict[str, Any]:
    content = identified(content)
    return content | {"signatures": [signature(content)]}


def test_a_record_is_read_as_it_was_written() -> None:
    certificate = site.certificate()
    assert read_certificate(certificate_bytes(certificate)) == certificate


def test_a_record_is_canonical_json() -> None:
    data = certificate_bytes(site.certificate())
    assert rfc8785.dumps(json.loads(data)) == data


def test_a_record_is_valid_by_the_published_schema() -> None:
    jsonschema.Draft202012Validator(certificate_schema()).validate(json.loads(certificate_bytes(site.certificate())))


def test_an_unknown_member_is_no_certificate() -> None:
    data = json.loads(certificate_bytes(site.certificate())) | {"note": "x"}
    with pytest.raises(DataError, match="RQC-V010"):
        read_certificate(rfc8785.dumps(data))


def test_the_digest_is_the_same_before_and_after_sealing() -> None:
    unsealed = make_certificate(decision(), profile=profile(), issued_at=ISSUED_AT)
    sealed = site.issuer().seal(unsealed)
    assert certificate_digest(unsealed) == certificate_digest(sealed)
    assert record_and_digest(sealed) == (certificate_bytes(sealed), certificate_digest(sealed))


def test_the_same_content_gets_the_same_seal() -> None:
    unsealed = make_certificate(decision(), profile=profile(), issued_at=ISSUED_AT)
    assert site.issuer().seal(unsealed) == site.issuer().seal(unsealed)


def test_fields_come_from_the_lot_the_results_and_the_profile() -> None:
    fields = site.certificate().fields
    assert (fields["batch_number"], fields["date_of_manufacture"]) == ("HP-00000001", "2026-03-01T02:00:00Z")
    assert (fields["dose"], fields["volume"]) == ("1.0E8 cells", "10 mL")
    assert fields["viability_at_release"] == "92.4 %"
    assert fields["manufacturer"] == "Example Cell Therapies B.V."


def test_what_is_required_and_nowhere_stated_is_named_with_its_source() -> None:
    bare = parse_profile('schema = "regenqc.certificate-profile/1"\n[issuer]\nname = "Maker"\n')
    with pytest.raises(DataError) as error:
        make_certificate(decision(), profile=bare, issued_at=ISSUED_AT, certificate_type="batch_certificate")
    assert [fault.what.split()[5].rstrip(",") for fault in error.value.faults] == [
        "strength",
        "dosage_form",
        "package",
        "importing_country",
        "authorisation_number",
        "manufacturer",
        "manufacturer_address",
        "manufacturing_authorisation",
        "gmp_certificate",
        "laboratory",
        "laboratory_address",
    ]
    assert "EMA/INS/MRA/387218/2011" in str(error.value)


@pytest.mark.parametrize("kind", ["release", "reject"])
@pytest.mark.parametrize("certificate_type", known_types())
def test_a_type_is_made_only_of_decisions_that_it_can_carry(kind: str, certificate_type: str) -> None:
    options = {"profile": profile(), "issued_at": ISSUED_AT, "certificate_type": certificate_type}
    if kind in kinds_of(certificate_type):
        lot = [*unsigned_decision()["lot"], {"name": "tests_completed_at", "value": "2026-03-15"}]
        made = make_certificate(signed(unsigned_decision("HP-1", kind, lot=lot)), **options)
        assert made.type == certificate_type
    else:
        with pytest.raises(DataError, match="RQC-V040"):
            make_certificate(decision(kind=kind), **options)


@pytest.mark.parametrize(
    ("kind", "certificate_type"),
    [
        ("release", "release_certificate"),
        ("conditional_release", "conditional_certificate"),
        ("exceptional_release", "release_certificate"),
        ("reject", "rejection_notice"),
        ("accept", "receipt_certificate"),
        ("refuse", "receipt_certificate"),
    ],
)
def test_what_was_decided_says_which_certificate_it_usually_is(kind: str, certificate_type: str) -> None:
    assert usual_type(kind) == certificate_type


def test_nothing_is_made_of_a_withdrawal() -> None:
    with pytest.raises(DataError, match="RQC-V040"):
        usual_type("withdrawal")


def test_an_unsigned_decision_makes_no_certificate() -> None:
    with pytest.raises(DataError, match="RQC-V043"):
        make_certificate(unsigned_decision() | {"signatures": []}, profile=profile(), issued_at=ISSUED_AT)


@pytest.mark.parametrize("certificate_type", known_types())
def test_every_type_names_its_fields_with_source_and_mark_in_every_language(certificate_type: str) -> None:
    for entry in field_lists(certificate_type):
        assert entry.citation
        assert entry.mark in {"verified", "secondary", "unverified"}
        assert {*entry.required, *entry.stated, *entry.optional} <= set(known_fields())
    for group, names in (("types", known_types()), ("fields", known_fields())):
        for name in names:
            assert all(heading(group, name, LANGUAGES))
    assert set(statement(certificate_type, LANGUAGES)) == set(LANGUAGES)


def test_the_certificate_of_analysis_has_the_fields_of_the_who() -> None:
    """WHO TRS 957 Annex 1, 19.1, and the model certificate of TRS 1010 Annex 4: the minimum content."""
    named = {name for entry in field_lists("certificate_of_analysis") for name in (*entry.required, *entry.stated)}
    assert named == {
        "laboratory", "laboratory_address", "date_received", "requester", "product_name", "product_description",
        "batch_number", "manufacturer", "expiry", "date_tests_completed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("", "schema", id="empty"),
        pytest.param('schema = "regenqc.certificate-profile/1"', "issuer.name", id="without issuer"),
        pytest.param('languages = ["zh"]', "languages", id="without English"),
        pytest.param('languages = ["en", "zh", "ja"]', "languages", id="three languages"),
        pytest.param('number = "C-1"', "number", id="one number for all"),
        pytest.param('number = "{decision}{type}{0.__class__}"', "number", id="a number that looks into objects"),
        pytest.param("[fields]\nprodct_name = 'x'", "fields.prodct_name", id="an unknown field"),
        pytest.param("[fields]\nproduct_name = 1", "fields.product_name", id="a number as text"),
        pytest.param("[fields]\nexpiry = '2030-01-01'", "fields.expiry", id="one expiry for every batch"),
        pytest.param("[attributes]\nbatch_number = 'other'", "attributes.batch_number", id="another batch number"),
        pytest.param("[attributes]\ndose = []", "attributes.dose", id="a field of no column"),
        pytest.param("[statements.other]\nen = 'x'", "statements.other", id="an unknown type"),
        pytest.param("[isuer]\nname = 'x'", "isuer", id="an unknown table"),
    ],
)
def test_a_profile_is_refused_with_the_place_of_every_fault(text: str, place: str) -> None:
    with pytest.raises(SpecificationError) as error:
        parse_profile(text)
    assert any(fault.where.endswith(place) for fault in error.value.faults)
    assert {fault.code for fault in error.value.faults} == {"RQC-V031"}


def test_a_profile_that_is_no_toml_is_refused() -> None:
    with pytest.raises(SpecificationError, match="RQC-V030"):
        parse_profile("= = =")


def test_own_wording_replaces_that_of_regenqc() -> None:
    own = parse_profile(
        'schema = "regenqc.certificate-profile/1"\n[issuer]\nname = "M"\n[fields]\nmanufacturer = "M"\n'
        '[statements.release_certificate]\nen = "As the authority prescribes."\n'
    )
    made = make_certificate(decision(), profile=own, issued_at=ISSUED_AT)
    assert made.statement["en"] == "As the authority prescribes."


def test_a_key_is_opened_only_with_its_password_and_its_certificate() -> None:
    key, certificate = site.issuer_files(site.MAKER)
    assert repr(open_issuer_key(key, certificate, password=site.PASSWORD)).startswith("IssuerKey(sha256:")
    for pem, word in ((certificate, site.PASSWORD[:-1]), (site.issuer_files("Other")[1], site.PASSWORD)):
        with pytest.raises(UsageError, match="RQC-V051"):
            open_issuer_key(key, pem, password=word)
    with pytest.raises(UsageError, match="RQC-V050"):
        make_issuer_key("Maker", password=site.PASSWORD[:0], now=site.START)


def test_a_barcode_is_gs1_only_with_a_gtin() -> None:
    """GS1 General Specifications: (10) stands only together with a trade item."""
    with_gtin = batch_barcode("LOT-1", gtin="09506000134352")
    without = batch_barcode("LOT-1")
    assert with_gtin is not None
    assert without is not None
    assert (with_gtin.is_gs1, with_gtin.text) == (True, "(01)09506000134352(10)LOT-1")
    assert (without.is_gs1, without.text) == (False, "LOT-1")


def test_a_barcode_has_the_bars_of_the_standard() -> None:
    """ISO/IEC 15417: start B, P, J, J, 1, 2, 3, C, check character 55, stop."""
    barcode = batch_barcode("PJJ123C")
    assert barcode is not None
    bars = [(int(start), int(width)) for start, width in re.findall(r"M(\d+) 0h(\d+)v", barcode.svg)]
    spaces = [after - start - width for (start, width), (after, _) in pairwise(bars)]
    drawn = "".join(f"{width}{space}" for (_, width), space in zip(bars, [*spaces, ""], strict=True))
    assert drawn == "2112143131211121331121331232212232112211321313213113212331112"


@pytest.mark.parametrize("text", ["REGENQC1:DECISION-1:" + 150 * "A7+", "REGENQC1:DECISION-1:RC:HP-1:%", "123"])
def test_a_code_has_the_modules_that_another_library_gives_it(text: str) -> None:
    drawn = set()
    for start, y, width in re.findall(r"M(\d+) (\d+)\.5h(\d+)", qr_svg(text)):
        drawn |= {(int(y), int(start) + at) for at in range(int(width))}
    other = segno.make_qr(text, error="m", mask=2, boost_error=False).matrix
    assert drawn == {(y, x) for y, row in enumerate(other) for x, module in enumerate(row) if module}


def test_words_that_are_not_in_the_table_stand_once() -> None:
    assert texts("roles", "courier", ("en", "zh")) == ["courier"]
