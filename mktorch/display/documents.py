"""What each document shows: the blocks that its cells call, in their order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from mktorch.display.files import PER_CAMPAIGN, dive_names
from mktorch.display.register import sections
from mktorch.display.resources import reports_dir
from mktorch.display.show import Show
from mktorch.display.trace import Figure
from mktorch.runs import Run

# What matters of a document beside its prose: its cells, its headings, the end of its first page.
_PART = re.compile(
    r"^```\{python\}\n(?P<cell>.*?)^```|^##+ (?P<heading>[^\n{]+)|^\{\{< (?P<end>pagebreak) >\}\}",
    re.MULTILINE | re.DOTALL,
)


class Call(NamedTuple):
    """A `show.NAME(...)` of a document: the document, the block's name and its arguments."""

    document: str
    block: str
    options: dict[str, Any]


class Placed(NamedTuple):
    """A call, the heading it stands under, and whether it is on the document's first page."""

    call: Call
    heading: str
    first: bool


def calls() -> Iterator[Call]:
    """Every call of a block in the documents of the house, document by document."""
    return (each.call for each in placed())


def placed() -> Iterator[Placed]:
    """The same, each with its place."""
    for file in sorted(reports_dir().glob("[!_]*.qmd")):
        parts = list(_PART.finditer(file.read_text(encoding="utf-8")))
        heading, first = "", any(part["end"] for part in parts)
        for part in parts:
            heading, first = part["heading"] or heading, first and not part["end"]
            for node in ast.walk(ast.parse(part["cell"] or "")):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in sections()
                ):
                    options = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg}
                    call = Call(file.stem, node.func.attr, options)
                    yield Placed(call, heading.strip(), first)


def deep_dives(run: Run) -> tuple[str, ...]:
    """The ids of the campaigns that a pack has a page for, in order; at most `max_deep_dives`."""
    return tuple(sorted(at_stake(run, run.config.max_deep_dives)))


def at_stake(run: Run, most: int) -> tuple[str, ...]:
    """The ids of the campaigns with most at stake, the first of them first.

    At stake is the money that recommendations concern, then what was spent.
    """
    found = run.tables["campaigns"].select("campaign_id", stake=pl.lit(0.0), spend=pl.lit(0.0))
    for table, name, column in (
        ("recommendations", "stake", "stake"),
        ("campaign_analysis", "spend", "total_spend"),
    ):
        if table in run.tables:
            summed = run.tables[table].group_by("campaign_id").agg(pl.col(column).sum().alias(name))
            found = found.drop(name).join(summed, on="campaign_id", how="left")
    first = found.sort(
        "stake", "spend", "campaign_id", descending=[True, True, False], nulls_last=True
    )
    return tuple(first["campaign_id"].head(most))


def figures(run: Run, campaign: str = "") -> Iterator[tuple[str, Figure]]:
    """Page and figure of all that a pack shows on the deep dive of `campaign`, or else elsewhere.

    A page is named as its files are, without their ending.
    """
    page = dive_names(run.tables["campaigns"]["campaign_id"])[campaign] if campaign else ""
    for document, name, options in calls():
        if (document == PER_CAMPAIGN) == bool(campaign):
            block = getattr(Show(run, campaign), name)(**options).linked(campaign)
            for figure in block.figures():
                yield page or document, figure
