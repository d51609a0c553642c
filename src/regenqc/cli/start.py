"""Start the command line quickly."""

from __future__ import annotations

import gc
import sys
from typing import Any

__all__ = ["leave_pandas_out", "stop_garbage_collection"]


class _WithoutPandas:
    """An import finder that finds no pandas."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def leave_pandas_out() -> None:
    """Let pyarrow start without pandas, for this process.

    pyarrow imports pandas with the first array it makes, wherever pandas is installed; that takes longer than judging a
    batch, and no command needs a frame. pyarrow asks once and remembers the answer.
    """
    if "pandas" in sys.modules or "pyarrow" in sys.modules:
        return
    finder: Any = _WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow as pa

        pa.array([])
    finally:
        sys.meta_path.remove(finder)


def stop_garbage_collection() -> None:
    """Leave cycles alone for the rest of this process: a run makes many small objects and hardly a cycle."""
    gc.disable()
