"""What the language model was asked for during the run, and what that cost."""

from __future__ import annotations

import polars as pl

from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
)
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY_EXACT, INTEGER, format_value
from mktorch.runs import Run
from mktorch.words import count


@section()
def model_usage(run: Run) -> Table:
    """Calls, tokens and cost of the language model, and what it was allowed to do."""
    usage, config = run.manifest.model_usage, run.config
    allowed = [
        words
        for words, switch in (
            ("the summary", config.enable_llm_summary),
            (
                f"insights on {count(config.llm_insights_max_campaigns, 'campaign')}",
                config.enable_llm_insights,
            ),
        )
        if switch
    ]
    facts = (
        ("Model", config.llm_model),
        ("Permitted use", " and ".join(allowed) or "nothing"),
        ("Calls", format_value(usage.calls, INTEGER, locale_of(run))),
        ("Tokens sent", format_value(usage.input_tokens, INTEGER, locale_of(run))),
        ("Tokens received", format_value(usage.output_tokens, INTEGER, locale_of(run))),
        ("Cost", money(run, usage.cost, CURRENCY_EXACT)),
    )
    return Table(
        id="model-usage",
        frame=pl.DataFrame(facts, schema=["fact", "value"], orient="row"),
        columns=(
            Column(name="fact", label="Fact", weight=0.6),
            Column(name="value", label="Value", weight=2.0),
        ),
        title=(
            f"The language model was called {count(usage.calls, 'time')}."
            if usage.calls
            else "No language model was called; rules made the decisions and wrote the text."
        ),
        notes=("The model only drafts text; rules make every decision and figure.",),
        source="manifest.json",
        locale=locale_of(run),
    )
