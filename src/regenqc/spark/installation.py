"""Find PySpark and Java, or say what to install."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check_installation", "spark_session"]

_OLDEST_SPARK: Final = (4, 1)
_OLDEST_JAVA: Final = 17


def check_installation() -> None:
    """Raise unless PySpark and, where no session is connected yet, Java are there.

    Raises:
        UsageError: what is missing, and how to install it.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise UsageError(
            Fault(
                code="RQC-U090",
                what="PySpark is not installed.",
                expected="PySpark 4.1 or later",
                action="Install it with: pip install 'regenqc[spark]'.",
            )
        )
    found = tuple(int(part) for part in version("pyspark").split(".")[:2])
    if found < _OLDEST_SPARK:
        raise UsageError(
            Fault(
                code="RQC-U090",
                what="PySpark is too old.",
                got=version("pyspark"),
                expected="PySpark 4.1 or later",
                action="Install it with: pip install 'regenqc[spark]'.",
            )
        )
    from pyspark.sql import SparkSession  # noqa: PLC0415 - may not be installed

    if SparkSession.getActiveSession() is None:
        _check_java()


def spark_session() -> SparkSession:
    """Return the active session, or start one as Spark's own configuration says; without any, on all local cores.

    Raises:
        UsageError: PySpark or Java is missing, or Spark does not start.
    """
    check_installation()
    from pyspark.errors import PySparkException  # noqa: PLC0415 - may not be installed
    from pyspark.sql import SparkSession  # noqa: PLC0415

    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    # Tasks run the interpreter that has regenqc; on a cluster with another path to it, this variable names that.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    quiet = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
    try:
        builder = SparkSession.builder.appName("regenqc")
        for name, value in quiet.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise UsageError(
            Fault(
                code="RQC-U092",
                what="Spark does not start.",
                got=next(iter(str(error).splitlines()), type(error).__name__),
                expected="a session, from spark-submit or Spark's configuration directory",
                action="Try: spark-submit --version.",
            )
        ) from error


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    said = ""
    if java is not None and Path(java).exists():
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        raise UsageError(
            Fault(
                code="RQC-U091",
                what="Java is not installed." if found is None else "Java is too old.",
                where=java or "",
                got=next(iter(said.splitlines()), ""),
                expected=f"Java {_OLDEST_JAVA} or later",
                action="Install a Java runtime, such as openjdk-17-jre-headless, or point JAVA_HOME to one.",
            )
        )
