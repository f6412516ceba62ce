"""The sums that `explain` prints: each is done again from its numbers as they are printed."""

from __future__ import annotations

import csv
import json
import math
import re

import polars as pl
import pytest
from typer.testing import CliRunner

from mktorch.cli import app
from mktorch.explain import explain
from mktorch.explain.records import save
from mktorch.explain.subjects import known
from mktorch.recommend import RULES
from mktorch.recommend.amounts import AMOUNTS, columns_of
from tests.conftest import SAMPLE

_SUM = re.compile(r"[-+*/(). 0-9e]|min|max|cents|,")


def cents(amount: float) -> float:
    return math.floor(round(amount * 1e6) / 1e4) / 100


def number(text: str) -> float:
    return float(text.replace(",", ""))


def done_again(line: str) -> float | None:
    """What the numbers of a printed sum come to; None where the line is no sum in numbers."""
    *_, said, told = ("", *line.rpartition(": ")[2].split(" = "))
    if not said or _SUM.sub("", said):
        return None
    found = eval(re.sub(r"(?<=\d),(?=\d{3})", "", said), {"cents": cents, "min": min, "max": max})
    assert found == pytest.approx(number(told), rel=1e-6, abs=1e-6), line
    return found


@pytest.fixture(scope="module")
def told(sample_run):
    return {name: explain(sample_run, name) for name in known(sample_run)}


def test_everything_with_a_name_is_explained_and_every_sum_holds(sample_run, told) -> None:
    done = 0
    for name, each in told.items():
        text = str(each)
        assert each.worked, name
        sums = [line for line in text.splitlines() if " = " in line and not line.startswith("  = ")]
        done += sum(done_again(line.strip()) is not None for line in sums)
        json.dumps(each.as_json(), allow_nan=False)
    assert done > 150


def test_each_kpi_s_sum_comes_to_its_value(sample_run, told) -> None:
    for kpi, value in sample_run.tables["kpis"].select("kpi", "value").iter_rows():
        first = told[kpi].worked[0]
        assert number(first.rpartition(" = ")[2]) == pytest.approx(value, rel=1e-6), first


def test_each_amount_of_each_recommendation_is_worked_out(sample_run, told) -> None:
    rules = {rule.id: rule for rule in RULES}
    amounts = 0
    for row in sample_run.tables["recommendation_candidates"].iter_rows(named=True):
        worked = told[row["recommendation_id"]].worked
        lines = dict(line.split(": ", 1) for line in worked if " = " in line)
        sums = {name: text for label, text in lines.items() for name in label.split(", ")}
        for amount, column in columns_of(rules[row["rule_id"]]):
            if row[amount] is not None:
                said = sums[amount.replace("_", " ")]
                assert number(said.rpartition(" = ")[2]) == pytest.approx(row[amount], rel=1e-6)
                assert column not in AMOUNTS.get(rules[row["rule_id"]].view, {}) or "=" in said
                amounts += 1
        met = [line for line in worked if " = " not in line]
        assert len(met) == sum(t["role"] == "condition" for t in row["thresholds"])
    assert amounts > 50


def test_a_cut_is_done_by_hand(sample_run, told) -> None:
    # 20 % of the planned 11,291.60 is 2,258.32; at returns of 0.7255... that forgoes 1,638.50.
    worked = told["decrease_budget_of_poor_return:CAMP_005"].worked
    cut = next(line for line in worked if line.startswith("stake, savings low, cost savings"))
    assert cut.endswith("= cents(min(11,291.6 * 0.2, 10,000)) = 2,258.32")
    assert any(line.startswith("revenue impact: -cut * roas = -2,258.32 * ") for line in worked)


def test_a_ground_rests_on_what_was_found(sample_run, told) -> None:
    grounds = sample_run.tables["verdict_grounds"].filter(pl.col("value") > 0)
    for ground, value in grounds.select("ground", "value").iter_rows():
        if told[ground].made:
            assert told[ground].made[0].rows.height == value, ground
    risks = json.loads((SAMPLE / "campaign_risk_signals.json").read_text())
    open_ = [
        r for r in risks if r["severity"] == "critical" and r["status"] in ("open", "in_review")
    ]
    held = told["critical_risks"].records()["campaign_risk_signals"]
    assert set(held["risk_id"]) >= {r["risk_id"] for r in open_}
    assert any(line.startswith("share of spend: min(") for line in told["critical_risks"].worked)


def test_gates_agree_with_the_comparison_they_print(sample_run, told) -> None:
    compared = {"<=": float.__le__, ">=": float.__ge__, "<": float.__lt__}
    for experiment in sample_run.tables["experiment_gates"]["experiment_id"].unique():
        for line in told[experiment].worked:
            found = re.search(r": (\S+) (<=|>=|<) (\S+): (passed|not passed)", line)
            if found and found[1] != "n/a" and "chance" not in line:
                holds = compared[found[2]](number(found[1]), number(found[3]))
                assert holds == (found[4] == "passed"), line
    alone = explain(sample_run, "EXP_001.lift")
    assert [line.split(":")[0] for line in alone.worked] == ["ASSET_002, lift"]


def test_a_risk_s_exposure_is_that_of_its_assets(sample_run) -> None:
    assets = explain(sample_run, "RISK_009").made[0]
    assert assets.table == "rollup_asset"
    assert assets.rows["asset_id"].to_list() == ["ASSET_040"]


def test_the_records_are_printed_and_saved(sample_run, tmp_path) -> None:
    def call(*words):
        return CliRunner().invoke(app, ["explain", str(sample_run.path), *map(str, words)])

    said = call("critical_risks", "--rows").stdout
    assert "performance_metrics, 21 records, the first 20\n" in said
    assert said.count("  file performance_metrics.json, row ") == 20
    assert call("RISK_009", "--save", tmp_path / "risk.csv").exit_code == 0
    with (tmp_path / "risk-performance_metrics.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["cost"]) for row in rows) == pytest.approx(238.05)
    one = explain(sample_run, "human_review_frequency")
    assert save(one, tmp_path / "one.csv") == [tmp_path / "one.csv"]
    assert call("RISK_099").stdout == ""
    assert call("scale_variant:EXP_01").exit_code == 2
