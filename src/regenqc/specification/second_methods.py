"""Check that what a karyotype leaves unseen is seen by another requirement.

G-banding shows changes from some 5 to 10 million bases on; the frequent gain of 20q11.21 is often smaller. A karyotype
criterion therefore names the tests that have to stand beside it. Each is a requirement of its own, judged and reported like
any other; here it is made sure that it is there, at the same stage, for the same batches, and able to stop a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.specification.tightening import list_narrowings
from regenqc.specification.value_checks import fault
from regenqc.vocabulary import OnFail, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from regenqc.errors import Fault
    from regenqc.specification.model import Requirement

__all__ = ["check_second_methods"]


def check_second_methods(
    requirements: Sequence[Requirement],
    *,
    own: Mapping[str, tuple[str | int, ...]],
    place: Callable[..., str],
) -> Iterator[Fault]:
    """Yield a fault for every second method that no requirement of the specification makes sure of.

    Args:
        requirements: after inheritance.
        own: where the requirements of this file stand, by identifier.
        place: names a key of the file as `file:line path`.

    Example:
        >>> from regenqc.specification.model import Karyotype, Requirement
        >>> karyotype = Karyotype(min_metaphases="20", second_method=("fish_20q11_21",))
        >>> alone = [Requirement(id="karyotype", test="karyotype", karyotype=karyotype)]
        >>> [fault.code for fault in check_second_methods(alone, own={}, place=lambda *keys: "a.toml")]
        ['RQC-S037']
    """
    for requirement in requirements:
        if requirement.karyotype is None:
            continue
        for index, test in enumerate(requirement.karyotype.second_method):
            candidates = [entry for entry in requirements if entry is not requirement and _tests(entry, test)]
            problems = [_problem(requirement, entry) for entry in candidates]
            if "" in problems:
                continue
            path = own.get(requirement.id)
            where = ("extends",) if path is None else (*path, "karyotype", "second_method", index)
            yield fault(
                "RQC-S037",
                "A second method beside the karyotype is not made sure of by a requirement of its own.",
                place(*where),
                got=f"{test}: {problems[0]}" if problems else f"{test}: no requirement names the test",
                expected=f"a requirement of test {test} at stage {requirement.stage}, for the same batches, that can stop a batch",
                action="Add or correct that requirement, or remove the second method.",
            )


def _tests(requirement: Requirement, test: str) -> bool:
    return requirement.test == test or any(part.test == test for part in requirement.all_of or ())


def _problem(karyotype: Requirement, second: Requirement) -> str:
    """Return why a requirement does not make sure of the second method, empty when it does."""
    if second.stage is not karyotype.stage:
        return f"{second.id} is judged at stage {second.stage}"
    if second.report_only:
        return f"{second.id} is only reported"
    if second.consequence is OnFail.REPORT:
        return f"a failure of {second.id} is only reported"
    if second.timing is Timing.AFTER_RELEASE and karyotype.timing is Timing.BEFORE_RELEASE:
        return f"the result of {second.id} may come after release"
    narrowing = next(list_narrowings(karyotype, second), None)
    return "" if narrowing is None else f"{second.id}: {narrowing.respect} ({narrowing.got})"
