"""The programme in one word, on what grounds, and what it means in money."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.narrative_rules import Ground
from mktorch.narrative.financial_summary import financial_summary
from mktorch.narrative.momentum import momentum_line
from mktorch.narrative.templates import locale_of
from mktorch.tables import count, declare, read, reason, text, texts, word
from mktorch.vocab import Priority, Verdict
from mktorch.words import leading_names

Tables = Mapping[str, pl.DataFrame]
_ORDER = tuple(Verdict)
_GROUNDS = read("verdict_grounds", "verdict", "sentence")

# fmt: off
VerdictTable = declare("verdict",
    "One row: the verdict, what it means in money and where things are moving.", {
    "verdict": word(Verdict, "The worst that a ground calls for", _GROUNDS,
        config=("narrative_rules.limits",)),
    "headline": text("The verdict and its grounds", _GROUNDS, config=("narrative_rules.limits",)),
    "financial_summary": text("What the figures mean in money", null="financial_summary_reason"),
    "financial_summary_reason": reason("what the figures mean"),
    "momentum": text("Where things are moving", read("momentum", "current", "prior"),
        null="momentum_reason"),
    "momentum_reason": reason("the momentum"),
    "reasons": texts("The grounds that call for more than ON TRACK, most serious first", _GROUNDS),
    **{str(ground): count(f"Number found of the ground {ground.replace('_', ' ')}",
        read("verdict_grounds", "value", ground=ground), null="the ground could not be checked")
        for ground in Ground},
    **{f"recommendations_{priority}": count(f"Number of recommendations of {priority} priority",
        read("recommendations", "priority", priority=priority), null="none were made")
        for priority in Priority},
})
# fmt: on


def verdict(
    tables: Tables, verdict_grounds: pl.DataFrame, config: MarketingOrchestratorConfig
) -> pl.DataFrame:
    """The declared table `verdict`."""
    grounds, locale = verdict_grounds, locale_of(config)
    words = grounds["verdict"].drop_nulls().to_list()
    worst = max((Verdict(word) for word in words), key=_ORDER.index, default=Verdict.ON_TRACK)
    off = grounds.filter(pl.col("verdict") != Verdict.ON_TRACK)
    ranks = {str(word): -place for place, word in enumerate(_ORDER)}
    grave = off.sort(pl.col("verdict").replace_strict(ranks, return_dtype=pl.Int8), "order")
    because = "; ".join(grave.filter(verdict=str(worst))["sentence"]) or "nothing calls for action"
    meaning, meaning_reason = financial_summary(tables, locale)
    moving, moving_reason = momentum_line(tables, locale)
    made = pl.DataFrame(
        {
            "verdict": [str(worst)],
            "headline": [f"{worst}: {because}"],
            "financial_summary": pl.Series([_marked(meaning, grounds)], dtype=pl.String),
            "financial_summary_reason": pl.Series([meaning_reason], dtype=pl.String),
            "momentum": pl.Series([moving], dtype=pl.String),
            "momentum_reason": pl.Series([moving_reason], dtype=pl.String),
            "reasons": pl.Series(
                [_reasons(grave, config.narrative_rules.names_in_reasons)], dtype=pl.List(pl.String)
            ),
            **{
                ground: pl.Series([value], dtype=pl.Int64)
                for ground, value in grounds.select("ground", "value").rows()
            },
            **_by_priority(tables.get("recommendations")),
        }
    )
    return VerdictTable.of(made)


def _marked(meaning: str | None, grounds: pl.DataFrame) -> str | None:
    """What the figures mean, marked where they leave out more than may be."""
    lacking = grounds.filter(pl.col("value") > 0, ground=str(Ground.INCOMPLETE_FIGURES)).height
    return f"Incomplete: {meaning}" if meaning and lacking else meaning


def _reasons(grave: pl.DataFrame, most: int) -> list[str]:
    """Each sentence with the names behind it."""
    return [
        f"{sentence}: {leading_names(names, most)}" if len(names) and most else sentence
        for sentence, names in grave.select("sentence", "names").rows()
    ]


def _by_priority(recommendations: pl.DataFrame | None) -> Mapping[str, pl.Series]:
    def number(priority: Priority) -> pl.Series:
        held = None if recommendations is None else recommendations.filter(priority=priority).height
        return pl.Series([held], dtype=pl.Int64)

    return {f"recommendations_{priority}": number(priority) for priority in Priority}
