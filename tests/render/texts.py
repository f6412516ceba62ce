"""Which figure of a page a Markdown text repeats, and where in the text: as data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from mktorch.kpis import LABELS
from mktorch.metrics import METRICS
from mktorch.vocab import Direction

_HEAD = re.compile(r"(#+) (.*)")
_ITEM = re.compile(r"(?:- |\d+\. )")
_RULE = re.compile(r"\|(?: *:?-+:? *\|)+")

_KPIS = {label: name for name, label in LABELS.items()}
_LESS = [name.replace("_", " ") for name, m in METRICS.items() if m.direction == Direction.DOWN]

_CAMPAIGN = "roi-by-campaign.{}.{{campaign_id}}".format
_TOTAL = "roi-totals.amount.{}".format
_LOADED = "fully-loaded.{}.{{row}}".format
_PACE = "budget-pacing.{}.{{campaign_id}}".format
_ARM = "experiment-readouts.{}.{{experiment_id}}.{{variant}}".format
_BUDGET = "budget-governance.amount.{}".format
_JUDGED = "portfolio.campaigns.{}".format
_CHECKED = "reconciliation-summary.{}.{{row}}.*".format


class Line(NamedTuple):
    """A paragraph or an item in one line, with its section and the campaign it is about."""

    section: str
    heading: str
    text: str


class Row(NamedTuple):
    """A row of a table: its section, the table's heads and the row's cells."""

    section: str
    heads: tuple[str, ...]
    cells: tuple[str, ...]


class Cited(NamedTuple):
    """Words of a section's lines around figures; each group of `pattern` shows the figure it names.

    Other groups, and `campaign_id` of the campaign whose part it is, fill the ids of the figures.
    """

    section: str
    pattern: str
    figures: Mapping[str, str]


class Quote(NamedTuple):
    """A figure as a text states it: the template of the figure's id, what fills it, the words."""

    figure: str
    known: Mapping[str, str]
    text: str


CITED: tuple[Cited, ...] = (
    Cited(
        "Portfolio",
        r"^Campaigns .*: (?P<a>\d+) exceed expectations, (?P<b>\d+) meet them, (?P<c>\d+) fall "
        r"short, (?P<d>\d+) cannot be judged\.$",
        {
            "a": _JUDGED("exceeding_expectations"),
            "b": _JUDGED("meeting_expectations"),
            "c": _JUDGED("below_expectations"),
            "d": _JUDGED("insufficient_data"),
        },
    ),
    Cited(
        "Portfolio",
        r"^Spend (?P<spend>\S+), value (?P<value>\S+), return on investment (?P<roi>\S+)\.$",
        {
            "spend": _TOTAL("total_media_spend"),
            "value": _TOTAL("total_estimated_value"),
            "roi": _TOTAL("overall_roi"),
        },
    ),
    Cited(
        "Return on investment",
        r"^Return on investment (?P<share>\S+), \w+: the net return of (?P<net>\S+) over "
        r"(?P<spend>\S+) of media spend\.$",
        {
            "share": _TOTAL("roi_percentage"),
            "net": _TOTAL("total_net_roi"),
            "spend": _TOTAL("total_media_spend"),
        },
    ),
    Cited("Momentum", r"^revenue: (?P<now>\S+) against", {"now": "kpi-cards.revenue"}),
    Cited("Momentum", r"^spend: (?P<now>\S+) against", {"now": "kpi-cards.cost"}),
    Cited("Momentum", r"^return: (?P<now>\S+) against", {"now": "kpi-cards.return_on_ad_spend"}),
    Cited(
        "KPIs",
        r"^(?P<kpi>[\w ,-]+): (?P<value>.+?), (?:target (?P<target>.+?)|no target); "
        r"(?:[\w ]+)(?: \(attainment (?P<attained>\S+)\))?[;.]",
        {
            "value": "kpi-scorecard.value_text.{kpi}",
            "target": "kpi-scorecard.target_text.{kpi}",
            "attained": "kpi-scorecard.attained.{kpi}",
        },
    ),
    Cited(
        "Next steps",
        r"^(?P<rank>\d+)\. .*, (?P<stake>\S+) at stake\. ",
        {"stake": "next-steps.stake.{rank}"},
    ),
    Cited(
        "Recommendations",
        r"^(?P<rank>\d+)\. .*, (?P<stake>\S+) at stake\.$",
        {"stake": "recommendation-register.stake.{recommendation_id}"},
    ),
    Cited(
        "Campaigns",
        r"^Spend (?P<spend>\S+) \(\w+\), value (?P<value>\S+), return (?P<return>\S+)\.$",
        {
            "spend": _CAMPAIGN("media_spend"),
            "value": _CAMPAIGN("estimated_value"),
            "return": "campaigns.roas.{campaign_id}",
        },
    ),
    Cited(
        "Campaigns",
        r"^Net return (?P<net>\S+) after media (?P<media>\S+), model (?P<model>\S+) and review "
        r"(?P<review>\S+)\.$",
        {
            "net": _CAMPAIGN("net_roi"),
            "media": _CAMPAIGN("media_spend"),
            "model": _CAMPAIGN("llm_cost"),
            "review": _CAMPAIGN("human_review_cost"),
        },
    ),
    Cited(
        "Campaigns",
        r"^Pace: [\w ]+; (?P<share>\S+) of the budget of (?P<budget>\S+) in (?P<elapsed>\S+) of "
        r"the flight(?:, (?P<end>\S+) projected)?",
        {
            "share": _PACE("spend_share"),
            "budget": _PACE("budget"),
            "elapsed": _PACE("elapsed_share"),
            "end": _PACE("projected_end_spend"),
        },
    ),
    Cited(
        "Campaigns",
        r"^(?P<experiment_id>EXP_\w+), (?P<variant>\w+) (?P<metric>.*?) Lift (?P<lift>\S+) "
        r"\(.*?\), p (?P<p>(?:below )?[\d.]*\d)\.(?: |$)",
        {"lift": _ARM("improvement"), "p": _ARM("adjusted_p_value")},
    ),
    Cited(
        "Campaigns",
        r"(?P<decision>DEC_\w+), .*?confidence (?P<confidence>\S+)\. ",
        {"confidence": "decision-outcomes.confidence_score.{decision}"},
    ),
    Cited(
        "Campaigns",
        r"(?P<decision>DEC_\w+), .* Outcome: .* (?P<lift>[+\u2212]\S+%) \(",
        {"lift": "decision-outcomes.lift.{decision}"},
    ),
    Cited("Budget governance", r"; (?P<moved>\S+) moved\.$", {"moved": _BUDGET("moved_amount")}),
    Cited(
        "Budget governance",
        r"^Approval rate (?P<rate>\S+), ",
        {"rate": _BUDGET("approval_rate")},
    ),
    Cited(
        "Budget governance",
        r"^Pending (?P<pending>\d+), of them (?P<stale>\d+) stale; .*, violations (?P<v>\d+)\.$",
        {
            "pending": _BUDGET("pending"),
            "stale": _BUDGET("stale_proposals"),
            "v": _BUDGET("violations"),
        },
    ),
    Cited(
        "Budget governance",
        r"^(?P<move>BA_\w+), .*: \$(?P<amount>\S+) from ",
        {"amount": "budget-ledger.amount.{move}"},
    ),
)

TABLES: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("Id", "Campaign", "Spend", "Value", "Return", "Verdict"): {
        "Spend": "campaigns.total_spend.{row}",
        "Value": "campaigns.total_revenue_proxy.{row}",
        "Return": "campaigns.roas.{row}",
    },
    ("Id", "Value", "Media", "Model", "Review", "Net"): {
        "Value": "roi-by-campaign.estimated_value.{row}",
        "Media": "roi-by-campaign.media_spend.{row}",
        "Model": "roi-by-campaign.llm_cost.{row}",
        "Review": "roi-by-campaign.human_review_cost.{row}",
        "Net": "roi-by-campaign.net_roi.{row}",
    },
    ("Id", "All costs", "Net", "Return", "Breaks even at"): {
        "Net": _LOADED("net"),
        "Return": _LOADED("roi_fully_loaded"),
        "Breaks even at": _LOADED("break_even_roas"),
    },
    ("Check", "Agree", "Differ", "Not comparable"): {
        "Agree": _CHECKED("agrees"),
        "Differ": _CHECKED("differs"),
        "Not comparable": _CHECKED("not_comparable"),
    },
    ("Source", "File", "Records", "SHA-256"): {"Records": "inputs.rows.{file}"},
}
"""A table's heads -> the figure that each column of figures shows, over the row's first cell."""

# The row of all campaigns, where it is no row of the page's table.
ALL: Mapping[str, str] = {
    "roi-by-campaign.estimated_value.{row}": _TOTAL("total_estimated_value"),
    "roi-by-campaign.media_spend.{row}": _TOTAL("total_media_spend"),
    "roi-by-campaign.llm_cost.{row}": _TOTAL("total_llm_cost"),
    "roi-by-campaign.human_review_cost.{row}": _TOTAL("total_human_review_cost"),
    "roi-by-campaign.net_roi.{row}": _TOTAL("total_net_roi"),
}

# Figures that the text states to more digits than the page has room for.
FINER = frozenset(
    {
        "kpi-cards.revenue",
        "kpi-cards.cost",
        "kpi-scorecard.attained.{kpi}",
        "decision-outcomes.confidence_score.{decision}",
        _ARM("adjusted_p_value"),
        _BUDGET("moved_amount"),
    }
)

# Figures of which the text leaves some unsaid: the pace of a campaign outside its flight, the lift
# of an experiment that is set up wrongly.
PARTLY = frozenset(
    {
        *map(_PACE, ("spend_share", "budget", "elapsed_share", "projected_end_spend")),
        *map(_ARM, ("improvement", "adjusted_p_value")),
    }
)

# The report states the change of the metric itself, pages turn its sign where less is better.
TURNED = frozenset({_ARM("improvement")})


def turned(quote: Quote) -> str:
    """A lift as a page has it, where its words name a metric of which less is better."""
    if not any(name in quote.known["metric"] for name in _LESS):
        return quote.text
    return quote.text.translate(str.maketrans("+\u2212", "\u2212+"))


def words(part: Line | Row) -> str:
    """A line or a row as text; the number that counts an item is none of its own."""
    return _ITEM.sub("", part.text, count=1) if isinstance(part, Line) else " | ".join(part.cells)


def parts(text: str) -> Iterator[Line | Row]:
    """The lines and rows of a Markdown text, each in one line and without escapes."""
    section = heading = ""
    heads: tuple[str, ...] = ()
    held = ""
    for raw in [*text.splitlines(), ""]:
        line = re.sub(r"\\(\W)", r"\1", raw)
        starts = not line.strip() or _ITEM.match(line) or line.startswith(("#", "|"))
        if held and starts:
            yield Line(section, heading, held)
            held = ""
        if found := _HEAD.match(line):
            level, title = len(found[1]), found[2]
            section, heading = (title, "") if level == 2 else (section, heading)
            heading = title if level == 3 else heading
            heads = ()
        elif line.startswith("|"):
            cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
            if not heads:
                heads = cells
            elif not _RULE.fullmatch(line):
                yield Row(section, heads, cells)
        elif line.strip():
            heads = ()
            held = f"{held} {line.strip()}" if held else line.removeprefix("- ").strip()
        else:
            heads = ()


def cited(text: str, ranked: Mapping[int, str], campaigns: Mapping[str, str]) -> Iterator[Quote]:
    """Every figure that a report repeats.

    `ranked` has the id of each recommendation by its rank, `campaigns` each campaign's name by id.
    """
    for part in parts(text):
        yield from _row(part) if isinstance(part, Row) else _line(part, ranked, campaigns)


def _line(line: Line, ranked: Mapping[int, str], campaigns: Mapping[str, str]) -> Iterator[Quote]:
    for each in CITED:
        found = re.search(each.pattern, line.text) if each.section == line.section else None
        if not found:
            continue
        known = {name: text for name, text in found.groupdict().items() if text is not None}
        for campaign, name in campaigns.items():
            if line.heading in (name, f"{campaign} {name}"):
                known["campaign_id"] = campaign
        if "kpi" in known:
            known["kpi"] = _KPIS[known["kpi"]]
        if "rank" in known:
            known["recommendation_id"] = ranked[int(known["rank"])]
        for name, figure in each.figures.items():
            if name in known:
                yield Quote(figure, known, known[name])


def _row(row: Row) -> Iterator[Quote]:
    shown = dict(zip(row.heads, row.cells, strict=True))
    first = row.cells[0]
    known = {
        "row": "all" if first == "All" else first.replace(" ", "_"),
        "file": shown.get("File", ""),
    }
    for head, figure in TABLES.get(row.heads, {}).items():
        yield Quote(ALL.get(figure, figure) if first == "All" else figure, known, shown[head])


def agrees(text: str, page: str) -> bool:
    """Whether a text states what a page shows, to as many digits or more.

    >>> agrees("87.7%", "88%"), agrees("87.4%", "88%"), agrees("$16,277.12", "$16,277")
    (True, False, True)
    >>> agrees("7,707.9%", "over 200%"), agrees("below 0.0001", "< 0.001")
    (True, True)
    """
    ours, theirs = (
        re.sub(r"[^\d.\u2212-]", "", each).replace("\u2212", "-") for each in (text, page)
    )
    if not ours or not theirs:
        return text == page
    stated, shown = Decimal(ours), Decimal(theirs)
    if page.startswith(("over", ">")):
        return stated > shown
    if page.startswith("<"):
        return stated < shown
    place = Decimal(1).scaleb(int(shown.as_tuple().exponent))
    return abs(stated - shown) <= place / 2
