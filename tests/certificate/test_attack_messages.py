"""Whatever is done to whatever certificate in whatever form: both verifiers refuse it, in the words that somebody reviewed.

`attack_messages.txt` holds the words, whole: what, where, what was found, what was expected and what to do. After a change
`PYTHONPATH=.:tests python -m certificate.attacks` writes them anew, to be read before they are kept.
"""

from __future__ import annotations

import pytest

from certificate.attacks import answered, asked, messages, section

REVIEWED = messages()


@pytest.mark.parametrize(
    ("attack", "form", "subject"), REVIEWED, ids=[f"{attack}: {form}, {subject}" for attack, form, subject in REVIEWED]
)
def test_an_attack_is_told_in_the_reviewed_words(attack: str, form: str, subject: str) -> None:
    assert section(attack, form, subject) == REVIEWED[attack, form, subject]


def test_every_attack_was_reviewed_and_none_passes() -> None:
    assert set(asked()) == set(REVIEWED)
    assert all(told.startswith("NOT VERIFIED\n") for said in answered().values() for told in said.values())


@pytest.mark.parametrize("text", sorted(set(REVIEWED.values())), ids=lambda text: text.split()[4])
def test_a_message_says_what_was_found_what_was_expected_and_what_to_do(text: str) -> None:
    for fault in text.split("  ✘ ")[1:]:
        labels = [line.split()[0] for line in fault.splitlines()[1:] if line.startswith(15 * " ")]
        # A file that is no certificate has no number to be named by; its name stands above.
        assert labels == ["at", "got", "expected", "do"][fault.startswith("file ") :]
