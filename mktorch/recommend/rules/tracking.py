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
            "Ask Finance for the invoices behind {what} of {campaign_name}.",
            "See which days or channels the performance rows lack.",
            "Correct the record that is wrong, and state it again.",
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
            "See which cost was left out.",
            "Correct the ledger, and whatever was decided on it.",
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
            "Ask who supplied it where its rows are from.",
            "Correct the record before its recommendation is followed.",
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
            "Correct the rate where it is made, or stop supplying it.",
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
        rationale="Pairs that differ: {differing:integer} of {pairs:integer}. The widest is {what} "
        "of {whose}: {supplied:as reads} supplied, {computed:as reads} computed, a gap of "
        "{off:percent}.",
        current_value="{supplied:as reads} supplied, {computed:as reads} computed",
        recommended_value="one figure",
        steps=check.steps,
        what_could_go_wrong="Until it is settled, what rests on {what} rests on one of two "
        "figures; the one in use may be the wrong one.",
        impact=Impact("Which of the two figures is right decides what there is to gain."),
        stake="window_cost",
        behind=check.behind,
        facts=("gap", "relative_gap", "tolerance"),
    )


RULES: tuple[Rule, ...] = tuple(
    _investigate(check, 175 - place) for place, check in enumerate(_CHECKS)
)
