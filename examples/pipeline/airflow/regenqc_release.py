"""LIMS export to dispositions and certificates, as a DAG of Airflow: one task judges each export, one issues what people signed.

Variables of the environment: REGENQC_WORK names the folder with exports/, batches.csv and what `regenqc certify` asks for;
REGENQC_SPECIFICATION the specification.
"""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.exceptions import AirflowFailException
from airflow.sdk import dag, task

WORK = Path(os.environ.get("REGENQC_WORK", "/srv/regenqc"))
SPECIFICATION = os.environ.get("REGENQC_SPECIFICATION", "example/car-t-ari-0001")
REFUSED = 3


def run(*words: str) -> int:
    """Run regenqc in the folder of the pipeline; what it says stands in the log of the task."""
    done = subprocess.run(["regenqc", *words], cwd=WORK, check=False, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    return done.returncode


@dag(schedule="*/10 * * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def regenqc_release() -> None:
    """Judge what the LIMS exported; certify what people signed."""

    @task
    def exports() -> list[str]:
        """Return the exports that were not judged yet."""
        found = sorted(path.name for path in (WORK / "exports").glob("*.csv"))
        return [name for name in found if not (WORK / "judged" / name / "run.json").exists()]

    @task(retries=2, retry_delay=timedelta(minutes=1))
    def judge(name: str) -> str:
        """Judge one export. A lot that is not eligible is an answer; an export that is refused is not tried again."""
        code = run(
            "evaluate", f"exports/{name}", "--batches", "batches.csv", "--spec", SPECIFICATION, "--out", f"judged/{name}",
            "--exit-zero",
        )  # fmt: skip
        if code == REFUSED:
            raise AirflowFailException(f"{name} was refused: the log says in which row and why")
        if code:
            raise RuntimeError(f"regenqc left with {code}")
        return name

    @task(trigger_rule="all_done")
    def certify() -> None:
        """Issue the certificates of decisions that have all their signatures; what was issued before is kept."""
        if (WORK / "decisions").is_dir():
            code = run(
                "certify", "decisions", "--profile", "certificate-profile.toml", "--people", "people.jsonl", "--key",
                "issuer.key", "--issuer", "issuer.pem", "--password-file", "password.txt", "--out", "certificates",
            )  # fmt: skip
            if code:
                raise RuntimeError(f"regenqc certify left with {code}")

    judge.expand(name=exports()) >> certify()


regenqc_release()
