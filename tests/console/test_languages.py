"""Every sentence of every page exists in every language, with the same places for values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import regenqc.console
from regenqc.console.application import create_application
from regenqc.console.languages import LANGUAGES, sentences, translated
from regenqc.console.pages.moments import SENTENCES
from regenqc.console.settings import ConsoleSettings
from regenqc.signing.words import Meaning, Role
from regenqc.vocabulary import Disposition, Force, Mark, Stage, Verdict

ROOT = Path(regenqc.console.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]
_CALL = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')
# Words that a page translates by what a lot, a decision or a person is.
WORDS = {
    each.replace("_", " ")
    for each in (
        *(str(word.value) for words in (Disposition, Stage, Meaning, Role, Force, Mark) for word in words),
        *(word.name.lower() for word in Verdict),
        *("pending", "release", "conditional_release", "exceptional_release", "reject", "withdrawal"),
        *("conditional", "removed", "unverified_limit", "failure"),
    )
}


def asked_for() -> dict[str, str]:
    """Return every sentence of the templates by the template in which it stands, and those that the code gives them."""
    found = {
        match[1]: path.name
        for path in sorted(ROOT.glob("templates/**/*.jinja"))
        for match in _CALL.finditer(path.read_text())
    }
    return found | dict.fromkeys((*SENTENCES, *sorted(WORDS)), "code")


@pytest.fixture(scope="module")
def titles(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    application = create_application(ConsoleSettings(home=home, site="A"), identify=lambda _: None)
    return [screen.title for screen in application.state.console.screens]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_exists(language, titles):
    lacking = {text: where for text, where in asked_for().items() if text not in sentences(language)}
    lacking |= {title: "navigation" for title in titles if title not in sentences(language)}
    assert lacking == {}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_the_same_places(language):
    def places(text):
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    wrong = [text for text, other in sentences(language).items() if places(text) != places(other)]
    assert wrong == []


@pytest.mark.parametrize("path", sorted((ROOT / "languages").glob("*.toml")), ids=lambda path: path.name)
def test_no_translation_is_empty_or_english(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert [
        text
        for text, other in table.items()
        if not other.strip() or (other.isascii() and text.isascii() and len(text) > 12)
    ] == []


def test_a_page_is_in_the_language_that_a_browser_asks_for(client_of):
    client = client_of("QP-0001")
    for language, word in (("zh-CN", "待办队列"), ("ja", "待ち行列"), ("ko-KR,ko;q=0.9", "대기열"), ("fr", "Queue")):
        assert f"<h1>{word}</h1>" in client.get("/", headers={"accept-language": language}).text


def test_values_stand_where_the_language_wants_them():
    assert translated("row {number}", "zh", number=7) == "第 7 行"
