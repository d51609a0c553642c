"""Calls into Spark: its warnings that concern nobody here, and its errors in the words of this package."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from regenqc.errors import Fault, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["spark_calls"]


@contextmanager
def spark_calls(what: str) -> Iterator[None]:
    """Run Spark jobs; a job that fails in spite of Spark's own retries is an internal error.

    Args:
        what: the step, for the message.

    Raises:
        InternalError: the job failed.
    """
    from py4j.protocol import Py4JError  # noqa: PLC0415 - comes with PySpark, which may not be installed
    from pyspark.errors import PySparkException  # noqa: PLC0415

    with warnings.catch_warnings():
        # It warns about every pandas since 3; no frame of pandas is made here.
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        try:
            yield
        except (PySparkException, Py4JError) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise InternalError(
                Fault(
                    code="RQC-X091",
                    what=f"Spark gave up: {what}.",
                    got=lines[-1] if lines else type(error).__name__,
                    expected="tasks that end, if need be after a retry",
                    action="Look for the first failed task in Spark's log, which has the whole story.",
                )
            ) from error
