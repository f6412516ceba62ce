"""What every display function reads of a run: its locale, its rows, its money as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import polars as pl

from mktorch.display.block import DisplayError
from mktorch.display.page import Unavailable
from mktorch.formats import CURRENCY, Format, Locale, format_value
from mktorch.runs import Run

HALF_CENT = 0.005  # what is less is 0.00 to the cent
P = ParamSpec("P")
B = TypeVar("B")


def needs(
    *tables: str,
) -> Callable[[Callable[Concatenate[Run, P], B]], Callable[Concatenate[Run, P], B | Unavailable]]:
    """Declare the tables a block is made of; without one of them it says so and why."""

    def declared(
        make: Callable[Concatenate[Run, P], B],
    ) -> Callable[Concatenate[Run, P], B | Unavailable]:
        @wraps(make)
        def made(run: Run, /, *args: P.args, **kwargs: P.kwargs) -> B | Unavailable:
            absent = [name for name in tables if name not in run.tables]
            return Unavailable(reason=_why(run, absent)) if absent else make(run, *args, **kwargs)

        return made

    return declared


def _why(run: Run, absent: list[str]) -> str:
    failed = [f"{step.name}: {step.error}" for step in run.manifest.steps if step.error]
    cause = f" ({'; '.join(failed)})" if failed else ""
    return f"Not available: this run has no table {', '.join(absent)}{cause}."


def locale_of(run: Run) -> Locale:
    """The currency and the customs of writing that the run's config names."""
    return Locale(run.config.currency, run.config.locale, run.config.reporting_timezone)


def row(run: Run, table: str) -> dict[str, Any]:
    """The only row of a one-row table."""
    return run.tables[table].row(0, named=True)


def charged(run: Run, table: str) -> str:
    """The table's name after the cost of this run's own model calls, where the run made that."""
    measured = f"measured_{table}"
    return measured if measured in run.tables else table


def money(run: Run, value: float | None, fmt: Format = CURRENCY) -> str:
    return format_value(value, fmt, locale_of(run))


def of_campaign(run: Run, table: str, campaign: str = "") -> pl.DataFrame:
    """A table's rows, only those of `campaign` where one is given.

    Raises
    ------
    DisplayError
        For a campaign that is not in the run.
    """
    frame = run.tables[table]
    if not campaign:
        return frame
    known = run.tables["campaigns"]["campaign_id"].sort().to_list()
    if campaign not in known:
        raise DisplayError(
            f"campaign {campaign!r} is not in run {run.run_id}; it holds {', '.join(known)}"
        )
    return frame.filter(pl.col("campaign_id") == campaign)


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "campaign"), count(3, "campaign")
    ('1 campaign', '3 campaigns')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
