"""Experiments on an analyst's own frame: published data, the definitions, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportions_ztest

import mktorch
from mktorch import stats

DOCS = Path(__file__).parents[2] / "docs" / "experiments-own-data.md"


def cookie_cats() -> pl.DataFrame:
    """Players of Cookie Cats whose first gate stood at level 30 or 40, from the counts.

    Published on Kaggle ("Mobile Games A/B Testing - Cookie Cats", from a DataCamp project): of
    44,700 players at gate 30, 20,034 were back after a day and 8,502 after seven; of 45,489 at
    gate 40, 20,119 and 8,279.
    """
    counts = {"gate_30": (44_700, 20_034, 8_502), "gate_40": (45_489, 20_119, 8_279)}
    return pl.concat(
        pl.DataFrame(
            {
                "version": [gate] * players,
                "retention_1": np.arange(players) < day_1,
                "retention_7": np.arange(players) < day_7,
            }
        )
        for gate, (players, day_1, day_7) in counts.items()
    )


def answer(result: mktorch.Experiment, **where: str) -> dict[str, object]:
    rows = result.to_polars().filter(**where)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_cookie_cats_agrees_with_published_analyses() -> None:
    result = mktorch.experiment(
        cookie_cats(), variant="version", metric=["retention_7", "retention_1"]
    )
    week, day = (answer(result, metric=f"retention_{days}") for days in (7, 1))
    # github.com/dorukalkan/cookie-cats-ab-test: 19.02 % to 18.20 %, -0.82 points with a 95 %
    # interval of -1.33 to -0.31, p 0.0016, -4.31 % relative.
    assert week["control_value"] == pytest.approx(0.1902, abs=5e-5)
    assert week["variant_value"] == pytest.approx(0.1820, abs=5e-5)
    assert [week["difference_low"], week["difference_high"]] == pytest.approx(
        [-0.0133, -0.0031], abs=5e-5
    )
    assert week["p_value"] == pytest.approx(0.0016, abs=5e-5)
    assert week["lift"] == pytest.approx(-0.0431, abs=5e-5)
    # github.com/PrernaShinde/cookiecats-ab-test: -0.5905 points, -1.3176 %, z -1.7841, p 0.0744
    # without correction; github.com/yurykarabutov/cookie-cats-ab-test: 0.0755 with Yates's.
    assert day["difference"] == pytest.approx(-0.005905169787, rel=1e-9)
    assert day["lift"] == pytest.approx(-0.01317565586, rel=1e-9)
    assert 0.07440965 < day["p_value"] < 0.0755
    z, p = stats.score_test(20_034, 44_700, 20_119, 45_489)
    assert (float(z), float(p)) == pytest.approx((-1.7840862248, 0.0744096553), rel=1e-9)
    # Holm over both metrics: twice the lesser p, and the greater as it is.
    assert week["adjusted_p_value"] == pytest.approx(2 * week["p_value"])
    assert day["adjusted_p_value"] == day["p_value"]
    assert (week["verdict"], day["verdict"]) == ("worse", "unclear")


def users(count: int = 4_000, seed: int = 5) -> pl.DataFrame:
    """Users of three arms: spend and sessions that last month's foretell, and a refund."""
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 3, count)
    before = rng.gamma(2.0, 20.0, count)
    sessions_before = rng.poisson(4, count) + 1.0
    sessions = rng.poisson(sessions_before) + 1.0
    return pl.DataFrame(
        {
            "user": np.arange(count),
            "arm": np.array(["a", "b", "c"])[arm],
            "spend": before * 0.9 + rng.normal(10, 5, count) + 4 * (arm == 2),
            "spend_before": before,
            "sessions": sessions,
            "sessions_before": sessions_before,
            "clicks": rng.binomial(sessions.astype(int), 0.3 + 0.05 * (arm == 1)) * 1.0,
            "clicks_before": rng.binomial(sessions_before.astype(int), 0.3) * 1.0,
            "refund": rng.random(count) < 0.05,
            "country": rng.choice(["de", "fr"], count),
        }
    )


def arms(frame: pl.DataFrame, *columns: str) -> list[np.ndarray]:
    return [frame.filter(arm=arm).select(columns).to_numpy().T for arm in ("a", "b", "c")]


def test_means_are_welch_and_ratios_the_delta_method() -> None:
    frame = users()
    result = mktorch.experiment(
        frame, variant="arm", metric={"spend": "spend", "ctr": ("clicks", "sessions")}
    )
    for arm, name in ((1, "b"), (2, "c")):
        spend = [values[0] for values in arms(frame, "spend")]
        expected = scipy_stats.ttest_ind(spend[arm], spend[0], equal_var=False)
        row = answer(result, metric="spend", variant=name)
        assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-8)
        ends = expected.confidence_interval()
        assert [row["difference_low"], row["difference_high"]] == pytest.approx(ends, rel=1e-8)
        moved = []
        for clicks, sessions in arms(frame, "clicks", "sessions"):
            ratio = clicks.sum() / sessions.sum()
            moved.append(ratio + (clicks - ratio * sessions) / sessions.mean())
        expected = scipy_stats.ttest_ind(moved[arm], moved[0], equal_var=False)
        row = answer(result, metric="ctr", variant=name)
        assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-6)
        assert row["difference"] == pytest.approx(moved[arm].mean() - moved[0].mean(), rel=1e-9)


def test_cuped_of_a_mean_is_what_the_pooled_slope_leaves() -> None:
    frame = users()
    plain, adjusted = (
        answer(
            mktorch.experiment(frame, variant="arm", metric="spend", covariate=covariate),
            variant="c",
        )
        for covariate in (None, "spend_before")
    )
    (y0, x0), _, (y1, x1) = arms(frame, "spend", "spend_before")
    sxy, sxx = (
        sum(((a - a.mean()) * (b - b.mean())).sum() / 1 for a, b in pairs)
        for pairs in (((x0, y0), (x1, y1)), ((x0, x0), (x1, x1)))
    )
    slope = sxy / sxx
    expected = scipy_stats.ttest_ind(y1 - slope * x1, y0 - slope * x0, equal_var=False)
    assert adjusted["difference"] == pytest.approx(
        (y1 - slope * x1).mean() - (y0 - slope * x0).mean(), rel=1e-9
    )
    # theta here pools sums of squares by arm, mktorch's weighs them by arm alike.
    assert adjusted["p_value"] == pytest.approx(expected.pvalue, rel=0.05)
    assert adjusted["variance_cut"] > 0.9
    assert plain["variance_cut"] is None
    width = [row["difference_high"] - row["difference_low"] for row in (plain, adjusted)]
    assert width[1] < 0.3 * width[0]
    assert adjusted["control_value"] == plain["control_value"]


def test_cuped_of_a_ratio_holds_its_level_and_narrows() -> None:
    # 400 A/A experiments whose clicks follow each user's own rate: p < 0.05 about 5 % of the time.
    rng = np.random.default_rng(8)
    rejected, cuts = 0, []
    for _ in range(400):
        rate = rng.beta(2, 5, 600)
        before, during = rng.poisson(8, (2, 600)) + 1
        frame = pl.DataFrame(
            {
                "arm": np.repeat(["a", "b"], 300),
                "clicks": rng.binomial(during, rate),
                "sessions": during,
                "clicks_before": rng.binomial(before, rate),
                "sessions_before": before,
            }
        )
        row = answer(
            mktorch.experiment(
                frame,
                variant="arm",
                metric=("clicks", "sessions"),
                covariate=("clicks_before", "sessions_before"),
            )
        )
        rejected += row["p_value"] < 0.05
        cuts.append(row["variance_cut"])
    assert 8 <= rejected <= 34
    # A user's rate varies by 0.0255, its estimate by 0.179 / 9 more: the correlation of before and
    # during is 0.56, its square 0.32; users of few sessions make it less.
    assert 0.25 < np.mean(cuts) < 0.32


def test_rows_of_one_unit_are_added_up_and_units_of_two_arms_left_out() -> None:
    frame = users()
    shares = frame.with_columns(pl.col("spend", "clicks", "sessions") / 4)
    visits = pl.concat([shares] * 4)
    crossed = frame.head(7).with_columns(arm=pl.lit("c"), user=pl.col("user") + 10_000)
    other = crossed.with_columns(arm=pl.lit("a"))
    unnamed = frame.head(3).with_columns(arm=pl.lit(None, pl.String), user=pl.col("user") - 100)
    asked = {"variant": "arm", "metric": ["spend", ("clicks", "sessions"), "refund"]}
    once = mktorch.experiment(frame, **asked)
    added = mktorch.experiment(pl.concat([visits, crossed, other, unnamed]), unit="user", **asked)
    assert added.left_out == {"seen in two variants": 7, "without a variant": 3}
    for name in ("control_value", "lift", "p_value", "difference_low"):
        assert added.results[name].to_list() == pytest.approx(once.results[name].to_list())
    assert added.arms.equals(once.arms)
    assert "7 units seen in two variants" in repr(added)


def test_a_unit_counts_towards_a_metric_it_knows() -> None:
    frame = users().with_columns(
        spend=pl.when(pl.col("user") % 4 > 0).then("spend"), refund=pl.col("refund").cast(pl.Int8)
    )
    result = mktorch.experiment(frame, variant="arm", metric=["spend", "refund"])
    spend = [values[0] for values in arms(frame.drop_nulls("spend"), "spend")]
    row = answer(result, metric="spend", variant="b")
    assert (row["control_units"], row["variant_units"]) == (len(spend[0]), len(spend[1]))
    assert row["variant_value"] == pytest.approx(spend[1].mean())
    flags = [values[0] for values in arms(frame, "refund")]
    row = answer(result, metric="refund", variant="b")
    assert row["kind"] == "conversion"
    pooled, _ = proportions_ztest([flags[1].sum(), flags[0].sum()], [len(flags[1]), len(flags[0])])
    corrected = abs(pooled) - 0.5 / min(map(len, flags[:2])) / (
        (row["variant_value"] - row["control_value"]) / pooled
    )
    assert row["p_value"] == pytest.approx(2 * scipy_stats.norm.sf(max(corrected, 0)), rel=1e-9)


def test_families_segments_and_guardrails() -> None:
    frame = users()
    asked = {"variant": "arm", "metric": ["spend", ("clicks", "sessions")], "guardrail": "refund"}
    result = mktorch.experiment(
        frame, lower_is_better=["refund", "spend"], segment="country", **asked
    )
    whole = result.results.filter(pl.col("by").is_null())
    metrics = whole.filter(role="metric")
    assert metrics["adjusted_p_value"].to_list() == pytest.approx(
        stats.adjust(metrics["p_value"].to_numpy(), "holm").tolist()
    )
    guards = whole.filter(role="guardrail")
    assert guards["adjusted_p_value"].equals(guards["p_value"].rename("adjusted_p_value"))
    parts = result.results.filter(by="country")
    assert parts.height == 2 * whole.height
    assert parts["adjusted_p_value"].to_list() == pytest.approx(
        stats.adjust(parts["p_value"].to_numpy(), "holm").tolist()
    )
    # More spend is worse where it was said to be.
    assert answer(result, metric="spend", variant="c", segment="all")["verdict"] == "worse"
    germans = mktorch.experiment(frame.filter(country="de"), **asked).results
    for name in ("control_value", "lift_low", "p_value"):
        assert parts.filter(segment="de")[name].to_list() == pytest.approx(germans[name].to_list())


def test_a_segment_without_an_arm_is_undefined_and_says_so() -> None:
    frame = users().filter(~((pl.col("country") == "fr") & (pl.col("arm") == "a")))
    result = mktorch.experiment(frame, variant="arm", metric="spend", segment="country")
    rows = result.results.filter(by="country", segment="fr")
    assert rows["verdict"].to_list() == ["undefined", "undefined"]
    assert rows["p_value"].null_count() == 2
    assert "–" in repr(result)


def test_the_split_is_checked_where_shares_are_declared() -> None:
    frame = users()
    asked = {"variant": "arm", "metric": "spend"}
    assert mktorch.experiment(frame, **asked).allocation_p is None
    even = mktorch.experiment(frame, shares={"a": 1, "b": 1, "c": 1}, **asked)
    expected = scipy_stats.chisquare(even.arms["units"].to_numpy()).pvalue
    assert even.allocation_p == pytest.approx(expected)
    wrong = mktorch.experiment(frame, shares={"a": 2, "b": 1, "c": 1}, **asked)
    assert "not comparable" in repr(wrong)
    assert "not comparable" not in repr(even)


def test_one_sided_and_another_control() -> None:
    frame = users()
    result = mktorch.experiment(
        frame, variant="arm", metric="spend", control="c", alternative="less", correction="none"
    )
    (y0,), _, (y2,) = arms(frame, "spend")
    expected = scipy_stats.ttest_ind(y0, y2, equal_var=False, alternative="less")
    row = answer(result, variant="a")
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-8)
    assert row["difference_low"] is None
    assert row["difference_high"] < 0
    assert row["verdict"] == "worse"


@pytest.mark.parametrize("library", ["pandas", "arrow", "lazy"])
def test_frames_of_other_libraries(library: str) -> None:
    frame = users(600)
    given = {"pandas": frame.to_pandas, "arrow": frame.to_arrow, "lazy": frame.lazy}[library]()
    asked = {"variant": "arm", "metric": "spend"}
    ours = mktorch.experiment(frame, **asked).results
    assert mktorch.experiment(given, **asked).results["p_value"].to_list() == pytest.approx(
        ours["p_value"].to_list()
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"metric": "spent"}, "no column spent; the frame has user, arm, spend"),
        ({"metric": []}, "metric: name at least one column"),
        ({"metric": ["spend", "spend"]}, "metrics named twice: spend"),
        ({"metric": "country"}, "country: a metric must be numbers or flags"),
        ({"metric": "spend", "lower_is_better": "cost"}, "cost is no metric here; known are spend"),
        ({"metric": "spend", "covariate": {"ctr": "user"}}, "covariate: ctr is no metric here"),
        ({"metric": "spend", "control": "z"}, "control 'z' is no variant; known are a, b, c"),
        ({"metric": "spend", "correction": "tukey"}, "correction 'tukey' is unknown: use none"),
        ({"metric": "spend", "alternative": "up"}, "alternative 'up' is unknown: use two_sided"),
        ({"metric": "spend", "alpha": 5}, "alpha 5 is no level"),
        ({"metric": "spend", "shares": {"a": 1}}, "give a positive one for each of a, b, c"),
        ({"metric": {"x": ("a", "b", "c")}}, "is no metric: give a column, or"),
        ({"metric": "user", "unit": "user"}, "a column cannot be a metric and tell units"),
        ({"metric": "spend", "covariate": "sessions", "unit": "country"}, "not the same in all"),
    ],
)
def test_what_makes_no_experiment_is_refused(asked: dict[str, object], says: str) -> None:
    with pytest.raises(mktorch.ExperimentError, match="(?s).*" + says.replace("(", r"\(")):
        mktorch.experiment(users(300), variant="arm", **asked)
    with pytest.raises(mktorch.ExperimentError, match="two arms are needed, found a"):
        mktorch.experiment(users(300).filter(arm="a"), variant="arm", metric="spend")
    with pytest.raises(mktorch.ExperimentError, match="list is no frame"):
        mktorch.experiment([1], variant="arm", metric="spend")


def test_a_result_reads_and_draws() -> None:
    frame = users().with_columns(arm=pl.col("arm").replace("b", "<b>"))
    result = mktorch.experiment(
        frame,
        variant="arm",
        control="a",
        metric=["spend"],
        guardrail=["refund"],
        segment="country",
    )
    lines = repr(result).splitlines()
    assert lines[0] == "Experiment: <b>, c against a (control), 4,000 units"
    assert len(lines) == 2 + result.results.height
    assert "&lt;b&gt;" in result._repr_html_()
    assert "<b>" not in result._repr_html_()
    assert lines_drawn(result) == ["spend, <b>", "spend, c", "refund, <b>", "refund, c"]
    assert len(lines_drawn(result, segments=True)) == 8


def lines_drawn(result: mktorch.Experiment, **asked: bool) -> list[str]:
    """The rows of the forest plot, by what Vega-Lite is given."""
    chart = json.loads(result.forest(**asked).to_json())
    (values,) = (rows for rows in chart["datasets"].values() if "line" in rows[0])
    return [row["line"] for row in values]


def test_the_page_of_docs_runs() -> None:
    blocks = DOCS.read_text(encoding="utf-8").split("```python\n")[1:]
    space: dict[str, object] = {}
    for block in blocks:
        exec(block.split("```")[0], space)
    assert "verdict" in space["result"].to_polars().columns
