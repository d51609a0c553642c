"""Codes out of photos: what is read, what is refused, and that a photo fills in fields and does nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile

import pytest
from tests.console.access_site import Site
from tests.console.photos import DONATION, bars, bomb, data_matrix, photo, qr
from tests.console.running_server import connected, everything, running
from tests.console.ward import FIRST, SECOND, Receiving, Ward, furnished, ward

from certificate import site as certificates
from certificate.lots import identified, signature, unsigned_decision
from regenqc.cli.demo_ward import ARRIVED, COI, RECIPIENT
from regenqc.console.access.journal import lines
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.photos.limits import MOST_BYTES
from regenqc.console.photos.reading import read_photo
from regenqc.console.photos.symbols import read_symbols
from regenqc.console.settings import read_settings
from regenqc.console.store.database import open_store
from regenqc.custody.identifiers import read_scan

__all__ = ["furnished", "ward"]  # fixtures

SERIAL = "https://id.gs1.org/01/09506000134352/21/X1"
DIN = read_scan(DONATION).code
LABELS = {
    "GS1 DataMatrix": (data_matrix(), SERIAL),
    "GS1 Digital Link in a QR code": (qr(), SERIAL),
    "ISBT 128 in bars": (bars(), DIN),
    "a code of the laboratory": (qr(ARRIVED[0]), ARRIVED[0]),
}
TAKEN = {
    "held straight": {},
    "a little askew": {"degrees": 9},
    "across": {"degrees": 45},
    "on its side": {"degrees": 90},
    "upside down": {"degrees": 180},
    "out of focus": {"blur": 1.5},
    "in the dark": {"noise": 0.3},
    "packed small": {"quality": 15},
    "askew, unsharp, dark": {"degrees": 8, "blur": 1, "noise": 0.2},
    "as PNG": {"kind": "PNG"},
    "as WebP": {"kind": "WEBP"},
    "packed in passes": {"progressive": True},
}
JSON = {"Accept": "application/json"}


@pytest.mark.parametrize("how", TAKEN.values(), ids=list(TAKEN))
@pytest.mark.parametrize(("label", "code"), LABELS.values(), ids=list(LABELS))
def test_a_label_is_read_however_the_photo_was_taken(label, code, how):
    found = read_photo(photo(label, **how))
    assert (found.code, found.faults) == (code, ())
    assert read_scan(found.code).code == code, (
        "the field holds what a scanner would have sent, in the record's spelling"
    )


@pytest.mark.parametrize("degrees", range(0, 360, 20))
def test_bars_at_a_slant_are_read_right_or_not_at_all(degrees):
    # At 20 and 40 degrees a scan line across these bars also says =G12349865439010, and its check character agrees.
    assert read_symbols(photo(bars(), size=(1280, 720), degrees=degrees)) == [DONATION]


def test_lot_and_expiry_are_those_of_the_symbol():
    (scan,) = read_photo(photo(data_matrix())).codes
    assert (scan.lot, scan.expiry) == ("ABC", "261231")
    (scan,) = read_photo(photo(bars(f"{DONATION}=<S1129V00"))).codes
    assert scan.product == "S1129V00"


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
def test_a_photographed_certificate_names_its_lot(tmp_path):
    content = identified(unsigned_decision("HP-00000001"))
    made = certificates.certificate("HP-00000001", made=content | {"signatures": [signature(content)]})
    path = tmp_path / "page.pdf"
    path.write_bytes(certificates.renderer().pdf(made))
    subprocess.run(["pdftoppm", "-jpeg", "-r", "300", str(path), str(tmp_path / "page")], check=True)
    found = [scan for page in sorted(tmp_path.glob("*.jpg")) for scan in read_photo(page.read_bytes()).codes]
    assert ("HP-00000001", "260319") in {(scan.lot, scan.expiry) for scan in found}


def test_of_two_codes_none_is_taken():
    found = read_photo(photo(data_matrix(), bars()))
    assert {each.code for each in found.codes} == {SERIAL, DIN}
    assert found.code == ""


def test_one_code_in_two_symbols_is_one_code():
    assert read_photo(photo(data_matrix("[01]09506000134352[21]X1"), qr(SERIAL))).code == SERIAL


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (photo(), "RQC-W430"),
        (photo(data_matrix(), blur=9), "RQC-W430"),
        (b"batch_id,test,result\n", "RQC-W431"),
        (b"", "RQC-W431"),
        (b"GIF89a" + bytes(2000), "RQC-W431"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "RQC-W431"),
        (b"%PDF-1.7\n", "RQC-W431"),
        (bomb(20_000, 20_000), "RQC-W432"),
        (bomb(5_000, 5_000), "RQC-W432"),
        (b"\xff\xd8" + bytes(MOST_BYTES), "RQC-W432"),
        (photo(data_matrix())[:-9000], "RQC-W433"),
        (photo(data_matrix(), kind="PNG")[:-300], "RQC-W433"),
        (b"\xff\xd8\xff" + bytes(200), "RQC-W431"),
        (photo(qr("https://id.gs1.org/01/09506000134353/21/X1")), "RQC-C030"),
        (photo(bars("=<S1129V00")), "RQC-C030"),
        (photo(qr("one\nanother")), "RQC-W435"),
    ],
    ids=[
        "no code", "all too unsharp", "a table", "nothing", "another kind of picture", "a drawing", "a document",
        "a picture of 400 megapixels in 50 kB", "a picture of 25 megapixels in 4 kB", "a file of 16 MB",
        "half a JPEG", "half a PNG", "the first bytes of a JPEG",
        "a wrong check digit", "a product code alone", "two lines",
    ],
)  # fmt: skip
def test_what_is_no_code_of_the_record_is_said_and_fills_nothing(data, code):
    found = read_photo(data)
    assert ([fault.code for fault in found.faults], found.codes) == ([code], ())
    assert all(fault.action for fault in found.faults)


def test_a_wrong_symbol_beside_a_right_one_is_said():
    found = read_photo(photo(data_matrix(), qr("https://id.gs1.org/01/09506000134353/21/X1")))
    assert found.code == SERIAL
    assert [fault.code for fault in found.faults] == ["RQC-C030"]


def sent(ward: Ward, path: str, *, person: str = "NURSE-0203", headers=None, fields=(), **pictures: bytes):
    files = {f"photo-{name}": ("IMG_0001.jpg", data, "image/jpeg") for name, data in pictures.items()}
    return ward.client(person).post(path, data={"csrf": "token", **dict(fields)}, files=files, headers=headers or {})


def value(text: str, name: str) -> str:
    found = re.search(rf'<input id="{name}" name="{name}" value="([^"]*)"', text)
    return found[1] if found else "no such field"


def test_without_scripts_photos_fill_the_gate_in_and_ask_nothing(ward: Ward):
    typed = {"coi": COI, "actor": "NURSE-0203", "role": "nurse", "second_actor": '"><b>x', "second_role": "physician"}
    answer = sent(ward, "/gate/photo", fields=typed, item=photo(qr(ARRIVED[0])), recipient=photo(qr(RECIPIENT)))
    assert answer.status_code == 200
    assert [value(answer.text, name) for name in ("item", "recipient", "coi")] == [ARRIVED[0], RECIPIENT, COI]
    assert "&#34;&gt;&lt;b&gt;x" in answer.text
    assert '<option value="nurse" selected>' in answer.text
    assert lines(open_store(read_settings(ward.home).store), event="gate") == []


def test_without_scripts_a_person_chooses_between_two_codes(ward: Ward):
    answer = sent(ward, "/gate/photo", item=photo(data_matrix(), bars()), headers={"accept-language": "ja"})
    select = re.search(r'<select id="item" name="item".*?</select>', answer.text, re.DOTALL)
    assert select is not None
    assert set(re.findall(r'value="([^"]*)"', select[0])) == {"", SERIAL, DIN}
    assert "(10)ABC (17)261231" in select[0]
    assert "写真に複数のコードがあります。" in answer.text


def test_what_a_photo_does_not_say_leaves_what_was_typed(ward: Ward):
    answer = sent(ward, "/gate/photo", fields={"item": "DP-TYPED"}, item=photo())
    assert value(answer.text, "item") == "DP-TYPED"
    assert "No code was found in the photo." in answer.text
    assert "RQC-W430" in answer.text


def test_a_script_is_told_codes_and_sentences_and_nothing_else_of_a_photo(ward: Ward):
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E], exif[0x8825] = "room 12", {1: "N", 2: (52.0, 5.0, 0.0)}
    answer = sent(ward, "/gate/photo", headers=JSON, item=photo(data_matrix(), exif=exif))
    shown = f"{SERIAL} (10)ABC (17)261231"
    assert answer.json() == {"fields": {"item": {"codes": [{"code": SERIAL, "shown": shown}], "told": []}}}
    both = sent(ward, "/gate/photo", headers=JSON | {"accept-language": "zh"}, item=photo(data_matrix(), bars()))
    told = both.json()["fields"]["item"]
    assert len(told["codes"]) == 2
    assert told["told"] == ["照片中有多个代码：请选择属于此处的一个。"]
    none = sent(ward, "/gate/photo", headers=JSON, item=b"text").json()["fields"]["item"]
    assert none["codes"] == []
    assert none["told"][0].startswith("This is no photo that can be read. needed: JPEG, PNG or WebP.")


def test_a_receipt_begins_with_a_photo_of_the_container(ward: Ward):
    chosen = {"specification": "example/receipt-of-frozen-cells"}
    answer = sent(ward, "/receipts/photo", person=FIRST, fields=chosen, item=photo(qr(ARRIVED[0]), degrees=9))
    assert value(answer.text, "item") == ARRIVED[0]
    assert '<option value="example/receipt-of-frozen-cells" selected>' in answer.text
    assert "Nothing yet." in answer.text


def test_the_pages_of_a_receipt_keep_what_was_typed_and_no_password(ward: Ward):
    place = Receiving(ward, ARRIVED[0]).place
    reading = {"seen": "digest-of-before", "by": SECOND, "role": "pharmacist", "password": "not to be shown"}
    answer = sent(ward, f"{place}/first/photo", person=FIRST, fields=reading, recipient=photo(qr(RECIPIENT)))
    assert [value(answer.text, name) for name in ("by", "recipient", "coi")] == [SECOND, RECIPIENT, ""]
    assert 'name="role" value="pharmacist"' in answer.text
    assert "not to be shown" not in answer.text
    # What somebody else kept meanwhile is still noticed: the page names the digest that was on it.
    assert 'name="seen" value="digest-of-before"' in answer.text
    label = {"containers": "2", "expires_at": "2029-05-13T07:00:00Z", "requalified_until": "2027-12-31"}
    answer = sent(ward, f"{place}/label/photo", person=FIRST, fields=label, shipper=photo(bars("SHIPPER-7")))
    assert value(answer.text, "shipper") == "SHIPPER-7"
    assert all(f'name="{name}" value="{text}"' in answer.text for name, text in label.items())
    answer = sent(ward, f"{place}/arrival/photo", person=FIRST, fields={"received_as": "receiver"}, received_by=photo())
    assert 'value="receiver"' in answer.text
    assert sent(ward, f"{place}/judge/photo", person=FIRST).status_code == 404
    assert sent(ward, "/receipts/000000000000/first/photo", person=FIRST).status_code == 404


def test_custody_takes_a_photo_and_looks_nothing_up(ward: Ward):
    answer = sent(ward, "/custody/photo", code=photo(qr(ARRIVED[0])))
    assert value(answer.text, "code") == ARRIVED[0]
    assert 'class="patients"' not in answer.text
    assert lines(open_store(read_settings(ward.home).store), event="custody") == []


def test_at_the_bedside_a_photo_opens_the_container_and_fills_the_check_in(ward: Ward):
    answer = sent(ward, "/bedside/photo", item=photo(qr(ARRIVED[0])))
    assert (answer.status_code, ARRIVED[0] in answer.text) == (200, True)
    told = sent(ward, "/bedside/photo", headers=JSON, recipient=photo(qr(RECIPIENT))).json()
    assert told["fields"]["recipient"]["codes"][0]["code"] == RECIPIENT


def test_no_photo_is_kept(ward: Ward, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    large = photo(data_matrix(), size=(4000, 3000), noise=0.2, quality=95)
    assert len(large) > 2_000_000
    before = set(ward.home.rglob("*"))
    assert sent(ward, "/gate/photo", headers=JSON, item=large).json()["fields"]["item"]["codes"]
    assert list(temporary.iterdir()) == []
    # The database of the console may have made its files beside it.
    assert {path for path in ward.home.rglob("*") if "console.db" not in path.name} <= before


def test_more_than_a_few_photos_are_not_looked_at(ward: Ward):
    many = {f"field{number}": photo(size=(20, 20)) for number in range(12)}
    assert len(sent(ward, "/gate/photo", headers=JSON, **many).json()["fields"]) == 8


def test_a_photo_is_read_only_from_who_is_somebody(tmp_path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False))
    site.account("PHYS-0001")
    large = {"photo-item": ("x.jpg", bytes(2_000_000), "image/jpeg")}
    assert site.browser().client.post("/gate/photo", files=large).status_code == 413
    browser = site.signed_in("PHYS-0001")
    browser.get("/gate")
    assert browser.client.post("/gate/photo", files=large).status_code == 403, "a forged one is not looked at"
    told = {"X-CSRF-Token": re.findall('name="csrf" value="([^"]+)"', browser.get("/gate").text)[0]}
    assert "RQC-W431" in browser.client.post("/gate/photo", files=large, headers=told).text
    too_large = {"photo-item": ("x.jpg", bytes(70_000_000), "image/jpeg")}
    assert browser.client.post("/gate/photo", files=too_large, headers=told).status_code == 413


def test_a_photo_that_comes_too_slowly_or_without_end_is_given_up(tmp_path):
    policy = AccessPolicy(second_factor=False, body_seconds=1.0, largest_body_bytes=50_000, largest_files_bytes=300_000)
    site = Site(tmp_path, policy=policy)
    site.account("PHYS-0001")
    cookie = "; ".join(f"{name}={value}" for name, value in site.signed_in("PHYS-0001").client.cookies.items())
    head = (
        f"POST /gate/photo HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
    ).encode()
    part = b'--x\r\nContent-Disposition: form-data; name="photo-item"; filename="x.jpg"\r\n\r\n'
    chunks = b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n" % (len(part), part)
    chunks += (b"2710\r\n" + b"x" * 10_000 + b"\r\n") * 40 + b"0\r\n\r\n"
    with running(site.application, policy=policy) as port:
        for sent, status in ((chunks, b"413"), (b"Content-Length: 100000\r\n\r\n" + part, b"408")):
            with connected(port) as connection:
                connection.sendall(head + sent)
                assert everything(connection).split(b" ")[1] == status


def test_a_packet_and_loggers_may_be_larger_than_other_forms(ward: Ward):
    place = Receiving(ward, ARRIVED[0]).place
    answer = ward.client(FIRST).post(
        f"{place}/files", data={"csrf": "token"}, files={"packet": ("packet.pdf", b"%PDF-" + bytes(3_000_000))}
    )
    assert answer.status_code == 422
    assert "RQC-" in answer.text
