"""The engines that are compared, and how many results each is asked to judge at most."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Final

__all__ = ["ENGINES", "REGENQC", "Engine", "engine_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine.

    Args:
        name: as printed.
        module: of `benchmarks.peers`.
        needs: importable packages.
        distributions: names under which their versions are found.
        most_results: larger inputs are left out: they would take minutes, or more memory than a laptop has.
    """

    name: str
    module: str
    needs: tuple[str, ...]
    distributions: tuple[str, ...]
    most_results: int

    @property
    def is_installed(self) -> bool:
        """Return whether everything it needs can be imported."""
        return all(find_spec(package) is not None for package in self.needs)

    @property
    def versions(self) -> str:
        """Return the versions of what it uses."""
        found = []
        for name in self.distributions:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                found.append(f"{name} missing")
        return ", ".join(found)


_MANY, _LARGE, _MIDDLE = 2 * 10**8, 2 * 10**7, 2 * 10**6

REGENQC: Final = Engine(
    name="regenqc", module="regenqc_engine", needs=("regenqc",), distributions=("regenqc", "numba"), most_results=_MANY
)
ENGINES: Final = (
    REGENQC,
    Engine(name="DuckDB", module="duckdb_sql", needs=("duckdb",), distributions=("duckdb",), most_results=_MANY),
    Engine(name="Polars", module="polars_lazy", needs=("polars",), distributions=("polars",), most_results=_LARGE),
    Engine(
        name="pandas",
        module="pandas_vectorised",
        needs=("pandas",),
        distributions=("pandas", "numpy"),
        most_results=_LARGE,
    ),
    Engine(
        name="dataframely",
        module="dataframely_rules",
        needs=("dataframely", "polars"),
        distributions=("dataframely",),
        most_results=_LARGE,
    ),
    Engine(
        name="pandera (Polars)",
        module="pandera_polars",
        needs=("pandera", "polars"),
        distributions=("pandera",),
        most_results=_LARGE,
    ),
    Engine(
        name="Pointblank",
        module="pointblank_steps",
        needs=("pointblank", "polars"),
        distributions=("pointblank",),
        most_results=_LARGE,
    ),
    Engine(
        name="pandera (pandas)",
        module="pandera_pandas",
        needs=("pandera",),
        distributions=("pandera",),
        most_results=_MIDDLE,
    ),
    Engine(
        name="Great Expectations",
        module="great_expectations_suite",
        needs=("great_expectations",),
        distributions=("great_expectations",),
        most_results=_MIDDLE,
    ),
)


def engine_named(name: str) -> Engine:
    """Return the engine of that name or module, whatever the case.

    Raises:
        KeyError: there is none.
    """
    for engine in ENGINES:
        if name.casefold() in {engine.name.casefold(), engine.module}:
            return engine
    raise KeyError(f"there is no engine {name!r}; there are {', '.join(engine.name for engine in ENGINES)}")
