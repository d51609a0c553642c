"""Ask the package index for known vulnerabilities of the versions in constraints.txt, by pip-audit.

pip-audit ends well when the index answers nothing at all; here a package that was not looked up counts as not looked up. One
package is asked for first: where the index says nothing about it, nothing else is asked, and the build does not fail for that.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def audited(lines: list[str]) -> list[dict[str, Any]] | None:
    """Return what the index says about pinned versions, `None` when it does not answer."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pinned.txt"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        done = subprocess.run(
            [*command, "--vulnerability-service", "pypi", "--format", "json", "--requirement", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        return None


def report(lines: list[str], found: list[dict[str, Any]] | None) -> tuple[list[str], int]:
    """Return what is said about an audit, and the code with which it ends: 1 for a known vulnerability and nothing else.

    Args:
        lines: versions that were asked for.
        found: what the index said, `None` when it did not answer.
    """
    known = [each for each in found or () if "vulns" in each]
    if not known:
        return [
            f"audit: the package index says nothing about vulnerabilities here; none of {len(lines)} was looked up"
        ], 0
    said = [
        f"audit: {each['name']} {each['version']}: {fault['id']}, corrected in {', '.join(fault['fix_versions']) or 'no version'}"
        for each in known
        for fault in each["vulns"]
    ]
    missing = len(lines) - len(known)
    summary = f"audit: {len(known)} versions looked up, {len(said)} known vulnerabilities"
    return [*said, summary + (f", {missing} not looked up" if missing else "")], 1 if said else 0


def main() -> int:
    """Audit constraints.txt and return the exit code."""
    pinned = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    first = audited(pinned[:1])
    answers = first is not None and any("vulns" in each for each in first)
    said, code = report(pinned, audited(pinned) if answers else None)
    sys.stdout.write("\n".join(said) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
