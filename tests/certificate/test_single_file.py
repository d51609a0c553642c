"""The single file that a hospital keeps: it needs Python and `cryptography`, and says what regenqc says."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate import site
from certificate.lots import decision, signature, unsigned_decision
from regenqc.canonical import canonical_json
from regenqc.certificate.content import Certificate, certificate_bytes
from regenqc.certificate.offline import plain_msgspec
from regenqc.certificate.offline.judging import judge
from regenqc.certificate.single_file import single_file
from regenqc.decision.model import Decision
from regenqc.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-03-20T00:00:00+00:00"
# Runs the file where nothing but the standard library and cryptography can be imported.
ALONE = """
import importlib.abc, runpy, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in {"cryptography", "_cffi_backend", "regenqc"}:
            raise ImportError(f"{name} is not there")
        if root == "regenqc" and not any(type(each).__name__ == "_Sources" for each in sys.meta_path[:1]):
            raise ImportError("regenqc is not there")
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hospital")
    (place / "verify_certificate.py").write_text(single_file(), encoding="utf-8")
    site.write_trust(place / "trust")
    return place


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", ALONE, "verify_certificate.py", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_certificate_verifies_in_an_empty_folder(folder: Path) -> None:
    (folder / "good.pdf").write_bytes(site.pdf(site.certificate("HP-00000001", "en", "zh")))
    done = run(folder, "good.pdf", "--now", NOW)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("good.pdf: VERIFIED\n")
    assert "    batch        HP-00000001\n" in done.stdout


def test_a_record_verifies_without_pages(folder: Path) -> None:
    (folder / "record.json").write_bytes(certificate_bytes(site.certificate()))
    assert run(folder, "record.json", "--now", NOW).returncode == 0


def attacked() -> dict[str, bytes]:
    good = site.pdf(site.certificate())
    flipped = bytearray(good)
    flipped[3000] ^= 1
    moved = unsigned_decision("HP-2") | {"signatures": decision("HP-1")["signatures"]}
    analyst = unsigned_decision() | {}
    analyst["required_signatures"][0]["roles"] = ["analyst"]
    analyst |= {"signatures": [signature(analyst, person_id="A-0001", role="analyst", printed_name="Ann Example")]}
    return {
        "flipped": bytes(flipped),
        "appended": good + b"\n",
        "unsigned": site.pdf(site.certificate(), signed=False),
        "changed record": certificate_bytes(site.certificate()).replace(b'"92.4"', b'"99.4"'),
        "moved signature": certificate_bytes(site.certificate(made=moved)),
        "wrong role": certificate_bytes(site.certificate(made=analyst)),
        "no certificate": b"{}",
    }


@pytest.mark.parametrize("attack", list(attacked()))
def test_it_says_what_regenqc_says(folder: Path, attack: str) -> None:
    data = attacked()[attack]
    (folder / "attacked").write_bytes(data)
    done = run(folder, "attacked", "--now", NOW)
    verdict, _, _ = judge(
        data, trust=site.trust(people_root=site.registry().people.root), now=datetime.fromisoformat(NOW)
    )
    assert done.returncode == 5
    said = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("  ✘")]
    assert said == [fault.code for fault in verdict.faults]
    assert all(fault.what in done.stdout for fault in verdict.faults)


def test_it_is_made_of_sources_that_can_be_read(folder: Path) -> None:
    text = (folder / "verify_certificate.py").read_text(encoding="utf-8")
    assert "def verify_inclusion" in text
    assert text == single_file()


def test_without_trust_it_is_a_question_that_cannot_be_asked(folder: Path) -> None:
    done = run(folder, "good.pdf", "--trust", "nowhere")
    assert (done.returncode, "RQC-V070" in done.stderr) == (2, True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(min_codepoint=33, max_codepoint=126)), inner),
    max_leaves=20,
)


@given(VALUES)
def test_the_stand_in_writes_the_same_canonical_bytes(value: Any) -> None:
    try:
        expected = canonical_json(value)
    except DataError:
        return
    assert plain_msgspec.Encoder(order="sorted").encode(value) == expected


# Reads documents with the stand-in, one a line, and says what they are as plain values, or null where they are refused.
READ_ALONE = """
import json, runpy, sys
found = runpy.run_path("verify_certificate.py", run_name="loaded")
sys.meta_path.insert(0, found["_Sources"]())
import regenqc.certificate.offline.plain_msgspec as stand_in
stand_in.install(sys.modules)
from regenqc.certificate.content import Certificate
from regenqc.decision.model import Decision
for line in sys.stdin.buffer:
    try:
        kind = Certificate if line.startswith(b"C") else Decision
        print(json.dumps(stand_in.to_builtins(stand_in.Decoder(kind).decode(line[1:]))))
    except stand_in.MsgspecError:
        print("null")
"""


def test_the_stand_in_reads_and_refuses_the_same_documents(folder: Path) -> None:
    asked: list[tuple[type, bytes]] = []
    for kind, good in ((Decision, decision()), (Certificate, json.loads(certificate_bytes(site.certificate())))):
        changes = [
            {},
            {"unknown": 1},
            {"kind": "maybe"},
            {"type": "other"},
            {"signatures": {}},
            {"seal": None},
            {"fields": []},
        ]
        changes += [{name: wrong} for name in good for wrong in (5, None, "x", [], {}, True)]
        asked += [(kind, json.dumps(good | change).encode()) for change in changes]
        asked += [
            (kind, json.dumps({name: value for name, value in good.items() if name != left}).encode()) for left in good
        ]
    lines = b"".join((b"C" if kind is Certificate else b"D") + data + b"\n" for kind, data in asked)
    done = subprocess.run(
        [sys.executable, "-I", "-c", READ_ALONE], cwd=folder, input=lines, capture_output=True, check=True
    )
    expected = []
    for kind, data in asked:
        try:
            expected.append(json.loads(json.dumps(msgspec.to_builtins(msgspec.json.decode(data, type=kind)))))
        except msgspec.MsgspecError:
            expected.append(None)
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected
    assert 10 < sum(each is None for each in expected) < len(expected)


def test_moments_are_compared_with_their_zones() -> None:
    assert datetime(2026, 3, 20, tzinfo=UTC) == datetime.fromisoformat(NOW)
