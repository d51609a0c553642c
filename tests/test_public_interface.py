"""What `import regenqc` offers, and that errors survive a process border."""

from __future__ import annotations

import pickle

import pytest

import regenqc


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(regenqc, name) is not None for name in regenqc.__all__)


def test_public_names_are_sorted_strings() -> None:
    assert list(regenqc.__all__) == sorted(regenqc.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'decide'"):
        _ = regenqc.decide


@pytest.mark.parametrize(
    "kind",
    [
        regenqc.DataError,
        regenqc.InternalError,
        regenqc.LedgerError,
        regenqc.SignatureError,
        regenqc.SpecificationError,
        regenqc.UsageError,
    ],
)
def test_errors_pickle_with_their_faults(kind: type[regenqc.RegenqcError]) -> None:
    error = kind(regenqc.Fault(code="RQC-D001", what="The file is empty.", where="a.csv"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is kind
    assert again.faults == error.faults
    assert str(again) == str(error)


def test_errors_inherit_only_exception() -> None:
    assert regenqc.RegenqcError.__bases__ == (Exception,)


def test_the_version_is_that_of_the_package_metadata() -> None:
    from importlib.metadata import version

    assert regenqc.__version__ == version("regenqc")
