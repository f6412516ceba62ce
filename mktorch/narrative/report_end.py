"""The report's last sections: quality of the data, where figures come from, what words mean."""

from __future__ import annotations

import polars as pl

from mktorch.formats import INTEGER
from mktorch.narrative.markdown import Column, bullets
from mktorch.narrative.page import About, Page, Tables
from mktorch.narrative.prose import in_words
from mktorch.recommend.names import reads
from mktorch.recommend.words import written

DEFINITIONS = (
    (
        "Value: the ledger's estimated value of a campaign, else its summed revenue; spend: the "
        "ledger's media spend, else its summed cost (money_authority turns this round)."
    ),
    "Return: value over spend, as a multiple. Return on investment: value less spend, over spend.",
    "Net return: value less media, model and review costs, as the ledger states them.",
    "Pace: share of the budget that is spent, over the share of the flight that has passed.",
    "Lift: relative change of the metric from control to variant, with its confidence interval.",
    "Gate: a condition an experiment has to pass; the deciding one settled the decision.",
    "Attainment: value over target where more is better, target over value where less is.",
    (
        "Tiers of a KPI: exceeded, on track, at risk, critical; not scored where no target is set, "
        "unmeasured where the records do not tell."
    ),
    (
        "At stake: the money an action concerns. Expected effects are given with their interval; "
        "effects of several actions are not added up, for they may work on the same money."
    ),
    "n/a: the records do not tell; the reason stands beside it.",
)


def quality(tables: Tables, page: Page, _about: About) -> list[str]:
    """Records rejected or doubtful by rule, and figures that two records state differently."""
    failures = (
        tables["failures"]
        .group_by("source", "rule", "severity")
        .agg(pl.len().alias("records"))
        .sort("severity", "source", "rule")
        .with_columns(in_words("source"), in_words("rule"))
    )
    compared = tables.get("reconciliations")
    return [
        page.table(
            failures,
            Column("source", "Source"),
            Column("rule", "Rule"),
            Column("severity", "Severity"),
            Column("records", "Findings", INTEGER),
        )
        if failures.height
        else "No record was rejected or doubtful.",
        *([] if compared is None else _compared(compared, page)),
    ]


def provenance(_tables: Tables, page: Page, about: About) -> list[str]:
    """Program, moment, scope and every input file."""
    return [
        page.paragraph(
            "mktorch {version}, as of {as_of:time}. The run's manifest keeps every setting, the "
            "steps and a hash of each table; the files read were:",
            {"version": about.version, "as_of": about.clock.as_of},
        ),
        page.table(
            about.inputs.with_columns(pl.col("sha256").str.head(10)),
            Column("source", "Source"),
            Column("path", "File"),
            Column("records", "Records", INTEGER),
            Column("sha256", "SHA-256"),
        ),
    ]


def definitions(_tables: Tables, page: Page, _about: About) -> list[str]:
    return [bullets(page.line(text, {}) for text in DEFINITIONS)]


def _compared(compared: pl.DataFrame, page: Page) -> list[str]:
    counts = (
        compared.group_by("check")
        .agg(
            (pl.col("verdict") == verdict).sum().cast(pl.Int64).alias(verdict)
            for verdict in ("agrees", "differs", "not_comparable")
        )
        .sort("check")
    )
    differing = compared.filter(pl.col("verdict") == "differs").sort("check", "key", "figure")
    return [
        "Figures that two records state:",
        page.table(
            counts.with_columns(in_words("check")),
            Column("check", "Check"),
            Column("agrees", "Agree", INTEGER),
            Column("differs", "Differ", INTEGER),
            Column("not_comparable", "Not comparable", INTEGER),
        ),
        page.bullets(
            "{source:words} {key}: {figure:words} supplied {left}, computed {right}.",
            (
                {
                    **row,
                    "left": written(row["supplied"], reads(row["figure"]), page.locale),
                    "right": written(row["computed"], reads(row["figure"]), page.locale),
                }
                for row in differing.iter_rows(named=True)
            ),
        ),
    ]
