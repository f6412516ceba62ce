"""The cover: what period it is of, what the pack holds, and what changed since the run before."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from mktorch.changes import Changes, changes
from mktorch.display.contents import EXPORTS, SOURCES, WORKBOOK, Contents, Group, Item
from mktorch.display.files import dive_names, pack_files
from mktorch.display.page import Card, Cards, Lead, Prose
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
    of_campaign,
    row,
)
from mktorch.display.sections.kpis import TIER
from mktorch.display.sections.page_one import VERDICT
from mktorch.display.status import PERFORMANCE, Status, Tone, status_of
from mktorch.display.tables import Column, Table
from mktorch.formats import (
    CURRENCY,
    CURRENCY_COMPACT,
    DATE,
    PERCENT,
    PERCENT_SIGNED,
    RATIO,
    Format,
    Kind,
    format_value,
)
from mktorch.kpis import LABELS
from mktorch.runs import Run
from mktorch.vocab import Performance, RoiStatus, Tier, Verdict
from mktorch.words import count, joined

COVER = "index"  # the document that leads to all others
REPORTS = {
    "executive": ("Executive report", "Verdict, open decisions, and results by area"),
    "experiments": ("Experiment readout", "Results and decision criteria for each experiment"),
    "governance": ("Governance appendix", "Approvals, risk, definitions, and data sources"),
}
_FORMS = {"HTML": "html", "PDF": "pdf"}
_ROI: dict[str, Status] = {
    RoiStatus.POSITIVE: Status("Positive", Tone.GOOD),
    RoiStatus.NEGATIVE: Status("Negative", Tone.BAD),
    RoiStatus.NEUTRAL: Status("Break-even", Tone.WATCH),
}
_FIGURES = {
    "media_spend": ("Media spend", CURRENCY),
    "estimated_value": ("Estimated value", CURRENCY),
    "net_return": ("Net return", CURRENCY),
    "return_on_spend": ("ROI", PERCENT),
}
_POINTS = Format(Kind.DECIMAL, decimals=1, signed=True)
_SIGNED = Format(Kind.CURRENCY, decimals=0, signed=True)
_CAMPAIGNS = 24  # campaigns listed where no deep dive is being made
_NAMED = 3  # things named in one cell; the rest is counted
_GRAVITY = (
    Performance.BELOW,
    Performance.MEETING,
    Performance.EXCEEDING,
    Performance.INSUFFICIENT,
)
_RANKS = {
    str(tier): place
    for place, tier in enumerate(
        (Tier.CRITICAL, Tier.AT_RISK, Tier.STEADY, Tier.ON_TRACK, Tier.EXCEEDED)
    )
}


@section("verdict")
def cover_verdict(run: Run) -> Lead:
    """The programme in a word and why, and where things are moving."""
    told = row(run, "verdict")
    word = Verdict(told["verdict"])
    because = told["headline"].removeprefix(f"{word}: ")
    return Lead(
        sentence=f"{because[:1].upper()}{because[1:]}.",
        points=tuple(filter(None, (told["momentum"],))),
        status=VERDICT[word],
    )


@section("roi_analysis")
def cover_cards(run: Run) -> Cards:
    """Three figures for the cover: what was spent, what it brought, what is left."""
    roi = row(run, "roi_analysis")
    share = roi["roi_percentage"]
    return Cards(
        cards=(
            Card(
                label="Media spend",
                value=money(run, roi["total_media_spend"], CURRENCY_COMPACT),
                source="roi_analysis.total_media_spend",
            ),
            Card(
                label="Estimated value",
                value=money(run, roi["total_estimated_value"], CURRENCY_COMPACT),
                source="roi_analysis.total_estimated_value",
            ),
            Card(
                label="Net return",
                value=money(run, roi["total_net_roi"], CURRENCY_COMPACT),
                detail=f"{format_value(share / 100, PERCENT, locale_of(run))} of media spend"
                if share is not None
                else "",
                status=_ROI.get(roi["roi_status"]),
                source="roi_analysis.total_net_roi",
            ),
        )
    )


@section("rollup_day")
def period(run: Run) -> Prose:
    """The days the data spans, and the two windows that are compared."""
    locale, days = locale_of(run), run.config.window_days
    first, last = (
        None if day is None else format_value(day, DATE, locale)
        for day in run.tables["rollup_day"]
        .select(first=pl.col("date").min(), last=pl.col("date").max())
        .row(0)
    )
    spans = f"Performance from {first} to {last}" if first else "No performance is on record"
    today = format_value(run.clock.day, DATE, locale)
    windows = f"the {count(days, 'day')} through {today} are compared with the prior {days}"
    return Prose(paragraphs=(f"{spans}; {windows}.",))


@section("campaigns", "campaign_analysis")
def pack_contents(run: Run, campaign: str = "") -> Contents:
    """Every document of the pack and its exports, with links to those that are being made."""
    present, names = pack_files(), dive_names(run.tables["campaigns"]["campaign_id"])
    stems = {file.partition(".")[0] for file in present}
    dives = [one for one, name in names.items() if name in stems]
    places = {str(word): place for place, word in enumerate(_GRAVITY)}
    found = of_campaign(run, "campaign_analysis", campaign).sort(
        pl.col("overall_performance").replace_strict(places, default=len(places)),
        "total_spend",
        "campaign_id",
        descending=[False, True, False],
        nulls_last=True,
    )
    shown = found.filter(pl.col("campaign_id").is_in(dives)) if dives else found.head(_CAMPAIGNS)
    rest = found.height - shown.height
    entries = tuple(
        Item(
            name=one["name"] or one["campaign_id"],
            detail=line,
            status=status_of(one["overall_performance"], PERFORMANCE),
            files=_files(names[one["campaign_id"]]),
        )
        for one, line in zip(shown.to_dicts(), _lines(run, shown), strict=True)
    )
    return Contents(
        present=present,
        groups=(
            Group(
                heading="Reports",
                entries=tuple(
                    Item(name=name, detail=detail, files=_files(document))
                    for document, (name, detail) in REPORTS.items()
                ),
            ),
            Group(
                heading="Campaigns",
                entries=entries,
                more=f"{count(rest, 'more campaign')} in {EXPORTS}/campaigns.csv." if rest else "",
            ),
            Group(
                heading="Data files",
                entries=(
                    Item(
                        name="All report tables",
                        detail="One workbook, plus a CSV file for each table in the exports folder",
                        files=(("XLSX", WORKBOOK), ("List of CSV files", SOURCES)),
                    ),
                ),
            ),
        ),
    )


@section()
def changes_since(run: Run) -> Table | Prose:
    """What changed since the run before; a sentence where there is none."""
    found = changes(run)
    if found is None:
        return Prose(paragraphs=("No earlier run of this data is on record for comparison.",))
    rows = [*_verdict(found), *_figures(run, found), *_tiers(found), *_recommended(run, found)]
    since = format_value(found.previous.as_of, DATE, locale_of(run))
    return Table(
        id="changes-since",
        frame=pl.DataFrame(
            rows, schema=["what", "before", "after", "change", "detail"], orient="row"
        ),
        columns=(
            Column(name="what", label="What", detail="detail", weight=2.4),
            Column(name="before", label="Before", align="right", weight=0.9),
            Column(name="after", label="Now", align="right", weight=0.9),
            Column(name="change", label="Change", align="right", missing="none", weight=0.9),
        ),
        title=_finding(since, found),
        notes=(f"Before: run {found.previous.run_id}, as of {since}.",),
        source="verdict, roi_analysis, performance_assessment, kpis, recommendations",
        locale=locale_of(run),
    )


def _files(document: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, f"{document}.{form}") for word, form in _FORMS.items())


def _lines(run: Run, found: pl.DataFrame) -> list[str]:
    """A line on each campaign: its return, its spend, and how much is recommended."""
    known: dict[str, int] = {}
    if "recommendations" in run.tables:
        counted = run.tables["recommendations"].group_by("campaign_id").len()
        known = dict(counted.rows())
    return [
        "; ".join(
            part
            for part in (
                f"{format_value(roas, RATIO, locale_of(run))} on {money(run, spend)}"
                if roas is not None
                else reason or "",
                count(known[key], "recommendation") if key in known else "",
            )
            if part
        )
        for key, roas, spend, reason in found.select(
            "campaign_id", "roas", "total_spend", "performance_reason"
        ).rows()
    ]


Row = tuple[str, str | None, str | None, str | None, str | None]


def _verdict(found: Changes) -> list[Row]:
    before, after = found.verdict
    if before is None and after is None:
        return []
    return [("Verdict", before or "n/a", after or "n/a", _same(before, after), None)]


def _figures(run: Run, found: Changes) -> list[Row]:
    locale = locale_of(run)

    def one(
        name: str,
        before: float | None,
        after: float | None,
        change: float | None,
        relative: float | None,
    ) -> Row:
        label, form = _FIGURES[name]
        then, now = (format_value(value, form, locale) for value in (before, after))
        if not change:
            moved = None if change is None else "unchanged"
        elif form is PERCENT:
            moved = f"{format_value(change * 100, _POINTS, locale)} points"
        elif relative is None:
            moved = format_value(change, _SIGNED, locale)
        else:
            moved = format_value(relative, PERCENT_SIGNED, locale)
        return label, then, now, moved, None

    return [one(*values) for values in found.figures.rows()]


def _tiers(found: Changes) -> list[Row]:
    words = {str(tier): status.word for tier, status in TIER.items()}
    rows = found.tiers.rows()
    shown: list[Row] = [
        (
            LABELS[kpi],
            words.get(before or "", "n/a"),
            words.get(after or "", "n/a"),
            _better(before, after),
            None,
        )
        for kpi, before, after in rows[:_NAMED]
    ]
    rest = [LABELS[kpi] for kpi, _, _ in rows[_NAMED:]]
    if rest:
        shown.append(("Other KPIs that changed tier", None, f"{len(rest)}", None, joined(rest)))
    return shown


def _better(before: str | None, after: str | None) -> str:
    """Which way a tier went, where both can be ranked."""
    then, now = (_RANKS.get(tier or "") for tier in (before, after))
    if then is None or now is None:
        return "changed"
    return "better" if now > then else "worse"


def _recommended(run: Run, found: Changes) -> list[Row]:
    if "recommendations" not in run.tables:
        return []
    new, gone = (found.recommendations.filter(change=word) for word in ("new", "gone"))
    now = run.tables["recommendations"].height
    before = now - new.height + gone.height
    change = f"{new.height} new, {gone.height} dropped"
    return [("Recommendations", f"{before}", f"{now}", change, _some(new["description"]) or None)]


def _some(texts: Iterable[str | None]) -> str:
    known = [text for text in texts if text]
    rest = len(known) - _NAMED
    more = [f"And {rest} more."] if rest > 0 else []
    return " ".join(["New:", *known[:_NAMED], *more]) if known else ""


def _same(before: str | None, after: str | None) -> str:
    return "unchanged" if before == after else "changed"


def _finding(since: str, found: Changes) -> str:
    new, gone = (found.recommendations.filter(change=word).height for word in ("new", "gone"))
    before, after = found.verdict
    moved = "is still" if before == after else f"went from {before or 'none'} to"
    verdict = f"the verdict {moved} {after}" if after else "no verdict is on record"
    tiers = count(found.tiers.height, "KPI")
    return (
        f"Since {since} {verdict}; {tiers} changed tier, {count(new, 'recommendation')} were "
        f"added and {gone} dropped."
    )
