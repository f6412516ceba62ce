"""What to do where two records of one figure disagree: find out which is right."""

from __future__ import annotations

from typing import NamedTuple

from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.vocab import Action, Category, Level, Priority


class _Check(NamedTuple):
    """A check of `reconciliations`, and how a gap in it is chased."""

    name: str
    category: Category
    priority: Priority
    owner: str
    ask: str
    steps: tuple[str, ...]
    behind: tuple[str, ...]


_CHECKS = (
    _Check(
        "ledger_against_metrics",
        Category.BUDGET,
        Priority.MEDIUM,
        "Finance",
        "the ledger and the performance rows",
        (
            "Ask Finance for the invoices behind {what} in {campaign_name}.",
            "Check which days or channels the performance rows lack.",
            "Correct and restate the record that is wrong.",
        ),
        ("money_tolerance",),
    ),
    _Check(
        "net_roi_against_parts",
        Category.BUDGET,
        Priority.MEDIUM,
        "Finance",
        "the ledger's net return and its own parts",
        (
            "Recompute value less all costs for {whose}.",
            "Find the cost that was left out.",
            "Correct the ledger and any decision based on it.",
        ),
        (),
    ),
    _Check(
        "rollup_against_metrics",
        Category.AUDIENCE,
        Priority.MEDIUM,
        "Analytics",
        "a supplied segment record and the performance rows",
        (
            "Recount {what} of {whose} from the performance rows.",
            "Ask the supplier where its rows come from.",
            "Correct the record before following its recommendation.",
        ),
        ("money_tolerance",),
    ),
    _Check(
        "rate_against_counts",
        Category.CREATIVE,
        Priority.LOW,
        "Analytics",
        "supplied rates and their own counts",
        (
            "Look at the rows of {whose} whose rate differs.",
            "Correct the rate at its source, or stop supplying it.",
        ),
        ("rate_tolerance",),
    ),
)


def _investigate(check: _Check, gravity: int) -> Rule:
    return Rule(
        id=f"investigate_{check.name}",
        view="record",
        category=check.category,
        action=Action.OPTIMIZE,
        when=(
            When("check", Compare.IS, words=(check.name,)),
            When("verdict", Compare.IS, words=("differs",)),
        ),
        priority=check.priority,
        gravity=gravity,
        owner=check.owner,
        risk=Level.LOW,
        description="Find out why " + check.ask + " disagree in {campaign_name}.",
        rationale="{differing:integer} of {pairs:integer} pairs differ. The largest is {what} of "
        "{whose}: {supplied:as reads} supplied against {computed:as reads} computed, a gap of "
        "{off:percent}.",
        current_value="{supplied:as reads} supplied, {computed:as reads} computed",
        recommended_value="one figure",
        steps=check.steps,
        what_could_go_wrong="Until resolved, decisions on {what} may rest on the wrong figure.",
        impact=Impact("The gain depends on which figure is right."),
        stake="window_cost",
        behind=check.behind,
        facts=("gap", "relative_gap", "tolerance"),
    )


RULES: tuple[Rule, ...] = tuple(
    _investigate(check, 175 - place) for place, check in enumerate(_CHECKS)
)
