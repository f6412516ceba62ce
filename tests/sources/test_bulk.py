"""Records summed where they are, beside the same records read: every figure and failure alike."""

from __future__ import annotations

import math
import os
import shutil
from datetime import date, datetime, timedelta
from functools import reduce

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.ingest import checked, input_records, scope
from mktorch.rollups import rollups
from mktorch.rollups.assigned import rollup_experiment_unit
from mktorch.rollups.geo import rollup_geo_day
from mktorch.sources import SourceError, load
from mktorch.sources.bulk import scan
from mktorch.sources.bulk.cache import Cache
from mktorch.sources.bulk.doubt import clock_changes
from mktorch.vocab import Source
from tests.sources.good import RECORDS, write

METRICS = str(Source.PERFORMANCE_METRICS)
START = datetime(2026, 3, 27, 20)


def records(rows: int = 240, every: int = 7) -> pl.DataFrame:
    """Valid records of six assets, some in an experiment, at every few hours of several days."""
    place = pl.int_range(rows, eager=True)
    impressions = 1000 + place * 37 % 901
    clicks = impressions * (3 + place % 5) // 100
    conversions = clicks * (place % 4) // 10
    return pl.DataFrame(
        {
            "asset_id": "A" + (place % 6 + 1).cast(pl.String),
            "experiment_id": (place % 2 + 1)
            .cast(pl.String)
            .str.replace("^", "E")
            .set(place % 3 == 0, None),
            "timestamp": pl.Series([START + timedelta(hours=int(n) // 6 * every) for n in place]),
            "impressions": impressions,
            "clicks": clicks,
            "conversions": conversions.cast(pl.Float64) / 2,
            "conversion_rate": (conversions / 2 / clicks).round(4),
            "cost": (place * 1.37 % 53).round(2),
            "revenue_proxy": (place * 2.41 % 97).round(4),
        }
    )


def _at(row: int, **values: object) -> pl.Expr:
    """The frame's columns with other values in one row."""
    here = pl.int_range(pl.len()) == row
    return [pl.when(here).then(pl.lit(v)).otherwise(n).alias(n) for n, v in values.items()]  # type: ignore[return-value]


FAULTS = {
    "null asset": {"asset_id": None},
    "blank asset": {"asset_id": " "},
    "padded asset": {"asset_id": " A1"},
    "unknown asset": {"asset_id": "A99"},
    "unknown experiment": {"experiment_id": "E99"},
    "blank experiment": {"experiment_id": ""},
    "null moment": {"timestamp": None},
    "early": {"timestamp": datetime(1969, 12, 31)},
    "late": {"timestamp": datetime(2200, 1, 1)},
    "null clicks": {"clicks": None},
    "null impressions": {"impressions": None},
    "null conversions": {"conversions": None},
    "null cost": {"cost": None},
    "null revenue": {"revenue_proxy": None},
    "null rate": {"conversion_rate": None},
    "more clicks": {"clicks": 10**6},
    "more conversions": {"conversions": 1e6},
    "credit": {"cost": -12.345678},
    "refund": {"revenue_proxy": -1e-6},
    "taken back": {"clicks": -3},
    "dear": {"cost": 4e11},
    "huge": {"revenue_proxy": 3e15},
    "nan": {"cost": math.nan},
    "infinite": {"revenue_proxy": -math.inf},
    "rate of nothing": {"clicks": 0, "conversions": 0.0, "conversion_rate": 0.0},
    "rate without base": {"clicks": 0, "conversions": 0.0, "conversion_rate": 0.5},
    "wrong rate": {"conversion_rate": 0.9},
    "nearly wrong rate": {"conversion_rate": 0.0311},
    "barely wrong rate": {
        "impressions": 5000, "clicks": 1000, "conversions": 100.0, "conversion_rate": 0.108
    },
    "rate of few digits": {
        "impressions": 20_000, "clicks": 9000, "conversions": 1.0, "conversion_rate": 0.0001
    },
    "rate of many digits": {
        "impressions": 20_000, "clicks": 9000, "conversions": 1.0, "conversion_rate": 0.00012345
    },
    "rate below 0": {"conversion_rate": -0.1},
    "rate above 1": {"conversion_rate": 2.0},
    "half a millionth": {"cost": 1.0000005},
    "three halves of one": {"cost": 1.0000015},
    "millionth": {"revenue_proxy": 12.123456},
    "same key": {"asset_id": "A1", "experiment_id": None, "timestamp": START},
}  # fmt: skip


def looked(folder, frames: dict[str, pl.DataFrame], rows: int, **more: object):
    """All that follows of the parts of performance: summed where they are if `rows` is 0."""
    write(folder, RECORDS)
    (folder / f"{METRICS}.json").unlink(missing_ok=True)
    (folder / METRICS).mkdir(exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / METRICS / f"{name}.parquet")
    scale = {"rows": rows, "cache_dir": str(folder / "cache")}
    scale |= {name: more.pop(name) for name in ("engine", "spark_master", "cache") if name in more}
    config = MarketingOrchestratorConfig(data_dir=str(folder), scale=scale, **more)
    notes: list[str] = []
    raw = load(config)
    done = checked(raw, config, notes)
    made = scope(done.valid, done.looked_at, config, None, notes)
    clock = Clock(made["as_of"], config.window_days)
    asked = (made[METRICS], made["creative_assets"])
    tables = rollups(*asked, clock, made["experiments"], notes, made["bulk"])
    tables["geo"] = rollup_geo_day(*asked, made["bulk"])
    tables["units"] = rollup_experiment_unit(made[METRICS], made["experiments"], made["bulk"])
    tables |= {name: getattr(done, name) for name in ("failures", "set_aside", "set_aside_total")}
    facts = (made["as_of"], made["period"], notes, input_records(raw, done.failures))
    return tables, facts, made


def alike(tmp_path_factory, frames: dict[str, pl.DataFrame], **more: object):
    folder = tmp_path_factory.mktemp("bulk")
    read, facts, _ = looked(folder, frames, 10**9, **more)
    summed, others, made = looked(folder, frames, 0, **more)
    assert made["bulk"] is not None
    for name, table in read.items():
        assert_frame_equal(table, summed[name], check_exact=True)
    assert facts == others
    return made


def with_faults() -> pl.DataFrame:
    """Each fault on an asset's day of its own, but for the days that are whole."""
    frame = records(480, every=9)
    for place, fault in enumerate(FAULTS.values()):
        frame = frame.with_columns(_at(6 * (2 * place + 3) + place % 5, **fault))
    return frame


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_faults_come_out_as_they_do_of_records_read(tmp_path_factory, engine):
    made = alike(tmp_path_factory, {"a": with_faults()}, engine=engine)
    assert 0 < made["bulk"].rows < 480


@pytest.mark.parametrize("fault", ["more clicks", "wrong rate", "nan", "same key", "unknown asset"])
def test_one_fault_alone(tmp_path_factory, fault):
    made = alike(tmp_path_factory, {"a": records().with_columns(_at(40, **FAULTS[fault]))})
    assert made["bulk"].drawn.height


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_faults_together_come_out_alike(tmp_path_factory, data):
    rows = st.integers(0, 239)
    picked = data.draw(st.lists(st.tuples(rows, st.sampled_from(sorted(FAULTS))), max_size=8))
    frame = reduce(
        lambda held, each: held.with_columns(_at(each[0], **FAULTS[each[1]])), picked, records()
    )
    cut = data.draw(st.integers(1, 239))
    parts = {"a": frame.head(cut), "b": frame.slice(data.draw(st.integers(0, cut)))}
    more = data.draw(
        st.sampled_from(
            [
                {},
                {"duplicates": "sum"},
                {"duplicates": "refuse"},
                {"as_of": datetime(2026, 3, 30, 12)},
                {"reporting_timezone": "Europe/Stockholm"},
                {"enable_validation": False},
                {"validation_severity": {"orphan_key": "warning"}},
            ]
        )
    )
    alike(tmp_path_factory, parts, **more)


def test_only_rows_of_days_in_doubt_are_read(tmp_path_factory):
    frame = records().with_columns(_at(40, clicks=10**6))
    made = alike(tmp_path_factory, {"a": frame})
    asset, day = frame["asset_id"][40], frame["timestamp"][40].date()
    assert made["bulk"].drawn.rows() == [(asset, day)]
    read = made[METRICS]
    assert (
        read.height
        == frame.filter(asset_id=asset).filter(pl.col("timestamp").dt.date() == day).height
    )
    assert made["bulk"].rows + read.height == frame.height


@pytest.mark.parametrize("missing", ["conversion_rate", "experiment_id", "revenue_proxy", "clicks"])
def test_absent_columns(tmp_path_factory, missing):
    alike(tmp_path_factory, {"a": records().drop(missing)})


def test_columns_beside_the_declared_and_regions(tmp_path_factory):
    frame = records().with_columns(
        pl.lit("blue").alias("colour"),
        pl.Series([("SE", "NO", None)[n % 3] for n in range(240)]).alias("geo"),
        pl.Series([f"U{n % 9}" for n in range(240)]).alias("unit_id"),
    )
    alike(tmp_path_factory, {"a": frame, "b": records().with_columns(
        pl.col("timestamp") + timedelta(days=60)
    )})  # fmt: skip


@pytest.mark.parametrize("column", ["impressions", "cost", "timestamp"])
def test_other_types_of_the_same(tmp_path_factory, column):
    kinds = {"impressions": pl.Int32, "cost": pl.Int64, "timestamp": pl.Datetime("ms")}
    alike(tmp_path_factory, {"a": records().with_columns(pl.col(column).cast(kinds[column]))})


@pytest.mark.parametrize(
    "change",
    [
        {"cost": pl.col("cost").cast(pl.String)},
        {"timestamp": pl.col("timestamp").dt.to_string("%Y-%m-%dT%H:%M:%S")},
        {"loaded_at": pl.col("timestamp")},
        {"currency": pl.lit("SEK")},
        {"account_id": pl.lit("K1")},
    ],
)
def test_what_is_not_as_declared_is_read(tmp_path, change):
    frame = records().with_columns(**change)
    _, _, made = looked(tmp_path, {"a": frame}, 0, exchange_rates={"SEK": 0.1})
    assert made["bulk"] is None
    assert made[METRICS].height


def test_few_rows_are_read(tmp_path):
    _, _, made = looked(tmp_path, {"a": records()}, 241)
    assert made["bulk"] is None


def test_one_campaign_alone(tmp_path):
    run = {}
    for rows in (0, 10**9):
        write(tmp_path, RECORDS)
        config = MarketingOrchestratorConfig(data_dir=str(tmp_path), scale={"rows": rows})
        looked(tmp_path, {"a": records()}, rows)
        done = checked(load(config), config, [])
        made = scope(done.valid, done.looked_at, config, "C2", [])
        clock = Clock(made["as_of"])
        run[rows] = rollups(
            made[METRICS], made["creative_assets"], clock, made["experiments"], [], made["bulk"]
        )
    for name, table in run[0].items():
        assert_frame_equal(table, run[10**9][name], check_exact=True)
    assert run[0]["rollup_campaign"]["campaign_id"].unique().to_list() == ["C2"]


def test_days_on_which_the_clock_changes():
    found = clock_changes("Europe/Stockholm")
    assert {date(2026, 3, 29), date(2026, 10, 25)} <= set(found)
    assert date(2026, 6, 1) not in found


def _passes(monkeypatch) -> list[list[str]]:
    """The parts of each pass from now on."""
    made: list[list[str]] = []
    once = scan._pass
    monkeypatch.setattr(
        scan, "_pass", lambda engine, paths, *more: (
            made.append([path.stem for path in paths]), once(engine, paths, *more)
        )[1],
    )  # fmt: skip
    return made


def _week(number: int) -> pl.DataFrame:
    return records(120).with_columns(pl.col("timestamp") + timedelta(days=30 * number))


def test_parts_seen_before_are_not_read_again(tmp_path, monkeypatch):
    passes = _passes(monkeypatch)
    parts = {"a": _week(1), "b": _week(2)}
    first, *_ = looked(tmp_path, parts, 0)
    again, *_ = looked(tmp_path, parts, 0)
    assert passes == [["a"], ["b"]]
    for name, table in first.items():
        assert_frame_equal(table, again[name], check_exact=True)
    passes.clear()
    changed = parts | {"b": _week(2).with_columns(pl.col("cost") + 1), "c": _week(3)}
    more, *_ = looked(tmp_path, changed, 0)
    assert passes == [["b"], ["c"]]
    whole, *_ = looked(tmp_path, changed, 0, cache=False)
    for name, table in whole.items():
        assert_frame_equal(table, more[name], check_exact=True)
    (tmp_path / METRICS / "a.parquet").unlink()
    passes.clear()
    fewer, *_ = looked(tmp_path, {"c": _week(3)}, 0)
    assert passes == []
    assert fewer["rollup_campaign"]["snapshots"].max() < more["rollup_campaign"]["snapshots"].max()


@pytest.mark.parametrize(
    "setting", [{"rate_tolerance": 0.2}, {"reporting_timezone": "Asia/Tokyo"}, {"as_of": START}]
)
def test_what_decides_sums_is_told_apart_in_the_cache(tmp_path, monkeypatch, setting):
    passes = _passes(monkeypatch)
    looked(tmp_path, {"a": _week(0)}, 0)
    looked(tmp_path, {"a": _week(0)}, 0, **setting)
    assert passes == [["a"], ["a"]]


def test_a_cache_that_cannot_be_used_changes_nothing(tmp_path):
    first, *_ = looked(tmp_path, {"a": _week(1)}, 0)
    for file in (tmp_path / "cache").rglob("*.parquet"):
        file.write_bytes(b"PAR1 torn")
    torn, *_ = looked(tmp_path, {"a": _week(1)}, 0)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file where the folder would be")
    barred, *_ = looked(tmp_path, {"a": _week(1)}, 0)
    for name, table in first.items():
        assert_frame_equal(table, torn[name], check_exact=True)
        assert_frame_equal(table, barred[name], check_exact=True)


def test_a_cache_keeps_what_was_used_last(tmp_path):
    sums = pl.DataFrame({"x": range(100)})
    for n, name in enumerate("abc"):
        Cache(tmp_path, 1 << 20).write("t", name, 1, sums)
        os.utime(tmp_path / "t" / f"{name}-1.parquet", (n, n))
    size = (tmp_path / "t" / "a-1.parquet").stat().st_size
    cache = Cache(tmp_path, 2 * size)
    assert cache.read("t", "a", 1) is not None
    cache.trim()
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == [
        "a-1.parquet",
        "c-1.parquet",
    ]


def test_parts_that_overlap_are_looked_into_and_parts_that_meet_are_not(tmp_path_factory):
    """Rows from noon on in another part are no doubles; a third part may reach into both."""
    frame = records(480, every=3)
    hour = pl.col("timestamp").dt.hour()
    met = {"a": frame.filter(hour < 12), "b": frame.filter(hour >= 12)}
    assert alike(tmp_path_factory, met)["bulk"].drawn.is_empty()
    day = frame.filter(pl.col("timestamp").dt.date() == date(2026, 3, 28), asset_id="A1").sort(
        "timestamp"
    )
    assert day.height > 4
    ends = day.filter(pl.int_range(pl.len()).is_in([0, day.height - 1]))
    parts = {"a": ends, "b": day.slice(1, 1), "c": day.slice(day.height - 2, 1)}
    parts["c"] = pl.concat([parts["c"], day.slice(day.height - 1, 1)])
    made = alike(tmp_path_factory, parts)
    assert made["bulk"].drawn.rows() == [("A1", date(2026, 3, 28))]


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_part_with_too_many_rows_for_its_size_is_refused(tmp_path, engine):
    """Three million equal rows pack into a few thousand bytes."""
    rows = records(1).select(pl.all().repeat_by(3_000_000).explode(empty_as_null=True))
    with pytest.raises(SourceError, match="packed_ratio"):
        looked(tmp_path, {"a": rows}, 0, engine=engine)
