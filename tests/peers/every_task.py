"""Do several tasks with one engine in one process, whose start takes longer than any of them: arguments MODULE FOLDER TASK …."""

import sys
from pathlib import Path

from benchmarks.worker import main

if __name__ == "__main__":
    module, folder, *tasks = sys.argv[1:]
    for task in map(Path, tasks):
        outcome = Path(folder) / task.parent.name / module
        main(module, str(task), str(outcome.with_suffix(".json")), str(outcome))
