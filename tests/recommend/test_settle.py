"""One action per target, no contradictions, freezes that show: over generated candidates."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend import recommendations, settle
from mktorch.recommend.candidates import SCHEMA
from mktorch.recommend.freeze import FREEZE, freeze

CONFIG = MarketingOrchestratorConfig()
CALM = pl.DataFrame({"kpi": ["roi_estimate"], "escalation": ["notify"]})
FREEZING = pl.DataFrame(
    {
        "kpi": ["roi_estimate", "policy_violation_count", "data_freshness_hours"],
        "value": [0.06, 6.0, 9.0],
        "target": [0.5, 0.0, 2.0],
        "better": ["up", "down", "down"],
        "escalation": ["notify, human_review, budget_freeze"] * 2 + ["notify"],
    }
)
IDS = st.lists(st.sampled_from(["campaign:1", "campaign:2", "budget:1", "asset:1"]), max_size=2)


def asked(*rows: dict[str, Any]) -> pl.DataFrame:
    """Candidates with the columns that settling reads; the rest is null."""
    full = [
        {"raises": [], "lowers": [], "thresholds": [], "increases": False, "priority": "low"} | row
        for row in rows
    ]
    named = [row | {"recommendation_id": f"{row['rule_id']}:{row['target_id']}"} for row in full]
    return pl.DataFrame(named, schema=SCHEMA)


def standing(frame: pl.DataFrame, kpis: pl.DataFrame | None = CALM) -> dict[str, str]:
    done = settle(frame, {}, (), kpis, CONFIG)
    return dict(zip(done["recommendation_id"], done["standing"], strict=True))


def test_the_graver_of_two_on_one_target_stands_and_names_the_other() -> None:
    done = settle(
        asked(
            {"rule_id": "stop", "target_id": "T", "gravity": 9},
            {"rule_id": "mend", "target_id": "T", "gravity": 1},
            {"rule_id": "mend", "target_id": "U", "gravity": 1},
        ),
        {},
        (),
        CALM,
        CONFIG,
    )
    assert done.select("recommendation_id", "standing", "standing_reason", "overrides").rows() == [
        ("mend:T", "overridden", "overridden by stop, T", []),
        ("mend:U", "stands", None, []),
        ("stop:T", "stands", None, ["mend:T"]),
    ]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"lowers": ["campaign:1"]}, {"raises": ["campaign:1"]}, False),
        ({"raises": ["campaign:1"]}, {"lowers": ["campaign:1"]}, False),
        ({"lowers": ["campaign:1"]}, {"lowers": ["campaign:1"]}, True),
        ({"raises": ["campaign:1"]}, {"raises": ["campaign:1"]}, True),
        ({"lowers": ["campaign:1"]}, {"raises": ["campaign:2"]}, True),
    ],
)
def test_two_targets_contradict_where_one_id_is_pulled_both_ways(one, other, both) -> None:
    stands = standing(
        asked(
            {"rule_id": "r", "target_id": "T", "gravity": 9, **one},
            {"rule_id": "s", "target_id": "U", "gravity": 1, **other},
        )
    )
    assert stands == {"r:T": "stands", "s:U": "stands" if both else "overridden"}


def test_a_freeze_blocks_what_raises_and_frees_what_that_would_override() -> None:
    frame = asked(
        {"rule_id": "move", "target_id": "T", "gravity": 9, "increases": True},
        {"rule_id": "cut", "target_id": "T", "gravity": 1},
    )
    assert standing(frame, CALM) == {"move:T": "stands", "cut:T": "overridden"}
    assert standing(frame, None) == {"move:T": "stands", "cut:T": "overridden"}
    assert standing(frame, FREEZING) == {"move:T": "blocked", "cut:T": "stands"}
    done = settle(frame, {}, (), FREEZING, CONFIG).filter(rule_id="move")
    assert done["standing_reason"].item() == (
        "budget increases are frozen: return on media spend critical at 6.0%, lifts at 25.0% or "
        "higher; policy violations critical at 6, lifts at 0"
    )
    named = done["thresholds"].explode().struct.unnest()
    assert set(named.filter(role="freeze")["name"]) == set(FREEZE)


def test_the_setting_freezes_whatever_the_kpis_say() -> None:
    config = MarketingOrchestratorConfig(recommendation_rules={"budget_freeze": True})
    assert freeze(CALM, CONFIG) is None
    assert freeze(None, CONFIG) is None
    assert freeze(CALM, config) == (
        "budget increases are frozen by recommendation_rules.budget_freeze"
    )
    assert freeze(CALM.clear(), CONFIG) is None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "rule_id": st.sampled_from(list("abcdef")),
                "target_id": st.sampled_from(["T", "U", "V"]),
                "raises": IDS,
                "lowers": IDS,
                "increases": st.booleans(),
                "stake": st.none() | st.sampled_from([0.0, 5.0, 7.5]),
                "priority": st.sampled_from(["high", "medium", "low"]),
            }
        ),
        max_size=14,
        unique_by=lambda row: (row["rule_id"], row["target_id"]),
    ),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_whatever_is_asked_no_two_that_stand_disagree(rows, frozen, random) -> None:
    gravity = {name: n // 2 for n, name in enumerate("abcdef")}  # some share one
    frame = asked(*(row | {"gravity": gravity[row["rule_id"]]} for row in rows))
    kpis = FREEZING if frozen else CALM
    done = settle(frame, {}, (), kpis, CONFIG)
    assert done.height == frame.height
    stands = done.filter(standing="stands")
    assert stands["target_id"].is_duplicated().sum() == 0
    held = stands.select("recommendation_id", "raises", "lowers").to_dicts()
    up = {(i, r["recommendation_id"]) for r in held for i in r["raises"]}
    down = {(i, r["recommendation_id"]) for r in held for i in r["lowers"]}
    assert not [(a, b) for a in up for b in down if a[0] == b[0] and a[1] != b[1]]
    blocked = done.filter(standing="blocked")
    assert set(blocked["recommendation_id"]) == (
        set(frame.filter("increases")["recommendation_id"]) if frozen else set()
    )
    named = set(done["overrides"].explode().drop_nulls())
    assert named == set(done.filter(standing="overridden")["recommendation_id"])
    assert done.filter(pl.col("standing") != "stands")["standing_reason"].null_count() == 0
    # The gravest of all that is not blocked always stands.
    free = done.filter(pl.col("standing") != "blocked").sort(
        -pl.col("gravity"), "recommendation_id"
    )
    assert free.head(1)["standing"].to_list() in ([], ["stands"])
    # Order of the input changes nothing.
    order = list(range(frame.height))
    random.shuffle(order)
    shuffled = settle(frame[order], {}, (), kpis, CONFIG)
    assert shuffled.equals(done)
    ranked = recommendations(done)
    assert ranked.equals(recommendations(shuffled[order]))
    assert ranked["rank"].to_list() == list(range(1, stands.height + 1))
    places = {"high": 0, "medium": 1, "low": 2}
    key = [
        (places[p], s is None, -(s or 0.0), i)
        for p, s, i in ranked.select("priority", "stake", "recommendation_id").iter_rows()
    ]
    assert key == sorted(key)
    assert len(set(key)) == len(key)


def test_nothing_asked_nothing_settled() -> None:
    done = settle(SCHEMA.to_frame(), {}, (), None, CONFIG)
    assert done.height == 0
    assert recommendations(done).height == 0


def test_the_sample_holds_no_contradiction_and_names_what_gave_way(sample_tables) -> None:
    done = sample_tables["recommendation_candidates"]
    stands = sample_tables["recommendations"]
    assert stands["target_id"].n_unique() == stands.height
    both = set(stands["raises"].explode().drop_nulls()) & set(
        stands["lowers"].explode().drop_nulls()
    )
    assert both == set()
    assert stands["evidence"].list.len().min() > 0
    assert stands["target_id"].null_count() == 0
    gone = done.filter(standing="overridden")
    assert gone.height > 0
    assert set(done["overrides"].explode().drop_nulls()) == set(gone["recommendation_id"])
    frozen = done.filter(standing="blocked")
    assert frozen["increases"].all()
    assert frozen["standing_reason"][0] == (
        "budget increases are frozen: policy violations critical at 6, lifts at 0"
    )
    assert done.filter("increases", standing="stands").height == 0
