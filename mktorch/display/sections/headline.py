"""Page one: whose report, the answer in a sentence, the figures that carry it."""

from __future__ import annotations

from mktorch.display.brand import load_brand
from mktorch.display.page import Card, Cards, Lead, Masthead
from mktorch.display.sections.facts import count, money, needs, of_campaign, row
from mktorch.display.status import Status, Tone
from mktorch.formats import (
    CURRENCY_COMPACT,
    DATETIME,
    PERCENT,
    format_value,
)
from mktorch.runs import Run
from mktorch.vocab import RoiStatus

_ROI_STATUS = {
    RoiStatus.POSITIVE: Status("Positive", Tone.GOOD),
    RoiStatus.NEGATIVE: Status("Negative", Tone.BAD),
    RoiStatus.NEUTRAL: Status("Break-even", Tone.WATCH),
}


def masthead(run: Run, campaign: str = "") -> Masthead:
    """Company, moment, scope and run; `campaign` is the one the page looks at."""
    manifest, brand = run.manifest, load_brand()
    scope = campaign or manifest.campaign_id
    known = of_campaign(run, "campaigns")
    names = dict(zip(known["campaign_id"], known["name"], strict=True))
    facts = (
        f"As of {format_value(manifest.as_of, DATETIME)}",
        f"Campaign {names.get(scope, scope)}" if scope else count(len(names), "campaign"),
        f"Run {run.run_id}",
    )
    if campaign:
        of_campaign(run, "campaigns", campaign)
    return Masthead(company=run.config.company or brand.company, facts=facts, brand=brand)


@needs("performance_assessment", "roi_analysis")
def headline(run: Run) -> Lead:
    """The portfolio's result in one sentence, then what stands behind it."""
    total, roi = row(run, "performance_assessment"), row(run, "roi_analysis")
    judged = total["total_campaigns"] - total["insufficient"]
    points = [
        (
            f"{total['exceeding']} of {count(judged, 'judged campaign')} exceed expectations, "
            f"{total['meeting']} meet them and {total['below']} fall short."
        )
    ]
    if total["insufficient"]:
        points.append(
            f"{count(total['insufficient'], 'campaign')} cannot be judged yet: no spend on record."
        )
    points.append(
        f"{count(total['running_experiments'], 'experiment')} running and "
        f"{total['completed_experiments']} completed of {total['total_experiments']}."
    )
    return Lead(sentence=_result(run, roi), points=tuple(points))


@needs("performance_assessment", "roi_analysis", "reconciliations")
def cards(run: Run) -> Cards:
    """Six figures: spend, value, net return, return on spend, verdicts, data quality."""
    total, roi = row(run, "performance_assessment"), row(run, "roi_analysis")
    inputs = run.manifest.inputs
    rows, failed = sum(i.rows for i in inputs), sum(i.failed for i in inputs)
    differing = run.tables["reconciliations"].filter(verdict="differs").height
    judged = total["total_campaigns"] - total["insufficient"]
    return Cards(
        cards=(
            Card(
                label="Media spend",
                value=money(run, roi["total_media_spend"], CURRENCY_COMPACT),
                detail="As the ledger states it, else summed from the metrics",
                source="roi_analysis.total_media_spend",
            ),
            Card(
                label="Estimated value",
                value=money(run, roi["total_estimated_value"], CURRENCY_COMPACT),
                detail=f"Return on media spend {format_value(total['overall_roi'], PERCENT)}",
                source="roi_analysis.total_estimated_value",
            ),
            Card(
                label="Net return",
                value=money(run, roi["total_net_roi"], CURRENCY_COMPACT),
                detail="Value less media, model and review cost",
                status=_ROI_STATUS.get(roi["roi_status"]),
                source="roi_analysis.total_net_roi",
            ),
            Card(
                label="Net return on spend",
                value=format_value(_fraction(roi["roi_percentage"]), PERCENT),
                detail="Net return over media spend",
                source="roi_analysis.roi_percentage",
            ),
            Card(
                label="Campaigns at or above expectation",
                value=f"{total['exceeding'] + total['meeting']} of {judged}",
                detail=f"{total['active_campaigns']} active, {total['insufficient']} without data",
                status=Status("Some below", Tone.WATCH) if total["below"] else None,
                source="performance_assessment",
            ),
            Card(
                label="Records used",
                value=format_value((rows - failed) / rows if rows else None, PERCENT),
                detail=f"{count(failed, 'record')} rejected, {count(differing, 'gap')} to explain",
                status=Status("See appendix", Tone.WATCH) if failed or differing else None,
                source="manifest.inputs",
            ),
        )
    )


def _result(run: Run, roi: dict[str, float | None]) -> str:
    net, spend = roi["total_net_roi"], roi["total_media_spend"]
    if net is None or spend is None:
        return "No campaign has recorded spend yet, so no return can be stated."
    verb = "earned" if net >= 0 else "lost"
    share = _fraction(roi["roi_percentage"])
    rate = f", {format_value(abs(share), PERCENT)} of" if share is not None else " on"
    return (
        f"Marketing {verb} {money(run, abs(net))} net of every recorded cost{rate} its "
        f"{money(run, spend)} media spend."
    )


def _fraction(percentage: float | None) -> float | None:
    return None if percentage is None else percentage / 100
