"""Whatever a file holds, checking it ends with a verdict."""

from __future__ import annotations

import io
import random
import zipfile
from typing import TYPE_CHECKING

import pytest

from certificate import site
from regenqc.certificate.content import certificate_bytes
from regenqc.certificate.offline.judging import judge
from regenqc.certificate.package import evidence_package

if TYPE_CHECKING:
    from collections.abc import Callable


def _damaged(data: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(data)
    kind = dice.randrange(5)
    # Half of the damage is done where the structure of the file stands: at its end.
    at = dice.randrange(len(data)) if dice.random() < 0.5 else len(data) - 1 - dice.randrange(min(3000, len(data)))
    length = dice.randrange(1, 40)
    if kind == 0:
        damaged[at] ^= 1 << dice.randrange(8)
    elif kind == 1:
        del damaged[at : at + length]
    elif kind == 2:
        damaged[at:at] = dice.randbytes(length)
    elif kind == 3:
        damaged[at : at + length] = dice.randbytes(length)
    else:
        del damaged[at:]
    return bytes(damaged)


def _zipped(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packet:
        packet.writestr("certificate.json", certificate_bytes(site.certificate()))
        packet.writestr("inputs/results.csv", b"batch_id,test,result\n" * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: site.pdf(site.certificate()), id="a signed PDF"),
        pytest.param(lambda: site.pdf(site.certificate(), signed=False), id="a PDF without signature"),
        pytest.param(lambda: certificate_bytes(site.certificate()), id="a record"),
        pytest.param(lambda: evidence_package(site.certificate(), pdf=site.pdf(site.certificate())), id="a packet"),
        pytest.param(lambda: _zipped(zipfile.ZIP_BZIP2), id="a packet by bzip2"),
        pytest.param(lambda: _zipped(zipfile.ZIP_LZMA), id="a packet by LZMA"),
    ],
)
def test_a_damaged_file_gets_a_verdict_and_is_never_believed_for_another(make: Callable[[], bytes]) -> None:
    data, dice = make(), random.Random(1)
    good = judge(data, trust=site.trust(), now=site.NOW)[0].facts
    for _ in range(400):
        damaged = _damaged(data, dice)
        if damaged == data:
            continue
        verdict, _, _ = judge(damaged, trust=site.trust(), now=site.NOW)
        # A packet may be damaged in what nobody looks at; what is believed is the certificate that was issued.
        assert not verdict.ok or (data.startswith(b"PK") and verdict.facts == good)


@pytest.mark.parametrize(
    "table",
    [
        b"startxref\nx\n%%EOF",
        b"startxref\n99999999\n%%EOF",
        b"xref\n0 9999999\nstartxref\n9\n%%EOF",
        b"xref\n0 3\nabc\nstartxref\n9\n%%EOF",
    ],
    ids=["no number", "beyond the end", "more entries than there are", "entries that are none"],
)
def test_a_table_of_objects_that_lies_is_refused(table: bytes) -> None:
    verdict, _, _ = judge(b"%PDF-1.7\n" + table, trust=site.trust(), now=site.NOW)
    assert [fault.code for fault in verdict.faults] == ["RQC-V100"]


def test_a_packet_that_says_it_is_enormous_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packet:
        packet.writestr("certificate.json", certificate_bytes(site.certificate()))
        packet.writestr("zeros.bin", bytes(1000))
    said = out.getvalue().replace((1000).to_bytes(4, "little"), (2**31).to_bytes(4, "little"))
    verdict, _, _ = judge(said, trust=site.trust(), now=site.NOW)
    assert verdict.faults[0].got == "the packet holds more than 10000 files or 1000000000 bytes"
