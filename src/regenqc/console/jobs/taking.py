"""Take the output of an uploaded evaluation among those of the console, in a process of its own: the server stays small.

The uploader's sites are looked at first; then the folder is moved to where the console reads evaluations, and loaded into the
store. Each step finds what an earlier, killed attempt had done.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import DataError, Fault, InternalError, RegenqcError, fault_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.console.settings import ConsoleSettings

__all__ = ["take_output"]

_SECONDS: Final = 3_600
_CHILD: Final = "from regenqc.console.jobs.taking import _main; _main()"


def take_output(
    settings: ConsoleSettings, output: Path, *, evaluation_id: str, sites: Sequence[str], loaded_at: str
) -> None:
    """Take an output among the evaluations of the console, and into its store.

    Args:
        settings: of the console.
        output: folder that `regenqc evaluate --out` wrote; it is moved, unless it was before.
        evaluation_id: its name among the evaluations.
        sites: of whoever uploaded it; empty for every one.
        loaded_at: the present moment, RFC 3339.

    Raises:
        DataError: `RQC-W424`, a lot belongs to another site; and as `load_evaluation`.
        InternalError: `RQC-X041`, the process failed.
    """
    asked = {
        "store": settings.store,
        "site": settings.site,
        "sites": list(sites),
        "output": str(output),
        "kept": str(settings.evaluations / evaluation_id),
        "specifications": str(settings.specifications),
        "loaded_at": loaded_at,
    }
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _CHILD],
        input=json.dumps(asked).encode(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return
    try:
        faults = [Fault(**each) for each in json.loads(done.stdout)["faults"]]
    except (ValueError, KeyError, TypeError) as error:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise InternalError(
            Fault(
                code="RQC-X041",
                what="An evaluation could not be loaded into the store.",
                where=evaluation_id,
                got=said[:200] or f"left with {done.returncode}",
                action="Report it with the log of the server.",
            )
        ) from error
    raise DataError(*faults)


def _main() -> None:
    """Do it, in the child: what is asked comes on standard input, faults go to standard output."""
    asked: dict[str, Any] = json.load(sys.stdin)
    try:
        _take(asked)
    except RegenqcError as error:
        sys.stdout.write(json.dumps({"faults": [fault_value(each) for each in error.faults]}))
        sys.exit(error.exit_code)


def _take(asked: dict[str, Any]) -> None:
    from regenqc.console.jobs.scope import check_scope  # noqa: PLC0415 - in the child alone
    from regenqc.console.store.database import open_store  # noqa: PLC0415
    from regenqc.console.store.loading import load_evaluation  # noqa: PLC0415

    store, kept = open_store(asked["store"]), Path(asked["kept"])
    if not kept.exists():
        check_scope(store, Path(asked["output"]), site=asked["site"], sites=asked["sites"])
        kept.parent.mkdir(parents=True, exist_ok=True)
        Path(asked["output"]).rename(kept)
    load_evaluation(
        store, kept, site=asked["site"], loaded_at=asked["loaded_at"], specifications=(Path(asked["specifications"]),)
    )
