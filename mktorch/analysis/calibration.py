"""Do confident decisions turn out better? Confidence set against the verdicts of outcomes."""

from __future__ import annotations

from collections.abc import Iterator

import dataframely as dy
import numpy as np
import polars as pl
from scipy import stats as scipy_stats

from mktorch.config.decision_rules import Calibration, DecisionRules, Outcome
from mktorch.stats import Floats, wilson
from mktorch.sums import micros, ratio, units
from mktorch.tables import Definition, Table, count, fraction, number, read, text, word

# From worst to best: the order the rank statistics see.
_RANKED = (Outcome.WORSENED, Outcome.NO_CHANGE, Outcome.IMPROVED)
_BANDS = ("decision_rules.confidence_bands",)
_SCORED = read("decision_outcomes", "confidence_score")
_JUDGED = read("decision_outcomes", "confidence_score", "verdict")
_AFTER = {
    Outcome.IMPROVED: "after which the KPI was better",
    Outcome.NO_CHANGE: "after which no change was detectable",
    Outcome.WORSENED: "after which the KPI was worse",
    Outcome.TOO_LITTLE_DATA: "with too little data to tell",
}


# fmt: off
def _verdicts(of: str, upstream: tuple[str, ...], *words: Outcome) -> Iterator[dy.Int64]:
    """A count of the decisions with each verdict."""
    return (count(f"Number of decisions {of}{_AFTER[each]}",
        read("decision_outcomes", *upstream, verdict=each)) for each in words)


class DecisionCalibration(Table):
    """One row per band of confidence, lowest first: verdicts, and the share that improved."""

    about = Definition("", config=_BANDS)
    band = count("Place of the band, from 1", unit="", key=True)
    from_confidence = fraction("Least confidence of the band", config=_BANDS)
    to_confidence = fraction("Confidence that the band does not reach, but the last",
        config=_BANDS)
    decisions = count("Number of decisions in the band of confidence", _SCORED, config=_BANDS)
    improved, no_detectable_change, worsened, too_little_data = _verdicts(
        "in the band of confidence ", ("confidence_score", "verdict"), *Outcome)
    judged = count("Number of decisions in the band of confidence, less those with too little data",
        _JUDGED, config=_BANDS)
    share_improved = fraction("Decisions after which the KPI was better / decisions judged, in the "
        "band of confidence", _JUDGED, config=_BANDS, over=("improved", "judged"), null="reason")
    share_low = fraction("Lower end of Wilson's interval for the share", _JUDGED,
        config=(*_BANDS, "decision_rules.alpha"), null="reason")
    share_high = fraction("Upper end of Wilson's interval for the share", _JUDGED,
        config=(*_BANDS, "decision_rules.alpha"), null="reason")
    mean_confidence = fraction("Mean confidence of the band's decisions", _SCORED, config=_BANDS,
        null="reason")
    reason = text("Why shares or means are missing", null="they are there")


def _pairs(words: str) -> dy.Int64:
    return count("Number of pairs of decisions with different outcomes of which the better one "
        f"was {words}", _JUDGED)


class ConfidenceRanking(Table):
    """One row: whether higher confidence goes with a better outcome, over the judged decisions.

    Outcomes are ordered: worsened, no change, improved.
    """

    judged = count("Number of decisions judged", read("decision_outcomes", "verdict"))
    improved, no_detectable_change, worsened = _verdicts("", ("verdict",), *_RANKED[::-1])
    concordant = _pairs("the more confident")
    discordant = _pairs("the less confident")
    tied = _pairs("as confident as the other")
    gamma = number("", "(Concordant - discordant pairs) / (concordant + discordant), from -1 to 1",
        _JUDGED, null="reason")
    auc = fraction("Chance that an improved decision was more confident than one that was not; "
        "ties count half", _JUDGED, null="no decision improved, or all did")
    p_value = number("p", "p-value of no association (Kendall's tau-b)", _JUDGED, null="reason")
    answer = word(Calibration, "Whether confident decisions turn out better", _JUDGED,
        config=("decision_rules.alpha", "decision_rules.minimum_judged"))
    reason = text("Why there is too little data to tell", null="there is enough")
# fmt: on


def decision_calibration(
    decision_outcomes: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """`DecisionCalibration`."""
    cuts = decision_rules.confidence_bands
    bands = pl.DataFrame(
        {
            "band": range(1, len(cuts) + 2),
            "from_confidence": (0.0, *cuts),
            "to_confidence": (*cuts, 1.0),
        },
        schema={"band": pl.Int64, "from_confidence": pl.Float64, "to_confidence": pl.Float64},
    )
    score, verdict = pl.col("confidence_score"), pl.col("verdict")
    band = pl.sum_horizontal(pl.lit(1), *((score >= cut).cast(pl.Int64) for cut in cuts))
    counts = decision_outcomes.group_by(band.cast(pl.Int64).alias("band")).agg(
        pl.len().cast(pl.Int64).alias("decisions"),
        *((verdict == word).sum().cast(pl.Int64).alias(str(word)) for word in Outcome),
        (units(micros(score).sum()) / pl.len()).alias("mean_confidence"),
    )
    judged = pl.sum_horizontal(str(word) for word in _RANKED)
    table = (
        bands.join(counts, on="band", how="left")
        .with_columns(pl.col("decisions", *(str(word) for word in Outcome)).fill_null(0))
        .with_columns(judged.alias("judged"))
        .sort("band")
    )
    interval = wilson(
        table["improved"].to_numpy(), table["judged"].to_numpy(), alpha=decision_rules.alpha
    )
    return DecisionCalibration.of(
        table.with_columns(
            ratio(pl.col("improved"), pl.col("judged")).alias("share_improved"),
            pl.Series("share_low", interval.low, pl.Float64).fill_nan(None),
            pl.Series("share_high", interval.high, pl.Float64).fill_nan(None),
            pl.when(pl.col("decisions") == 0)
            .then(pl.lit("no decision in this band"))
            .when(pl.col("judged") == 0)
            .then(pl.lit("no decision of this band could be judged"))
            .alias("reason"),
        )
    )


def confidence_ranking(
    decision_outcomes: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """`ConfidenceRanking`.

    `answer` is better or worse where p is below alpha, else no_detectable_relation;
    too_little_data below `minimum_judged` or where all outcomes or all confidences are alike.

    Sources: Goodman and Kruskal (1954), JASA 49; Kendall (1945), Biometrika 33.
    """
    judged = decision_outcomes.filter(pl.col("verdict").is_in(_RANKED))
    scores = [_scores(judged, word) for word in _RANKED]
    ordered = [(scores[low], scores[high]) for low in range(3) for high in range(low + 1, 3)]
    concordant = sum(_below(worse, better) for worse, better in ordered)
    discordant = sum(_below(better, worse) for worse, better in ordered)
    pairs = sum(worse.size * better.size for worse, better in ordered)
    improved, rest = scores[2], np.concatenate(scores[:2])
    above, under = _below(rest, improved), _below(improved, rest)
    p_value = _kendall_p(scores) if judged.height >= decision_rules.minimum_judged else None
    gamma = _share(concordant - discordant, concordant + discordant)
    return pl.DataFrame(
        {
            "judged": judged.height,
            "improved": improved.size,
            "no_detectable_change": scores[1].size,
            "worsened": scores[0].size,
            "concordant": concordant,
            "discordant": discordant,
            "tied": pairs - concordant - discordant,
            "gamma": gamma,
            "auc": _share(
                above + (rest.size * improved.size - above - under) / 2, rest.size * improved.size
            ),
            "p_value": p_value,
            "answer": str(_answer(p_value, gamma, decision_rules.alpha)),
            "reason": _why(judged, pairs, concordant + discordant, decision_rules.minimum_judged),
        },
        schema=ConfidenceRanking.dtypes(),
    )


def _scores(judged: pl.DataFrame, word: Outcome) -> Floats:
    """The sorted confidences of the decisions with one verdict."""
    return judged.filter(pl.col("verdict") == word)["confidence_score"].sort().to_numpy()


def _below(first: Floats, second: Floats) -> int:
    """Pairs whose value of sorted `first` is below that of `second`."""
    return int(np.searchsorted(first, second, side="left").sum())


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _kendall_p(scores: list[Floats]) -> float | None:
    """Kendall's two-sided p for confidence against outcome; None where either does not vary."""
    confidence = np.concatenate(scores)
    outcome = np.repeat(np.arange(len(scores)), [score.size for score in scores])
    if np.ptp(confidence) == 0 or np.ptp(outcome) == 0:
        return None
    return float(scipy_stats.kendalltau(confidence, outcome).pvalue)


def _answer(p_value: float | None, gamma: float | None, alpha: float) -> Calibration:
    if p_value is None or gamma is None:
        return Calibration.TOO_LITTLE_DATA
    if p_value >= alpha:
        return Calibration.NO_RELATION
    return Calibration.BETTER if gamma > 0 else Calibration.WORSE


def _why(judged: pl.DataFrame, pairs: int, untied: int, minimum: int) -> str | None:
    if judged.height < minimum:
        return f"{judged.height} of {minimum} judged decisions needed"
    if not pairs:
        return "all judged decisions turned out alike"
    if not untied:
        return "all judged decisions were equally confident"
    return None
