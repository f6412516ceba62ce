"""Time, once: the moment a run looks from, its day, its windows and the zone its days are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

import polars as pl

from mktorch.vocab import Window

DAYS_PER_MONTH = 365.25 / 12
Span = tuple[date, date]
"""First and last day, both included."""


@dataclass(frozen=True)
class Clock:
    """What time it is in a run.

    `as_of` is naive and read in `zone`; `current` is the `window_days` calendar days that end on
    its day, `prior` as many days before.

    >>> Clock.on(date(2026, 4, 26)).current
    (datetime.date(2026, 4, 20), datetime.date(2026, 4, 26))
    """

    as_of: datetime
    window_days: int = 7
    zone: str = "UTC"

    @classmethod
    def on(cls, day: date, window_days: int = 7) -> Clock:
        """The clock at the end of a day, so that the whole of it is known."""
        return cls(datetime.combine(day, time.max), window_days)

    @cached_property
    def day(self) -> date:
        """The day of `as_of`: the last of the current window."""
        return self.as_of.date()

    @cached_property
    def current(self) -> Span:
        return self.day - timedelta(days=self.window_days - 1), self.day

    @cached_property
    def prior(self) -> Span:
        last = self.current[0] - timedelta(days=1)
        return last - timedelta(days=self.window_days - 1), last

    @property
    def windows(self) -> dict[Window, Span]:
        """The current and the prior window by name."""
        return {Window.CURRENT: self.current, Window.PRIOR: self.prior}

    def hours(self, start: pl.Expr, end: pl.Expr) -> pl.Expr:
        """Hours from one time of the zone to another, over changes of clock too.

        Of an hour that the clock shows twice the first is meant; a time that it leaps over is taken
        as if no clock had changed.

        >>> spring = Clock(datetime(2026, 3, 29, 12), zone="Europe/Stockholm")
        >>> midnight = pl.lit(datetime(2026, 3, 29))
        >>> pl.select(spring.hours(midnight, pl.lit(spring.as_of))).item()
        11.0
        """
        first, last = (
            moment.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
            for moment in (start, end)
        )
        span = pl.coalesce(last - first, end - start)
        return span.dt.total_microseconds() / 3_600_000_000


def clock(as_of: datetime, window_days: int, reporting_timezone: str) -> Clock:
    """The clock of a run."""
    return Clock(as_of, window_days, reporting_timezone)
