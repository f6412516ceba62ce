"""The writer of synthetic data: sources that hold together, any size, the same bytes, faults."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mktorch import vocab
from mktorch.config import MarketingOrchestratorConfig
from mktorch.sources import load, validate
from mktorch.synth import SynthError, plant_faults, synth
from mktorch.synth.faults import FAULTS
from mktorch.synth.files import LineFile
from mktorch.synth.performance import _deal, _share
from mktorch.vocab import Source

DATA = Path(__file__).parent.parent / "data"
KEYS = {
    Source.CAMPAIGNS: ["campaign_id"],
    Source.AUDIENCE_SEGMENTS: ["segment_id"],
    Source.CHANNELS: ["channel_id"],
    Source.CREATIVE_ASSETS: ["asset_id"],
    Source.EXPERIMENTS: ["experiment_id"],
    Source.PERFORMANCE_METRICS: ["asset_id", "experiment_id", "timestamp"],
    Source.ORCHESTRATOR_DECISIONS: ["decision_id"],
    Source.ROI_LEDGER: ["campaign_id", "period"],
    Source.FUNNEL_EVENTS: ["event_id"],
    Source.BUDGET_ACTIONS: ["budget_action_id"],
    Source.CAMPAIGN_RISK_SIGNALS: ["risk_id"],
    Source.SEGMENT_ROLLUPS: ["rollup_id"],
    Source.ATTRIBUTION_HINTS: ["hint_id"],
}
PARENTS = {
    "campaign_id": Source.CAMPAIGNS,
    "segment_id": Source.AUDIENCE_SEGMENTS,
    "channel_id": Source.CHANNELS,
    "from_channel_id": Source.CHANNELS,
    "to_channel_id": Source.CHANNELS,
    "asset_id": Source.CREATIVE_ASSETS,
    "control_asset": Source.CREATIVE_ASSETS,
    "variant_asset": Source.CREATIVE_ASSETS,
    "experiment_id": Source.EXPERIMENTS,
    "variant_assets": Source.CREATIVE_ASSETS,
    "asset_ids": Source.CREATIVE_ASSETS,
}
WORDS: dict[tuple[Source, str], Any] = {
    (Source.CAMPAIGNS, "status"): vocab.CampaignStatus,
    (Source.AUDIENCE_SEGMENTS, "priority"): vocab.Priority,
    (Source.CHANNELS, "cost_model"): vocab.CostModel,
    (Source.EXPERIMENTS, "type"): vocab.ExperimentType,
    (Source.EXPERIMENTS, "status"): vocab.ExperimentStatus,
    (Source.FUNNEL_EVENTS, "stage"): vocab.FunnelStage,
    (Source.FUNNEL_EVENTS, "source"): vocab.EventSource,
    (Source.BUDGET_ACTIONS, "status"): vocab.BudgetStatus,
    (Source.BUDGET_ACTIONS, "reason_code"): vocab.ReasonCode,
    (Source.BUDGET_ACTIONS, "proposed_by"): vocab.Proposer,
    (Source.CAMPAIGN_RISK_SIGNALS, "risk_type"): vocab.RiskType,
    (Source.CAMPAIGN_RISK_SIGNALS, "severity"): vocab.Severity,
    (Source.CAMPAIGN_RISK_SIGNALS, "status"): vocab.RiskStatus,
    (Source.CAMPAIGN_RISK_SIGNALS, "recommended_action"): vocab.RiskAction,
    (Source.SEGMENT_ROLLUPS, "recommendation"): vocab.SegmentRecommendation,
    (Source.ATTRIBUTION_HINTS, "method"): vocab.AttributionMethod,
}
OPTIONAL = {
    "hypothesis", "target_value", "end_date", "variant_assets", "allocation", "experiment_id",
    "planned_end",
    "conversion_rate", "period", "currency", "reason_detail", "approver_id", "asset_ids",
    "approval_latency_minutes", "kpi_value", "trend_vs_prior_window",
}  # fmt: skip


def frame(folder: Path, source: Source) -> pl.DataFrame:
    records = json.loads((folder / f"{source}.json").read_bytes())
    return pl.DataFrame(records, infer_schema_length=None)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Ten campaigns at least, three snapshots a day, and a campaign cut short."""
    folder = tmp_path_factory.mktemp("larger")
    return folder, synth(folder, rows=13_000, campaigns=10)


@pytest.mark.parametrize("place", ["sample", "larger"])
def test_sources_hold_together(place: str, larger: tuple[Path, dict[str, Any]]) -> None:
    folder = DATA if place == "sample" else larger[0]
    frames = {source: frame(folder, source) for source in Source}
    for source, each in frames.items():
        assert each.select(KEYS[source]).is_duplicated().sum() == 0, source
        absent = {c for c in each.columns if each[c].null_count()}
        assert absent <= OPTIONAL, source
        for column, parent in PARENTS.items():
            if column in each.columns and source != parent:
                ids = each[column].drop_nulls()
                ids = ids.explode().drop_nulls() if ids.dtype == pl.List else ids
                known = frames[parent][KEYS[parent][0]]
                assert ids.is_in(known.implode()).all(), (source, column)
        for column in set(each.columns) & {"confidence", "confidence_score"}:
            assert each[column].is_between(0, 1).all()
    for (source, column), words in WORDS.items():
        assert set(frames[source][column]) <= set(words), (source, column)

    performance = frames[Source.PERFORMANCE_METRICS]
    assert (performance["clicks"] <= performance["impressions"]).all()
    counts = performance.select("impressions", "clicks", "conversions", "cost", "revenue_proxy")
    assert counts.min_horizontal().min() >= 0
    assert (performance["cost"].round(2) == performance["cost"]).all()


def test_sample_is_small_readable_and_what_the_command_writes(tmp_path: Path) -> None:
    truth = synth(tmp_path)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == sorted([*(f"{s}.json" for s in Source), "truth.json"])
    for name in names:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name
    assert truth == json.loads((DATA / "truth.json").read_bytes())
    assert sum(p.stat().st_size for p in DATA.glob("*.json")) < 2_000_000
    assert sorted(p.name for p in DATA.glob("*.json")) == names
    for source, rows in truth["rows"].items():
        lines = (DATA / f"{source}.json").read_text().splitlines()
        assert (lines[0], lines[-1], len(lines) - 2) == ("[", "]", rows)


def test_sample_breaks_no_rule_but_those_planted() -> None:
    config = MarketingOrchestratorConfig(data_dir=str(DATA))
    failures = validate(load(config), config).failures
    met = failures.group_by("source", "rule").agg(rows=pl.len()).sort("source", "rule")
    planted = json.loads((DATA / "truth.json").read_bytes())["warnings"]
    assert set(failures["severity"]) == {"warning"}
    assert met.to_dicts() == planted


def test_newest_timestamp_closes_the_last_week() -> None:
    """As of: the default clock is the last Sunday, and no record is of a later day."""
    stamps = [
        frame(DATA, source)["timestamp"].max() for source in Source
        if "timestamp" in frame(DATA, source).columns
    ]  # fmt: skip
    assert max(stamps) == "2026-04-26T23:45:00"
    performance = frame(DATA, Source.PERFORMANCE_METRICS)["timestamp"]
    assert (performance.min(), performance.max()) == ("2026-03-02T23:00:00", "2026-04-26T23:00:00")


def test_another_seed_moves_the_draws_not_the_truth(tmp_path: Path) -> None:
    truth = synth(tmp_path, seed=7)
    sample = json.loads((DATA / "truth.json").read_bytes())
    assert truth["assets"] == sample["assets"]
    assert truth["stories"] == sample["stories"]
    name = "performance_metrics.json"
    assert (tmp_path / name).read_bytes() != (DATA / name).read_bytes()


def test_rows_are_exact_and_finer_snapshots_keep_each_days_totals(
    larger: tuple[Path, dict[str, Any]],
) -> None:
    folder, truth = larger
    fine = frame(folder, Source.PERFORMANCE_METRICS)
    assert fine.height == truth["rows"]["performance_metrics"] == 13_000
    assert truth["rows"]["campaigns"] > 10
    keys = ["asset_id", "experiment_id", pl.col("timestamp").str.slice(0, 10).alias("day")]
    cents = [(pl.col(c) * 100).round().cast(pl.Int64) for c in ("cost", "revenue_proxy")]
    measures = [pl.col("impressions", "clicks", "conversions").sum(), *(c.sum() for c in cents)]
    coarse = frame(DATA, Source.PERFORMANCE_METRICS)
    daily, days = (
        f.group_by(keys).agg(measures).sort("asset_id", "day", "experiment_id")
        for f in (fine, coarse)
    )
    story = daily.join(coarse.select("asset_id").unique(), on="asset_id", how="semi")
    assert story.equals(days)
    hours = fine.filter(asset_id="ASSET_001")["timestamp"].str.slice(11).unique().sort()
    assert hours.to_list() == ["07:00:00", "15:00:00", "23:00:00"]
    # The trimmed campaign is the newest, and lost its oldest days.
    last = fine.filter(asset_id=fine["asset_id"][-1])["timestamp"]
    assert last.max() == "2026-04-26T23:00:00"


def test_books_and_windows_follow_performance(larger: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = larger
    cost = (
        frame(folder, Source.PERFORMANCE_METRICS)
        .join(frame(folder, Source.CREATIVE_ASSETS), on="asset_id")
        .group_by("campaign_id")
        .agg(pl.col("cost", "revenue_proxy").sum())
    )
    ledger = frame(folder, Source.ROI_LEDGER).group_by("campaign_id").agg(
        pl.col("media_spend", "estimated_value").sum()
    )  # fmt: skip
    both = ledger.join(cost, on="campaign_id").filter(pl.col("campaign_id") != "CAMP_002")
    assert both.height >= 8
    assert (both["media_spend"] - both["cost"]).abs().max() < 0.005
    assert (both["estimated_value"] - both["revenue_proxy"]).abs().max() < 0.005


def test_a_campaign_does_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    def assets_of(campaigns: int) -> pl.DataFrame:
        synth(tmp_path, campaigns=campaigns)
        joined = frame(tmp_path, Source.PERFORMANCE_METRICS).join(
            frame(tmp_path, Source.CREATIVE_ASSETS), on="asset_id"
        )
        return joined.filter(campaign_id="CAMP_008").sort("asset_id", "timestamp")

    alone = assets_of(8)
    assert alone.height == 8 * 56
    assert alone.equals(assets_of(9))


def test_formats_hold_the_same_rows(tmp_path: Path) -> None:
    for form in ("json", "ndjson", "parquet"):
        synth(tmp_path, format=form)
    array = frame(tmp_path, Source.PERFORMANCE_METRICS)
    lines = pl.read_ndjson(tmp_path / "performance_metrics.ndjson", infer_schema_length=None)
    assert lines.equals(array)
    assert pl.read_parquet(tmp_path / "performance_metrics.parquet").equals(array)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"campaigns": 6}, "campaigns = 6: the stories need at least 7"),
        ({"rows": 100}, "rows = 100: 7 campaigns need at least"),
        ({"seed": -1}, "seed = -1"),
        ({"format": "csv"}, "allowed are json, ndjson, parquet"),
    ],
)
def test_arguments_out_of_range_are_refused(
    tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(SynthError, match=said):
        synth(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SynthError, match="file cannot be written"):
        synth(tmp_path / "file")


def test_dealing_conserves_items_and_never_overfills() -> None:
    rng = np.random.default_rng(3)
    bins = rng.integers(0, 5, (500, 6))
    marked = rng.binomial(bins.sum(axis=1), 0.4)
    dealt = _deal(rng, marked, bins)
    assert (dealt.sum(axis=1) == marked).all()
    assert ((dealt >= 0) & (dealt <= bins)).all()


def test_sharing_is_exact_to_the_cent() -> None:
    # 100 cents by 1 : 1 : 1 are cut at 33, 66 and 100; without weights 7 are cut at 2, 4, 7.
    parts = _share(np.array([100, 7]), np.array([[1, 1, 1], [0, 0, 0]]))
    assert parts.tolist() == [[33, 33, 34], [2, 2, 3]]


def test_an_array_cut_short_by_an_error_is_not_closed(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    with pytest.raises(TypeError), LineFile(path) as file:
        file.add_records([{"a": 1}]) or file.add_records([{"a": object()}])
    assert path.read_text() == '[\n{"a": 1}'


class TestFaults:
    def test_each_is_where_it_says_and_nothing_else_changed(self, tmp_path: Path) -> None:
        expected = plant_faults(DATA, tmp_path)
        assert len(expected) == len(FAULTS)
        touched = {(e["file"], e["row"]) for e in expected}
        assert len(touched) == len(expected)
        for source in Source:
            name = f"{source}.json"
            good = json.loads((DATA / name).read_bytes())
            bad = json.loads((tmp_path / name).read_bytes())
            changed = {
                (name, row)
                for row, (a, b) in enumerate(zip(good, bad, strict=False), start=1)
                if a != b
            } | {(name, row) for row in range(len(good) + 1, len(bad) + 1)}
            assert changed == {t for t in touched if t[0] == name}

    def test_only_the_named_field_is_wrong(self, tmp_path: Path) -> None:
        for fault in plant_faults(DATA, tmp_path):
            bad = json.loads((tmp_path / fault["file"]).read_bytes())[fault["row"] - 1]
            if fault["rule"] == "missing_required":
                assert bad.get(fault["field"]) is None
            elif fault["field"]:
                assert fault["field"] in bad
            else:
                assert not isinstance(bad, dict)

    def test_every_kind_of_row_fault_is_there(self) -> None:
        rules = {(f.rule, f.severity) for f in FAULTS}
        errors = {rule for rule, severity in rules if severity == "error"}
        assert errors == {
            "unreadable_value", "missing_required", "unknown_enum", "out_of_range",
            "duplicate_key", "orphan_key", "not_an_object",
        }  # fmt: skip
        warnings = {rule for rule, severity in rules if severity == "warning"}
        assert warnings == {
            "unknown_field", "numeric_string", "unknown_descriptive", "conversions_exceed_clicks",
            "clicks_exceed_impressions", "rate_mismatch", "net_roi_mismatch",
        }  # fmt: skip

    def test_validation_finds_each(self, tmp_path: Path) -> None:
        expected = plant_faults(DATA, tmp_path)
        config = MarketingOrchestratorConfig(data_dir=str(tmp_path))
        failures = validate(load(config), config).failures
        names = ["source", "file", "row", "field", "rule", "severity"]
        found = set(failures.select(names).iter_rows())
        told = {tuple(e[n] for n in names) for e in expected if e["severity"] != "note"}
        assert told <= found
        errors = {f for f in found if f[-1] == "error"}
        assert errors <= told

    def test_refusals_say_why(self, tmp_path: Path) -> None:
        with pytest.raises(SynthError, match="give another folder"):
            plant_faults(DATA, DATA)
        empty = tmp_path / "empty"
        empty.mkdir()
        with pytest.raises(SynthError, match=r"has no performance_metrics\.json"):
            plant_faults(empty, tmp_path / "copy")
        (empty / "performance_metrics.json").write_text("[]")
        with pytest.raises(SynthError, match="has 0 records; 11 are needed"):
            plant_faults(empty, tmp_path / "copy")


def test_decisions_are_told_in_order_of_time() -> None:
    for source in (Source.ORCHESTRATOR_DECISIONS, Source.BUDGET_ACTIONS):
        stamps = frame(DATA, source)["timestamp"].to_list()
        assert all(a < b for a, b in pairwise(stamps))
