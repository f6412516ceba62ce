"""What was set aside, in money: one notice where anything was, nothing where nothing was."""

from __future__ import annotations

from mktorch.display.page import Card, Notice
from mktorch.display.register import section
from mktorch.display.sections.context import locale_of, row
from mktorch.display.status import Status, Tone
from mktorch.formats import CURRENCY, PERCENT, format_value
from mktorch.runs import Run
from mktorch.sources.set_aside import set_aside_line

_FIGURES = {
    "spend_share": ("Share of spend set aside", PERCENT),
    "spend": ("Spend set aside", CURRENCY),
}
_ROWS = {"rows_share": ("Share of records set aside", PERCENT)}


@section("set_aside", "set_aside_total")
def set_aside_notice(run: Run, campaign: str = "") -> Notice:
    """Share and amount of what was set aside, the main cause and the remedy.

    A rejected record may name no campaign, so the share is that of all; the page of one says so.
    """
    locale, total = locale_of(run), row(run, "set_aside_total")
    scope = "across all campaigns, " if campaign or run.manifest.campaign_id else ""
    said = set_aside_line(run.tables["set_aside"], run.tables["set_aside_total"], locale, scope)
    if said is None:
        return Notice(cards=())
    shown = _FIGURES if total["spend"] and total["spend_share"] else _ROWS
    return Notice(
        id="set-aside",
        cards=tuple(
            Card(
                label=label,
                id=name,
                value=format_value(total[name], form, locale),
                source=f"set_aside_total.{name}",
            )
            for name, (label, form) in shown.items()
        ),
        sentence=said,
        status=Status("INCOMPLETE", Tone.BAD)
        if total["incomplete"]
        else Status("SET ASIDE", Tone.WATCH),
    )
