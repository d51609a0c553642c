"""A server that ends in the middle of a signature: the decision is in the ledger and the certificate follows, or neither is."""

from __future__ import annotations

import html
import re
import shutil
import signal
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from tests.console.real_server import serving
from tests.console.test_deciding import in_ledger

from regenqc.cli.demo_office import PASSWORD
from regenqc.console.background import certificate_files
from regenqc.console.settings import read_settings
from regenqc.console.store.current_lots import lot_key
from regenqc.decision.folder import DecisionFolder

LOT = "SYNTHETIC-CD20-11"
KEY = lot_key(LOT, "drug_product_release", "example/car-t-cd20-two-step")

_DIE = "os.kill(os.getpid(), signal.SIGKILL)"
# What the process does before it answers: one function ends it by the signal that nothing can catch.
_STEPS = {
    "before the password is tried": (
        "from regenqc.signing import session\nsession.unlocked_key = lambda *a, **k: {die}",
        False,
    ),
    "signed, and nothing begun": (
        "from regenqc.console import deciding\ndeciding.begin = lambda *a, **k: {die}",
        False,
    ),
    "half of what is begun written": (
        (
            "from pathlib import Path\nreal = Path.replace\n"
            "def replace(self, target):\n    return {die} if 'begun' in str(target) else real(self, target)\n"
            "Path.replace = replace"
        ),
        False,
    ),
    "begun, and not offered to the ledger": (
        "from regenqc.console import deciding\ndeciding._append = lambda *a, **k: {die}",
        True,
    ),
    "in the ledger, and not in the folder": (
        (
            "from regenqc.console import deciding\nreal = deciding._append\n"
            "def append(*a, **k):\n    real(*a, **k)\n    {die}\ndeciding._append = append"
        ),
        True,
    ),
    "half of the decision's file written": (
        (
            "from pathlib import Path\nreal = Path.replace\n"
            "def replace(self, target):\n    return {die} if 'decisions' in str(target) else real(self, target)\n"
            "Path.replace = replace"
        ),
        True,
    ),
    "in the folder, and not in the store": (
        "from regenqc.console import deciding\ndeciding.take_decision = lambda *a, **k: {die}",
        True,
    ),
    "before the certificate": (
        (
            "from regenqc.console import background\nreal = background._regenqc\n"
            "def regenqc(*words):\n    return {die} if words[0] == 'certify' else real(*words)\n"
            "background._regenqc = regenqc"
        ),
        True,
    ),
}


@pytest.fixture
def home(live_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(live_home, tmp_path / "home"))


class Browser:
    """Somebody with a browser that runs no script."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._open = build_opener(HTTPCookieProcessor(CookieJar())).open

    def get(self, path: str) -> str:
        with self._open(f"{self._address}{path}", timeout=60) as answer:
            return answer.read().decode()

    def post(self, path: str, form: list[tuple[str, str]]) -> str:
        request = Request(f"{self._address}{path}", data=urlencode(form).encode(), headers={"Origin": self._address})  # noqa: S310
        with self._open(request, timeout=60) as answer:
            return answer.read().decode()

    def sign_in(self, person: str) -> None:
        text = self.get("/sign-in")
        self.post("/sign-in", [*hidden(text), ("name", person), ("password", PASSWORD), ("code", "")])

    def release(self) -> None:
        text = self.get(f"/lots/{KEY}/decide?kind=conditional_release")
        form = [(name, value) for name, value in hidden(text) if name in {"csrf", "kind"}][-2:]
        form += [(name, "yes") for name in dict.fromkeys(re.findall(r'name="(item:[^"]*)"', text))]
        form += [
            ("acknowledged", html.unescape(each)) for each in re.findall(r'name="acknowledged" value="([^"]*)"', text)
        ]
        shown = self.post(f"/lots/{KEY}/decide", form)
        own = [(name, value) for name, value in hidden(shown.partition('class="signature"')[2])]
        self.post(f"/lots/{KEY}/sign", [*own, ("person", "QP-0001"), ("password", PASSWORD)])


def hidden(text: str) -> list[tuple[str, str]]:
    return [
        (name, html.unescape(value))
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    ]


def wait_for(what, *, seconds: float = 60) -> bool:
    for _ in range(int(seconds * 5)):
        if what():
            return True
        time.sleep(0.2)
    return False


@pytest.mark.parametrize(("script", "is_decided"), _STEPS.values(), ids=list(_STEPS))
def test_either_everything_follows_or_nothing_was_written(
    home: Path,
    script: str,
    is_decided: bool,  # noqa: FBT001 - a column of the table
) -> None:
    settings = read_settings(home)
    with serving(home, before="import os, signal\n" + script.format(die=_DIE)) as (address, process):
        somebody = Browser(address)
        somebody.sign_in("QP-0001")
        try:
            somebody.release()
        except HTTPError as error:
            pytest.fail(error.read().decode())
        except OSError:
            pass  # the connection ended with the process
        assert wait_for(lambda: process.poll() is not None), "the process was to end"
        assert process.returncode == -signal.SIGKILL
    with serving(home) as (address, _):
        decisions = DecisionFolder(settings.decisions).of_lot(LOT)
        assert len(decisions) == is_decided
        assert [len(in_ledger(home, each.decision_id)) for each in decisions] == [1] * is_decided
        assert not list(settings.begun.glob("*"))
        if is_decided:
            (decision,) = decisions
            files = certificate_files(settings, decision.decision_id, kind=decision.kind, spec_id=decision.spec.id)
            assert files is not None
            assert wait_for(lambda: all(path.exists() for path in files)), "the certificate was to follow"
        else:
            somebody = Browser(address)
            somebody.sign_in("QP-0001")
            somebody.release()
            assert len(DecisionFolder(settings.decisions).of_lot(LOT)) == 1
