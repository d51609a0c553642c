"""One abnormality at a time."""

import pytest

from regenqc.karyotype import Abnormality, read_abnormality


@pytest.fixture
def abnormality():
    def read_one(text):
        found = read_abnormality(text)
        assert isinstance(found, Abnormality), f"{text}: {found}"
        return found

    return read_one
