"""One action per target and no contradictions: which candidates stand, and what bears on them.

A candidate is held back by a budget freeze where it raises spend, and overridden by every graver
one that is not held back and either has the same target or pulls one id the other way. That is
decided pair by pair: what is overridden itself still speaks against what is less grave, for the
graver finding is known all the same. So each standing depends on the candidate's own thresholds
and on those of the rules it can meet, and on nothing further; `thresholds` names them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.candidates import SCHEMA, RecommendationCandidates, meets
from mktorch.recommend.freeze import FREEZE, freeze
from mktorch.recommend.rule import Rule, View
from mktorch.recommend.settings import THRESHOLD, Role, named, settings_of
from mktorch.vocab import Standing


def settle(
    asked: pl.DataFrame,
    views: Mapping[str, View],
    rules: Iterable[Rule],
    kpis: pl.DataFrame | None,
    config: MarketingOrchestratorConfig,
) -> pl.DataFrame:
    """Every candidate with its standing, sorted by id.

    Parameters
    ----------
    asked
        From `candidates`.
    kpis
        The run's scorecard, or None where it was not made.

    Returns
    -------
    `RecommendationCandidates`, in `thresholds` also those of the freeze and of the rules it can
    meet, marked `freeze`, `graver` or `lesser`.
    """
    rules = tuple(rules)
    frozen = freeze(kpis, config)
    blocked = pl.col("increases") & pl.lit(frozen is not None)
    met = _meetings(asked.filter(~blocked))
    overridden = (
        met.join(_names(asked), left_on="graver_id", right_on="recommendation_id")
        .group_by("lesser_id")
        .agg(pl.col("name").sort_by("graver_id").alias("overridden_by"))
    )
    overrides = met.group_by("graver_id").agg(pl.col("lesser_id").sort().alias("overrides"))
    beside = _beside(asked, _possible(views, rules, config), rules, config)
    return RecommendationCandidates.of(
        asked.join(overridden, left_on="recommendation_id", right_on="lesser_id", how="left")
        .join(overrides, left_on="recommendation_id", right_on="graver_id", how="left")
        .join(beside, on="recommendation_id", how="left")
        .with_columns(
            pl.when(blocked)
            .then(pl.lit(str(Standing.BLOCKED)))
            .when(pl.col("overridden_by").is_not_null())
            .then(pl.lit(str(Standing.OVERRIDDEN)))
            .otherwise(pl.lit(str(Standing.STANDS)))
            .alias("standing"),
            pl.when(blocked)
            .then(pl.lit(frozen, pl.String))
            .when(pl.col("overridden_by").is_not_null())
            .then(pl.lit("overridden by ") + pl.col("overridden_by").list.join("; "))
            .alias("standing_reason"),
            pl.col("overrides").fill_null([]),
            pl.concat_list("thresholds", pl.col("beside").fill_null([])).alias("thresholds"),
        )
        .sort("recommendation_id")
    )


def _names(asked: pl.DataFrame) -> pl.DataFrame:
    """`recommendation_id` and `name`: the rule in words and its target."""
    rule = pl.col("rule_id").str.replace_all("_", " ", literal=True)
    target = pl.coalesce("target_name", "target_id")
    return asked.select("recommendation_id", name=pl.format("{}, {}", rule, target))


def _meetings(asked: pl.DataFrame) -> pl.DataFrame:
    """Pairs of candidates that cannot both stand: `graver_id` and `lesser_id`."""
    pulls = _pulls(asked.rename({"recommendation_id": "actor"}))
    one, other = pl.col("gravity"), pl.col("gravity_other")
    return (
        _opposed(pulls, pulls)
        .filter((one > other) | ((one == other) & (pl.col("actor") < pl.col("actor_other"))))
        .select(graver_id="actor", lesser_id="actor_other")
        .unique()
    )


def _pulls(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per `actor` and id it pulls at, up or down; at its own target it pulls both ways."""
    target = pl.concat_list(pl.format("target:{}", "target_id"))
    ways = (("raises", True), ("lowers", False), (target, True), (target, False))
    return pl.concat(
        actors.select("actor", "gravity", id=ids, up=pl.lit(up)).explode("id") for ids, up in ways
    ).drop_nulls("id")


def _opposed(pulls: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pairs that pull one id opposite ways."""
    return pulls.join(others, on="id", suffix="_other").filter(
        pl.col("up") != pl.col("up_other"), pl.col("actor") != pl.col("actor_other")
    )


def _possible(
    views: Mapping[str, View], rules: Iterable[Rule], config: MarketingOrchestratorConfig
) -> pl.DataFrame:
    """What each rule could ask for under other settings, as pulls of the rule.

    That is every row of its view that meets its conditions without a setting; every row at all
    where settings decide the facts.
    """
    return pl.concat(
        [
            _pulls(SCHEMA.to_frame().rename({"rule_id": "actor"})),
            *(_reach(rule, views[rule.view], config) for rule in rules if rule.view in views),
        ]
    ).unique()


def _reach(rule: Rule, view: View, config: MarketingOrchestratorConfig) -> pl.DataFrame:
    fixed = tuple(when for when in rule.when if not (when.setting or rule.behind))
    rows = view.frame.filter(meets(fixed, config)) if fixed else view.frame
    none = pl.lit([], pl.List(pl.String))
    return _pulls(
        rows.select(
            "target_id",
            actor=pl.lit(rule.id),
            gravity=pl.lit(rule.gravity, pl.Int64),
            raises=pl.col(rule.raises) if rule.raises else none,
            lowers=pl.col(rule.lowers) if rule.lowers else none,
        )
    )


def _beside(
    asked: pl.DataFrame,
    possible: pl.DataFrame,
    rules: Iterable[Rule],
    config: MarketingOrchestratorConfig,
) -> pl.DataFrame:
    """Per candidate, the thresholds beside its own: `recommendation_id` and the list `beside`.

    Each setting once: as `freeze` before `graver` before `lesser`, and not where the candidate's
    own conditions, facts or caps name it.
    """
    own = (
        asked.select(
            "recommendation_id",
            name=pl.col("thresholds").list.eval(pl.element().struct.field("name")),
        )
        .explode("name")
        .drop_nulls()
    )
    rising = asked.filter("increases").select(
        "recommendation_id", name=pl.lit(list(FREEZE)), role=pl.lit(str(Role.FREEZE))
    )
    met = (
        _met(asked, possible, rules)
        .join(_settings(rules), on="rule_id")
        .select("recommendation_id", "name", "role")
    )
    return (
        pl.concat([rising, met])
        .explode("name")
        .unique()
        .join(own, on=("recommendation_id", "name"), how="anti")
        .sort("recommendation_id", "name", "role")
        .unique(("recommendation_id", "name"), keep="first", maintain_order=True)
        .join(_values(rules, config), on="name")
        .sort("recommendation_id", "role", "name")
        .select(
            "recommendation_id",
            beside=pl.struct(
                "name",
                pl.lit(None, pl.String).alias("compare"),
                "number",
                "words",
                pl.lit(None, pl.String).alias("column"),
                "role",
            ),
        )
        .group_by("recommendation_id", maintain_order=True)
        .agg("beside")
    )


def _met(asked: pl.DataFrame, possible: pl.DataFrame, rules: Iterable[Rule]) -> pl.DataFrame:
    """The rules that each candidate could meet, and whether they are graver."""
    pulls = _pulls(asked.rename({"recommendation_id": "actor"}))
    by_kind = pulls.with_columns(kind=pl.col("id").str.extract(r"^([^:]+):")).join(
        _kinds(rules), on="kind"
    )
    pair = ("actor", "gravity", "actor_other", "gravity_other")
    return (
        pl.concat([_opposed(pulls, possible).select(pair), by_kind.select(pair)])
        .filter(pl.col("gravity") != pl.col("gravity_other"))
        .select(
            recommendation_id="actor",
            rule_id="actor_other",
            role=pl.when(pl.col("gravity_other") > pl.col("gravity"))
            .then(pl.lit(str(Role.GRAVER)))
            .otherwise(pl.lit(str(Role.LESSER))),
        )
        .unique()
    )


def _kinds(rules: Iterable[Rule]) -> pl.DataFrame:
    """The kinds of ids that rules could pull at under other settings, one row each."""
    return pl.DataFrame(
        [(rule.id, rule.gravity, list(rule.reaches)) for rule in rules],
        {"actor_other": pl.String, "gravity_other": pl.Int64, "kind": pl.List(pl.String)},
        orient="row",
    ).explode("kind")


def _settings(rules: Iterable[Rule]) -> pl.DataFrame:
    """The settings that decide whether each rule's candidates are there and unblocked."""
    held = [(rule.id, [*settings_of(rule), *(FREEZE if rule.increases else ())]) for rule in rules]
    return pl.DataFrame(held, {"rule_id": pl.String, "name": pl.List(pl.String)}, orient="row")


def _values(rules: Iterable[Rule], config: MarketingOrchestratorConfig) -> pl.DataFrame:
    """Every setting by name, as `number` or `words`."""
    names = {*FREEZE, *(name for rule in rules for name in settings_of(rule))}
    held = pl.Series("held", named(sorted(names), config, Role.FACT), THRESHOLD)
    return held.struct.unnest().select("name", "number", "words")
