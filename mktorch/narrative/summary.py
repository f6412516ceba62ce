"""The executive summary: one page that rules alone can write, and the page a model may lead."""

from __future__ import annotations

from datetime import date

import polars as pl

from mktorch.narrative import markdown
from mktorch.narrative.page import About, Page, Row, Tables
from mktorch.narrative.prose import counted, locale_of, sentence
from mktorch.sources.set_aside import set_aside_line

RULES_STAND = "Rule-based text: no language model took part."
_NO_MONEY = "What it comes to in money is not known: {so_what_reason}."
_REST = "And {more}: see the campaign report and the governance appendix."
_NO_MOMENTUM = "Where it is moving is not known: {momentum_reason}."


def rule_based_summary(verdict: pl.DataFrame, about: About) -> str:
    """The text that always stands: verdict, what it comes to, what moves, as Markdown.

    Reads the one row of `verdict`. Text from the data is inert in it.
    """
    return markdown.document(story({"verdict": verdict}, Page.of(about.config)))


def story(tables: Tables, page: Page) -> list[str]:
    """The same in blocks; what cannot be said says why."""
    row = tables["verdict"].row(0, named=True)
    return [
        page.paragraph("{headline}.", row),
        page.paragraph("{so_what}" if row["so_what"] else _NO_MONEY, row),
        page.paragraph("{momentum}" if row["momentum"] else _NO_MOMENTUM, row),
    ]


def summary_text(rule_based_summary: str, measured_summary: pl.DataFrame | None = None) -> str:
    """The summary that stands: the model step's, else the rules'."""
    if measured_summary is None:
        return rule_based_summary
    return str(measured_summary["text"].item())


def summary_note(measured_summary: pl.DataFrame | None = None) -> str:
    """Which summary stands, and why."""
    return RULES_STAND if measured_summary is None else str(measured_summary["note"].item())


def executive_summary(
    tables: Tables, about: About, summary_text: str = "", summary_note: str = RULES_STAND
) -> str:
    """The page for the board: `summary_text`, then reasons, next steps and decisions asked.

    `summary_text` is Markdown that is already harmless: the rule-based summary, or a model's.
    `summary_note` says which of them stands and why. Reads `verdict`, `next_steps` and
    `decisions_asked`.
    """
    page, reasons = Page.of(about.config), tables["verdict"]["reasons"].to_list()[0]
    asked, most = tables["decisions_asked"], about.config.narrative_rules.max_decisions
    return markdown.document(
        (
            markdown.heading(1, "Executive summary"),
            masthead(page, about),
            page.paragraph("{note}", {"note": summary_note}),
            set_aside_notice(tables, page, about),
            summary_text.strip(),
            *(
                (markdown.heading(2, "Why"), page.listed([f"{reason}." for reason in reasons]))
                if reasons
                else ()
            ),
            markdown.heading(2, "Next steps"),
            next_steps_list(tables.get("next_steps"), page),
            markdown.heading(2, "Decisions asked"),
            decisions_list(asked.head(most), page, about.clock.day, reasons=False),
            *(
                (page.paragraph(_REST, {"more": counted(rest, "more decision")}),)
                if (rest := asked.height - most) > 0
                else ()
            ),
        )
    )


def set_aside_notice(tables: Tables, page: Page, about: About) -> str:
    """What was set aside, in money; empty where nothing was. Rules write it, never a model."""
    if "set_aside" not in tables or "set_aside_total" not in tables:
        return ""
    said = set_aside_line(tables["set_aside"], tables["set_aside_total"], locale_of(about.config))
    return page.paragraph("{said}", {"said": said}) if said else ""


def masthead(page: Page, about: About) -> str:
    """Whose report, of what, as of when."""
    scope = f"campaign {about.campaign_id}" if about.campaign_id else "all campaigns"
    whose = ", ".join(filter(None, (about.config.company, scope)))
    return page.paragraph(
        "Report of {whose}, as of {as_of:time}.", {"whose": whose, "as_of": about.clock.as_of}
    )


def next_steps_list(steps: pl.DataFrame | None, page: Page) -> str:
    """What to do next, by whom and why."""
    if steps is None:
        return "Recommendations could not be made in this run."
    if steps.is_empty():
        return "Nothing is recommended."
    return markdown.bullets(
        (
            page.line("{step} {priority:words} priority, {owner}", {**row, "priority": _first(row)})
            + (page.line(", {stake:currency} at stake", row) if row["stake"] is not None else "")
            + page.line(". {why}", row)
            for row in steps.iter_rows(named=True)
        ),
        numbered=True,
    )


def decisions_list(asked: pl.DataFrame, page: Page, day: date, *, reasons: bool) -> str:
    """What to decide, by whom and by when, seen from `day`; with `reasons`, why."""
    if asked.is_empty():
        return "No decision waits for a person."
    return markdown.bullets(
        (
            page.line("{question} ({decided_by}, ", row)
            + page.line(_when(row, day), row)
            + ")"
            + (page.line(" {why}", row) if reasons else "")
            for row in asked.iter_rows(named=True)
        ),
        numbered=True,
    )


def _when(row: Row, day: date) -> str:
    late = (day - row["due"]).days
    by = f"overdue by {counted(late, 'day')}, since {{due:date}}" if late > 0 else "by {due:date}"
    age = row["age_days"]
    return f"{by}, open for {counted(age, 'day')}" if age else by


def _first(row: Row) -> str:
    return sentence(str(row["priority"]))
