"""What the rules ask for: every row of a view that meets a rule, with the words and money of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dataframely as dy
import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale
from mktorch.recommend.rule import TARGET, Impact, Origin, Range, Rule, View, When
from mktorch.recommend.settings import THRESHOLD, holds, thresholds_of
from mktorch.recommend.words import columns_of, compose
from mktorch.sums import ratio
from mktorch.tables import count, declare, flag, key, money, nested, number, text, texts, word
from mktorch.vocab import Action, Category, Level, Priority, Standing

_TEXTS = {
    "description": "What is asked",
    "rationale": "Why it is asked",
    "current_value": "What is now",
    "recommended_value": "What should be",
    "what_could_go_wrong": "What could go wrong",
}
_IDS = pl.List(pl.String)
_RULES = "recommendation_rules"
_IMPACTS = {
    "roi_lift": ("Change of the return, as percent of what it is", "percentage"),
    "revenue": ("Revenue expected more over the days ahead", "currency"),
    "savings": ("Spend expected less over the days ahead", "currency"),
}
_LIFT, _REVENUE, _SAVINGS = ENDS = (
    ("roi_lift_low", "roi_lift_percentage", "roi_lift_high"),
    ("revenue_low", "revenue_impact", "revenue_high"),
    ("savings_low", "cost_savings", "savings_high"),
)
IMPACTS = (*_LIFT, *_REVENUE, *_SAVINGS)


def _record(*texts: str, number: str, lists: Sequence[str] = ()) -> dict[str, dy.Column]:
    """Parts of a record: texts, a number among them and lists of texts, each of which may lack."""
    kinds: Mapping[str, dy.Column] = {
        number: dy.Float64(nullable=True),
        **{name: dy.List(dy.String(nullable=True), nullable=True) for name in lists},
    }
    return {name: kinds.get(name, dy.String(nullable=True)) for name in texts}


# fmt: off
def _impact(words: str, unit: str, end: str) -> dy.Float64:
    return number(unit, f"{words}{end}, as the recommendation's basis says",
        config=(f"{_RULES}.horizon_days",), null="impact_reason", evidence=True)


ASKED: Mapping[str, dy.Column] = {
    "recommendation_id": key("The rule and the target"),
    "rule_id": text("The rule that asks"),
    "gravity": count("Place of the rule among all, the most serious highest", unit="place"),
    "increases": flag("Whether it raises spend"),
    "priority": word(Priority, "How pressing it is"),
    "category": word(Category, "What kind of thing it is about"),
    "action": word(Action, "What is to be done"),
    "target_kind": text("What the target is"),
    "target_id": text("The target"),
    "target_name": text("The target's name", null="it has none"),
    "campaign_id": text("The target's campaign", null="the target belongs to none"),
    **{name: text(words) for name, words in _TEXTS.items()},
    "steps": texts("What to do, in order"),
    "impact_basis": text("What the expected impact rests on"),
    **{name: _impact(*_IMPACTS[basis], end)
        for basis, names in zip(_IMPACTS, ENDS, strict=True)
        for name, end in zip(names, (", lower end of the interval", "",
            ", upper end of the interval"), strict=True)},
    "confidence": word(Level, "How sure sign and size of the net effect are",
        config=(f"{_RULES}.high_confidence_width", f"{_RULES}.medium_confidence_width"),
        null="impact_reason"),
    "impact_reason": text("Why an impact is missing", null="all that the rule states are there"),
    "stake": money("Money at stake: the amount that the rule names for its action, found among the "
        "evidence and what it is worked out from", null="the rule names none", evidence=True),
    "risk_level": word(Level, "How risky the action is"),
    "owner": text("Who decides"),
    "evidence": nested(dy.Struct(_record("fact", "table", "keys", "column", "number", "word",
        number="number"), nullable=True), "Every fact that conditions, texts and amounts use"),
    "thresholds": nested(dy.Struct(_record("name", "compare", "number", "words", "column", "role",
        number="number", lists=("words",)), nullable=True), "What facts were compared with"),
    "depends_on": texts("What must be done first"),
    "raises": texts("What it pulls up"),
    "lowers": texts("What it pulls down"),
}
"""What a rule asks for, column by column."""
OVERRIDES = texts("The less serious candidates it conflicts with")


RecommendationCandidates = declare("recommendation_candidates",
    "One row per rule and target that meets it, with what became of it.", {
    **ASKED,
    "standing": word(Standing, "What became of it"),
    "standing_reason": text("Why it does not stand", null="it stands"),
    "overrides": OVERRIDES,
})
# fmt: on
SCHEMA = pl.Schema({name: column.dtype for name, column in ASKED.items()})


def candidates(
    views: Mapping[str, View], rules: Iterable[Rule], config: MarketingOrchestratorConfig
) -> pl.DataFrame:
    """One row per rule and target that meets it, sorted by id, in the columns of `SCHEMA`.

    A rule whose view is not there asks for nothing. `evidence` holds every fact that the
    conditions, texts and amounts use (`fact` is the view's name of it) with the table, keys and
    column it is found by, where it is not null; `thresholds` what they were compared with.
    """
    asked = [_asked(rule, views[rule.view], config) for rule in rules if rule.view in views]
    return pl.concat([SCHEMA.to_frame(), *asked]).sort("recommendation_id")


def meets(conditions: Iterable[When], config: MarketingOrchestratorConfig) -> pl.Expr:
    """Whether a row of a view meets all the conditions."""
    return pl.all_horizontal(holds(when, config) for when in conditions)


def facts_of(rule: Rule, view: View) -> tuple[str, ...]:
    """The view's columns that a rule rests on and that have an origin, conditions first."""
    texts = (*(getattr(rule, name) for name in _TEXTS), *rule.steps)
    named = (
        *(when.column for when in rule.when),
        *rule.facts,
        *(column for text in texts for column in columns_of(text)),
        *(end for range_ in _ranges(rule.impact) if range_ for end in _ends(range_)),
        rule.stake,
    )
    return tuple(column for column in dict.fromkeys(named) if column in view.origins)


def confidence(
    low: pl.Expr, point: pl.Expr, high: pl.Expr, config: MarketingOrchestratorConfig
) -> pl.Expr:
    """How sure the sign and the size of a net effect are, from its interval.

    Both ends on one side of 0 and no further apart than `high_confidence_width` times the point's
    size: high; than `medium_confidence_width`: medium; else low. Null where one of them is null.

    >>> frame = pl.DataFrame({"low": [8.0, 4.0, -1.0, None], "point": [10.0, 10.0, 1.0, 1.0],
    ...                       "high": [12.0, 13.0, 3.0, 3.0]})
    >>> ends = map(pl.col, frame.columns)
    >>> frame.select(c=confidence(*ends, MarketingOrchestratorConfig()))["c"].to_list()
    ['high', 'medium', 'low', None]
    """
    rules, width = config.recommendation_rules, ratio(high - low, point.abs())
    sure = (low > 0) | (high < 0)
    return (
        pl.when(pl.any_horizontal(low.is_null(), point.is_null(), high.is_null()))
        .then(None)
        .when(sure & (width <= rules.high_confidence_width))
        .then(pl.lit(str(Level.HIGH)))
        .when(sure & (width <= rules.medium_confidence_width))
        .then(pl.lit(str(Level.MEDIUM)))
        .otherwise(pl.lit(str(Level.LOW)))
    )


def _asked(rule: Rule, view: View, config: MarketingOrchestratorConfig) -> pl.DataFrame:
    hits = view.frame.filter(meets(rule.when, config), pl.col("target_id").is_not_null()).rechunk()
    if hits.is_empty():
        return SCHEMA.to_frame()
    locale = Locale(currency=config.currency, name=config.locale)
    texts = [compose(getattr(rule, name), hits, locale).alias(name) for name in _TEXTS]
    steps = [compose(step, hits, locale).alias(f"{n}") for n, step in enumerate(rule.steps)]
    facts = [
        _fact(column, view.frame.schema[column], view.origins[column])
        for column in facts_of(rule, view)
    ]
    thresholds = [thresholds_of(rule, config)] * hits.height
    return (
        hits.select(
            *TARGET,
            *_money(rule.impact),
            pl.concat_list(facts).list.drop_nulls().alias("evidence"),
            _amount(rule.stake).alias("stake"),
            *(_ids(getattr(rule, name)).alias(name) for name in ("raises", "lowers", "depends_on")),
            _text(rule.impact.reason).alias("impact_reason"),
            **{
                name: pl.lit(str(getattr(rule, name)))
                for name in ("priority", "category", "action", "owner")
            },
            rule_id=pl.lit(rule.id),
            gravity=pl.lit(rule.gravity, pl.Int64),
            increases=pl.lit(rule.increases),
            target_kind=pl.lit(rule.view),
            risk_level=pl.lit(str(rule.risk)),
            impact_basis=pl.lit(rule.impact.basis),
        )
        .with_columns(
            *texts,
            pl.Series("thresholds", thresholds, pl.List(THRESHOLD)),
            pl.DataFrame(steps).select(steps=pl.concat_list(pl.all()))["steps"],
            recommendation_id=pl.format("{}:{}", "rule_id", "target_id"),
        )
        .with_columns(_effect(rule.impact, config), _reason(rule.impact))
        .select(SCHEMA.names())
        .cast(SCHEMA)
    )


def _fact(column: str, dtype: pl.DataType, origin: Origin) -> pl.Expr:
    keys = pl.struct(
        *(pl.col(held).alias(key) for key, held in origin.keys.items()),
        *(pl.lit(value).alias(key) for key, value in origin.fixed.items()),
    )
    number = pl.col(column).cast(pl.Float64) if dtype.is_numeric() else pl.lit(None, pl.Float64)
    word = pl.lit(None, pl.String) if dtype.is_numeric() else pl.col(column).cast(pl.String)
    stated = pl.struct(
        fact=pl.lit(column),
        table=pl.lit(origin.table),
        keys=keys.struct.json_encode(),
        column=pl.lit(origin.column),
        number=number,
        word=word,
    )
    return pl.when(pl.col(column).is_not_null()).then(stated)


def _ranges(impact: Impact) -> tuple[Range | None, ...]:
    return impact.roi_lift, impact.revenue, impact.savings


def _ends(range_: Range) -> tuple[str, str, str]:
    return range_.low, range_.point, range_.high


def _money(impact: Impact) -> list[pl.Expr]:
    named = [end for range_ in _ranges(impact) for end in (_ends(range_) if range_ else ("",) * 3)]
    return [_amount(column).alias(name) for name, column in zip(IMPACTS, named, strict=True)]


def _declared(impact: Impact) -> list[tuple[str, str, str]]:
    """The columns of the impacts that a rule states, lift first."""
    stated = zip((_LIFT, _REVENUE, _SAVINGS), _ranges(impact), strict=True)
    return [columns for columns, range_ in stated if range_]


def _effect(impact: Impact, config: MarketingOrchestratorConfig) -> pl.Expr:
    """Confidence in the net effect: revenue plus savings where either is stated, else lift."""
    stated = _declared(impact)
    if not stated:
        return pl.lit(None, pl.String).alias("confidence")
    money = [columns for columns in stated if columns != _LIFT] or stated
    low, point, high = (
        pl.sum_horizontal(ends, ignore_nulls=False) for ends in zip(*money, strict=True)
    )
    return confidence(low, point, high, config).alias("confidence")


def _reason(impact: Impact) -> pl.Expr:
    """Why an impact is null: the view's words, or the rule's own where it states none."""
    stated = _declared(impact)
    if not stated:
        return pl.lit(impact.basis).alias("impact_reason")
    missing = pl.any_horizontal(pl.col(name).is_null() for columns in stated for name in columns)
    return pl.when(missing).then(pl.col("impact_reason")).alias("impact_reason")


def _amount(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64) if column else pl.lit(None, pl.Float64)


def _text(column: str) -> pl.Expr:
    return pl.col(column) if column else pl.lit(None, pl.String)


def _ids(column: str) -> pl.Expr:
    return pl.col(column) if column else pl.lit([], _IDS)
