"""The summary that rules alone can write: verdict, what it comes to in money, what moves."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.narrative.markdown import document, inert, wrapped
from mktorch.narrative.templates import Prose, locale_of

_NO_MONEY = "The return is not known: {financial_summary_reason}."
_NO_MOMENTUM = "The trend is not known: {momentum_reason}."


def rule_based_summary(verdict: pl.DataFrame, config: MarketingOrchestratorConfig) -> str:
    """The text that always stands, as Markdown; what cannot be said says why.

    Reads the one row of `verdict`. Text from the data is inert in it.
    """
    row, prose = verdict.row(0, named=True), Prose(locale_of(config), inert)
    told = (
        "{headline}.",
        "{financial_summary}" if row["financial_summary"] else _NO_MONEY,
        "{momentum}" if row["momentum"] else _NO_MOMENTUM,
    )
    return document(wrapped(prose.vformat(text, (), row)) for text in told)
