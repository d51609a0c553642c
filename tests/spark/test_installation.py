"""Where Spark or Java is missing, the message says what to install."""

from __future__ import annotations

import importlib.util
import os

import pytest

from regenqc.errors import InternalError, UsageError
from regenqc.spark import installation


def test_without_pyspark_the_message_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyspark" else found(name))
    with pytest.raises(UsageError, match=r"RQC-U090 PySpark is not installed\. .*pip install 'regenqc\[spark\]'"):
        installation.check_installation()


def test_an_old_pyspark_is_not_enough(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(installation, "version", lambda name: "4.0.3" if name == "pyspark" else "0")
    with pytest.raises(UsageError, match=r"RQC-U090 PySpark is too old\. Got: 4\.0\.3\. Expected: PySpark 4\.1"):
        installation.check_installation()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, r"RQC-U091 Java is not installed\. .*openjdk-17"),
        ("echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", r"RQC-U091 Java is too old\. .*Expected: Java 17"),
        ("exit 1", r"RQC-U091 Java is not installed\."),
    ],
    ids=["there is none", "it is of 2018", "it does not run"],
)
def test_without_a_java_of_today_the_message_says_what_to_install(script, message, tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    if script is not None:
        (tmp_path / "java").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "java").chmod(0o755)
    with pytest.raises(UsageError, match=message):
        installation._check_java()


def test_what_a_new_process_says_goes_to_the_log_and_what_we_say_does_not(tmp_path, capfd):
    import subprocess

    with installation._standard_error_in(tmp_path / "log"):
        subprocess.run(["sh", "-c", "echo from Java >&2"], check=True)
    os.write(2, b"from us\n")
    assert (tmp_path / "log").read_text() == "from Java\n"
    assert capfd.readouterr().err == "from us\n"


def test_an_error_names_the_log_and_keeps_it(monkeypatch, tmp_path):
    from regenqc.errors import Fault

    monkeypatch.setattr(installation, "spark_session", lambda: "session")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InternalError, match=r"It is in \S*regenqc-spark-\S*\.log\."), installation.logged_session():
        raise InternalError(Fault(code="RQC-X091", what="Spark gave up: judging.", action="Look into Spark's log."))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_run_that_went_well_leaves_no_log(monkeypatch, tmp_path):
    monkeypatch.setattr(installation, "spark_session", lambda: "session")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with installation.logged_session() as session:
        assert session == "session"
    assert list(tmp_path.iterdir()) == []
