"""Which visits of follow-up are done, due, or overdue: a schedule that counts from the first administration, and what answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, timedelta

    from regenqc.regulation.clocks import Period

__all__ = ["Answer", "Visit", "visits_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that was observed: the day, how to name it, and the visit that it states itself, as `3 months`, if any."""

    day: date
    name: str
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Hold one visit of one recipient.

    Args:
        recipient: pseudonym.
        period: after the administration, in words.
        due: date.
        done_at: name of what answers it; empty when nothing does.
        state: `done`, `due` (the window is open), `overdue` (it is past), or `later`.
    """

    recipient: str
    period: str
    due: date
    done_at: str
    state: str


def visits_of(
    recipient: str,
    given: date,
    *,
    periods: Sequence[Period],
    window: timedelta,
    answers: Sequence[Answer],
    today: date,
    late_counts: bool,
) -> list[Visit]:
    """Return the visits of one recipient in the order of their days.

    Args:
        recipient: pseudonym.
        given: day of the first administration.
        periods: of the schedule, in days, months or years.
        window: by which a visit may be early or late.
        answers: what was observed.
        today: the present day.
        late_counts: whether an answer behind the window counts as well.

    A visit is answered by what states it, else by the first answer in its window, or behind it where late ones count, that states none
    and answers no earlier visit.

    Example:
        >>> from datetime import date, timedelta
        >>> from regenqc.regulation.clocks import Period
        >>> visits = visits_of("PAT-0001", date(2026, 1, 10), periods=[Period(1, "mo"), Period(3, "mo")],
        ...     window=timedelta(days=7), answers=[Answer(date(2026, 2, 12), "a")], today=date(2026, 4, 20), late_counts=True)
        >>> [(visit.period, visit.state) for visit in visits]
        [('1 month', 'done'), ('3 months', 'overdue')]
    """
    ends = [(each, each.end(given)) for each in periods]
    due = sorted(((period, day) for period, day in ends if day is not None), key=lambda pair: pair[1])
    free = sorted((each for each in answers if not each.visit), key=lambda each: (each.day, each.name))
    done = {each.visit: each.name for each in sorted(answers, key=lambda each: each.name, reverse=True) if each.visit}
    for period, day in due:
        if str(period) not in done:
            fitting = (each for each in free if day - window <= each.day and (late_counts or each.day <= day + window))
            answer = next(fitting, None)
            if answer is not None:
                free.remove(answer)
                done[str(period)] = answer.name
    found = []
    for period, day in due:
        done_at = done.get(str(period), "")
        if done_at:
            state = "done"
        elif today > day + window:
            state = "overdue"
        else:
            state = "due" if today >= day - window else "later"
        found.append(Visit(recipient=recipient, period=str(period), due=day, done_at=done_at, state=state))
    return found
