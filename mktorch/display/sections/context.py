"""What every display function reads of a run: its locale, its rows, its money as text."""

from __future__ import annotations

from typing import Any

import polars as pl

from mktorch.display.block import DisplayError
from mktorch.formats import CURRENCY, Format, Locale, format_value
from mktorch.narrative.templates import locale_of as configured
from mktorch.runs import Run
from mktorch.words import held_names

HALF_CENT = 0.005  # what is less is 0.00 to the cent


def locale_of(run: Run) -> Locale:
    """The currency and the customs of writing that the run's config names."""
    return configured(run.config)


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
    known = run.tables["campaigns"]["campaign_id"]
    if campaign not in known:
        raise DisplayError(
            f"campaign {campaign!r} is not in run {run.run_id}; {held_names(campaign, known)}"
        )
    return frame.filter(pl.col("campaign_id") == campaign)
