"""Records as platforms write them: every total is the file's."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.pipeline import run
from mktorch.rollups import rollups
from mktorch.sources import SourceError
from mktorch.sources.currencies import in_currency
from mktorch.sources.set_aside import set_aside, set_aside_line, set_aside_total
from mktorch.sources.totals import total_lines, totals
from mktorch.sources.validate import Validated
from mktorch.vocab import Source
from tests.sources.exports import (
    AD,
    CAMPAIGN,
    assert_proven,
    by_hand,
    export,
    read,
    row,
    sums,
    written,
)

SETTINGS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MICROS = st.integers(-(10**10), 10**10).map(lambda n: n / 1_000_000)
COUNTS = st.integers(-1000, 100_000)
MARCH = st.integers(1, 28)
BLANK = st.none()


def rules(valid: Validated) -> list[tuple[int, str]]:
    return valid.failures.select("row", "rule").rows()


# Fractions


def test_conversions_may_be_fractions(tmp_path):
    """0.5 + 1.33 + 0.25 + 2.5 + 1.67 + 2 + 1 = 9.25, at 80 of revenue each: 740."""
    counts = [0.5, 1.33, 0.25, 2.5, 1.67, 2, 1]
    rows = [row(day, conversions=n, revenue_proxy=80 * n) for day, n in enumerate(counts, start=1)]
    raw, valid = read(tmp_path, export(rows))
    assert valid.failures.is_empty()
    assert sums(valid) == {
        "impressions": 7000,
        "clicks": 700,
        "conversions": 9.25,
        "cost": 700.0,
        "revenue": 740.0,
    }
    assert_proven(raw, valid, export(rows))


@SETTINGS
@given(
    st.lists(
        st.tuples(MARCH, COUNTS | BLANK, MICROS | BLANK, MICROS | BLANK, st.sampled_from("abc")),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["last", "first", "sum", "refuse"]),
)
def test_accepted_and_set_aside_are_the_file(tmp_path, drawn, way):
    """Fractions, credits, blanks, parts by device, rows stated twice, one row of no known ad."""
    rows = [
        row(day, clicks=clicks, conversions=part, cost=cost, device=device)
        for day, clicks, part, cost, device in drawn
    ]
    rows.append(row(1, asset_id="gone", conversions=0.25))
    raw, valid = read(tmp_path, export(rows), duplicates=way)
    assert_proven(raw, valid, export(rows))
    accepted = [r for r in rows if r["asset_id"] == "AD1"]
    if way == "sum" and valid.failures.filter(rule="duplicate_key").is_empty():
        assert (sums(valid)["conversions"] or 0) == pytest.approx(
            float(by_hand(accepted, "conversions")), abs=1e-6
        )


def test_parts_of_conversions_add_up_without_binary_dust(tmp_path):
    """Half a billion and back leave a tenth: a sum of binary fractions is 0.10000002384185791."""
    counts = [5e8, 0.1, -5e8]
    rows = [row(day, conversions=n) for day, n in enumerate(counts, start=1)]
    _, valid = read(tmp_path, export(rows))
    assert sums(valid)["conversions"] == 0.1


def test_a_count_of_impressions_stays_whole(tmp_path):
    _, valid = read(tmp_path, export([row(1, impressions=10.5)]))
    assert rules(valid) == [(1, "unreadable_value")]


# Credits and corrections


def test_credits_are_kept_summed_and_counted_apart(tmp_path):
    """Ten days of 100 for 300 and 2 conversions, then -150, -3 clicks and -1 conversion."""
    rows = [row(day, clicks=50, conversions=2, revenue_proxy=300.0) for day in range(1, 11)]
    rows += [
        row(11, impressions=0, clicks=0, conversions=0, cost=-150.0, revenue_proxy=0),
        row(12, impressions=-20, clicks=-3, conversions=0, cost=0, revenue_proxy=0),
        row(13, impressions=0, clicks=0, conversions=-1, cost=0, revenue_proxy=-150.0),
    ]
    raw, valid = read(tmp_path, export(rows))
    assert valid.failures.is_empty()
    total = sums(valid)
    assert (total["cost"], total["revenue"], total["conversions"]) == (850.0, 2850.0, 19.0)
    assert_proven(raw, valid, export(rows))
    frames = valid.frames
    day = pl.date(2026, 3, 13)
    made = rollups(
        frames[Source.PERFORMANCE_METRICS],
        frames[Source.CREATIVE_ASSETS],
        Clock.on(pl.select(day).item()),
    )["rollup_correction"]
    whole = made.filter(window="all").select("measure", "rows", "corrected", "total", "below_zero")
    assert whole.rows() == [
        ("clicks", 1, -3.0, 497.0, False),
        ("conversions", 1, -1.0, 19.0, False),
        ("cost", 1, -150.0, 850.0, False),
        ("impressions", 1, -20.0, 9980.0, False),
        ("revenue", 1, -150.0, 2850.0, False),
    ]


def test_a_window_below_zero_is_flagged(tmp_path):
    _, valid = read(tmp_path, export([row(1), row(20, cost=-30.0)]))
    made = rollups(
        valid.frames[Source.PERFORMANCE_METRICS],
        valid.frames[Source.CREATIVE_ASSETS],
        Clock.on(pl.select(pl.date(2026, 3, 20)).item()),
    )["rollup_correction"]
    assert made.select("window", "below_zero").rows() == [("all", False), ("current", True)]


# Parts of one sum


def test_rows_that_differ_in_a_further_column_are_parts(tmp_path):
    rows = [
        row(day, cost=cost, device=device, network=None)
        for day in range(1, 8)
        for device, cost in (("mobile", 10.0), ("desktop", 90.0), ("tablet", 20.0))
    ]
    raw, valid = read(tmp_path, export(rows))
    assert valid.failures.is_empty()
    assert sums(valid)["cost"] == 840.0
    assert_proven(raw, valid, export(rows))
    own = raw[Source.PERFORMANCE_METRICS]
    assert own.spec.key == ("asset_id", "experiment_id", "timestamp", "device")
    assert "network" not in own.frame.columns


def test_a_further_column_of_ones_own_is_declared(tmp_path):
    rows = [row(1, shelf="top"), row(1, shelf="low", cost=50.0)]
    _, once = read(tmp_path, export(rows))
    assert rules(once) == [(1, "restated_row"), (1, "unknown_field")]
    _, parts = read(tmp_path, grain={"performance_metrics": ["shelf"]})
    assert parts.failures.is_empty()
    assert sums(parts)["cost"] == 150.0


def test_the_same_row_twice_is_a_fault(tmp_path):
    rows = [row(1, device="mobile"), row(1, device="mobile"), row(1, device="tablet")]
    _, valid = read(tmp_path, export(rows))
    assert rules(valid) == [(2, "duplicate_key")]
    assert sums(valid)["cost"] == 200.0


# Restated rows


def restated() -> list[dict[str, object]]:
    """Seven days pulled twice: 40 for 60 and 1 conversion, later 48 for 240 and 4."""
    first = [row(d, conversions=1, cost=40.0, revenue_proxy=60.0) for d in range(1, 8)]
    later = [row(d, conversions=4, cost=48.0, revenue_proxy=240.0) for d in range(1, 8)]
    return first + later


@pytest.mark.parametrize(
    ("way", "cost", "conversions", "rule"),
    [
        ("last", 336.0, 28.0, "restated_row"),
        ("first", 280.0, 7.0, "restated_row"),
        ("sum", 616.0, 35.0, None),
        ("refuse", None, None, "duplicate_key"),
    ],
)
def test_what_nothing_tells_apart_follows_the_setting(tmp_path, way, cost, conversions, rule):
    raw, valid = read(tmp_path, export(restated()), duplicates=way)
    total = sums(valid)
    assert (total["cost"] or None, total["conversions"] or None) == (cost, conversions)
    assert set(valid.failures["rule"]) == ({rule} if rule else set())
    assert_proven(raw, valid, export(restated()))
    (said,) = (note for note in valid.notes if "duplicates" in note)
    assert f"duplicates is {way}" in said
    assert "added up:" in said
    assert "cost 616" in said  # both ways, whichever stands
    assert ("cost 280" if way == "first" else "cost 336") in said


def test_a_load_time_tells_the_newest_wherever_it_stands(tmp_path):
    rows = [
        row(1, cost=3.0, loaded_at="2026-03-04T06:00:00"),
        row(1, cost=1.0, loaded_at="2026-03-02T06:00:00"),
        row(1, cost=2.0, loaded_at="2026-03-03T06:00:00"),
        row(2, cost=5.0),
    ]
    raw, valid = read(tmp_path, export(rows), duplicates="refuse")
    assert rules(valid) == [(2, "restated_row"), (3, "restated_row")]
    assert sums(valid)["cost"] == 8.0
    assert_proven(raw, valid, export(rows))


def test_the_order_of_parts_tells_the_newest(tmp_path):
    written(tmp_path, export([]))
    (tmp_path / "performance_metrics.json").unlink()
    parts = tmp_path / "performance_metrics"
    parts.mkdir()
    for name, cost in (("2026-03-02", 1.0), ("2026-03-04", 3.0), ("2026-03-03", 2.0)):
        (parts / f"{name}.json").write_text(json.dumps([row(1, cost=cost)]))
    _, valid = read(tmp_path, duplicates="sum")
    assert sums(valid)["cost"] == 3.0
    assert valid.failures["file"].to_list() == [
        "performance_metrics/2026-03-02.json",
        "performance_metrics/2026-03-03.json",
    ]


def test_parts_tell_where_the_load_times_are_the_same(tmp_path):
    written(tmp_path, export([]))
    (tmp_path / "performance_metrics.json").unlink()
    parts = tmp_path / "performance_metrics"
    parts.mkdir()
    for name, cost in (("a", 1.0), ("b", 2.0)):
        stated = row(1, cost=cost, loaded_at="2026-03-02T06:00:00")
        (parts / f"{name}.json").write_text(json.dumps([stated]))
    _, valid = read(tmp_path, duplicates="sum")
    assert sums(valid)["cost"] == 2.0


# Blanks


def test_a_blank_cell_is_unknown_in_that_cell_alone(tmp_path):
    rows = [row(day) for day in range(1, 8)]
    rows += [row(day, conversions=None, revenue_proxy=None) for day in range(8, 15)]
    raw, valid = read(tmp_path, export(rows))
    assert valid.failures.is_empty()
    total = sums(valid)
    assert (total["cost"], total["clicks"], total["conversions"]) == (1400.0, 1400, 70.0)
    assert_proven(raw, valid, export(rows))
    blank = [note for note in valid.notes if "blank" in note]
    assert blank[0] == (
        "performance_metrics.conversions: blank in 7 rows, from 2026-03-08 to 2026-03-14; unknown "
        "there, not 0: sums leave them out"
    )
    metrics = valid.frames[Source.PERFORMANCE_METRICS]
    day = pl.select(pl.date(2026, 3, 14)).item()
    made = rollups(metrics, valid.frames[Source.CREATIVE_ASSETS], Clock.on(day))
    window = made["rollup_campaign"].filter(window="current").row(0, named=True)
    assert (window["cost"], window["conversions"], window["revenue"]) == (700.0, None, None)


# Ids


def test_numeric_ids_are_text_without_loss(tmp_path):
    own = 120_210_000_000_000_011
    tables = export(
        [row(day, asset_id=own + 1) for day in range(1, 4)],
        campaigns=[{**CAMPAIGN, "campaign_id": own}],
        creative_assets=[{**AD, "asset_id": own + 1, "campaign_id": own}],
    )
    _, valid = read(tmp_path, tables)
    assert valid.failures.is_empty()
    assert valid.frames[Source.CAMPAIGNS]["campaign_id"].to_list() == ["120210000000000011"]
    assert set(valid.frames[Source.PERFORMANCE_METRICS]["asset_id"]) == {"120210000000000012"}


@pytest.mark.parametrize("written_id", ["1.2021e17", "120210000000000011.0"])
def test_an_id_that_lost_digits_is_refused_with_the_reason(tmp_path, written_id):
    folder = written(tmp_path, export([row(1)]))
    text = (folder / "performance_metrics.json").read_text().replace('"AD1"', written_id)
    (folder / "performance_metrics.json").write_text(text)
    _, valid = read(folder)
    (failure,) = valid.failures.to_dicts()
    assert (failure["rule"], failure["value"]) == ("unreadable_value", written_id)
    assert "may have lost digits of the id; export it as text in quotes" in failure["message"]


# Absent fields and sources


def test_nobody_has_to_invent_a_zero(tmp_path):
    """No end date, budget, revenue, size, theme, call to action; five sources of thirteen."""
    rows = [{k: v for k, v in row(1).items() if k != "revenue_proxy"}]
    _, valid = read(tmp_path, export(rows))
    assert valid.failures.is_empty()
    assert valid.frames[Source.CAMPAIGNS]["budget"].to_list() == [None]
    assert valid.frames[Source.EXPERIMENTS].is_empty()
    assert sum("is optional and taken as empty" in note for note in valid.notes) == 8


# Supplied rates


@pytest.mark.parametrize("base", ["clicks", "impressions"])
def test_the_denominator_of_supplied_rates_is_inferred_once(tmp_path, base):
    rows = [
        row(d, impressions=4000 + d, clicks=160 + d, conversions=8 + d % 3) for d in range(1, 11)
    ]
    for each in rows:
        each["conversion_rate"] = round(each["conversions"] / each[base], 6)
    rows[4]["conversion_rate"] = 0.9
    _, valid = read(tmp_path, export(rows))
    assert rules(valid) == [(5, "rate_mismatch")]
    assert f"conversions / {base}" in valid.failures["message"].item()
    assert any(f"10 rates taken as conversions / {base}" in note for note in valid.notes)
    made = rollups(
        valid.frames[Source.PERFORMANCE_METRICS],
        valid.frames[Source.CREATIVE_ASSETS],
        Clock.on(pl.select(pl.date(2026, 3, 10)).item()),
    )["rollup_rate"]
    assert made["rate_denominator"].to_list() == [base]


# Currencies


def two_currencies(**us: object) -> dict[str, list[object]]:
    """Two weeks in kronor, 1,000 for 900 a day, and two in dollars, 100 for 400."""
    swedish = [
        row(d, asset_id="SE1", cost=1000.0, revenue_proxy=900.0, currency="SEK")
        for d in range(1, 15)
    ]
    return export(
        swedish + [row(d, **us) for d in range(1, 15)],
        campaigns=[{**CAMPAIGN, "campaign_id": "SE", "currency": "SEK", "budget": 5000}, CAMPAIGN],
        creative_assets=[{**AD, "asset_id": "SE1", "campaign_id": "SE"}, AD],
    )


def test_currencies_are_added_up_in_one(tmp_path):
    """At 10 kronor a dollar 14,000 SEK are 1,400 and 12,600 are 1,260: 6,860 / 2,800 = 2.45."""
    rates = {"exchange_rates": {"SEK": 0.1}}
    raw, valid = read(tmp_path, two_currencies(), **rates)
    total = sums(valid, **rates)
    assert (total["cost"], total["revenue"]) == (2800.0, 6860.0)
    assert total["revenue"] / total["cost"] == pytest.approx(2.45)
    assert_proven(raw, valid, two_currencies())


def test_a_currency_without_a_rate_is_refused_with_the_remedy(tmp_path):
    _, valid = read(tmp_path, two_currencies())
    with pytest.raises(SourceError, match=r"14 rows are in SEK.* set exchange_rates\.SEK"):
        sums(valid)
    _, both = read(tmp_path, two_currencies(currency="USD"))
    assert sums(both, currency="SEK", exchange_rates={"USD": 10.0})["cost"] == 28000.0


def test_a_rate_holds_from_its_day(tmp_path):
    rates = {"SEK": {"2026-03-01": 0.1, "2026-03-08": 0.2}}
    _, valid = read(tmp_path, two_currencies(cost=0.0))
    assert sums(valid, exchange_rates=rates)["cost"] == 7 * 100.0 + 7 * 200.0
    late = {"SEK": {"2026-03-02": 0.1}}
    with pytest.raises(SourceError, match=r"1 rows are in SEK.* no rate to USD on 2026-03-01"):
        sums(valid, exchange_rates=late)
    config = MarketingOrchestratorConfig(exchange_rates=rates)
    budgets = in_currency(valid.frames, config)[Source.CAMPAIGNS]["budget"]
    assert budgets.to_list() == [1000.0, None]  # of no day: the newest rate


# Zones


def test_a_day_is_a_day_of_the_reporting_zone(tmp_path):
    rows = [row(f"2026-03-{d:02d}T00:00:00+01:00", cost=100.0 * d) for d in range(1, 8)]
    zone = {"reporting_timezone": "Europe/Stockholm"}
    _, valid = read(tmp_path, export(rows), **zone)
    assert sums(valid, as_of="2026-03-05", **zone)["cost"] == 1500.0


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_across_the_change_of_clock(tmp_path, day, hours):
    """Every hour of the zone's day, with its offset: 23 or 25 rows, none lost, none taken twice."""
    zone = "Europe/Stockholm"
    start = pl.Series([day]).str.to_datetime("%Y-%m-%d").dt.replace_time_zone(zone)
    instants = pl.datetime_range(
        start.dt.offset_by("-2h").item(), start.dt.offset_by("1d").dt.offset_by("1h").item(),
        "1h", time_zone=zone, eager=True,
    )  # fmt: skip
    rows = [
        row(stamp, cost=1.0) for stamp in instants.dt.to_string("%Y-%m-%dT%H:%M:%S%:z").to_list()
    ]
    raw, valid = read(tmp_path, export(rows), reporting_timezone=zone)
    assert valid.failures.is_empty()
    assert_proven(raw, valid, export(rows))
    made = rollups(
        in_zone_of(valid, zone),
        valid.frames[Source.CREATIVE_ASSETS],
        Clock.on(start.dt.date().item()),
    )["rollup_day"]
    by_day = dict(made.select(pl.col("date").cast(pl.String), "snapshots").rows())
    assert by_day[day] == hours
    assert sum(by_day.values()) == hours + 4


def in_zone_of(valid: Validated, zone: str) -> pl.DataFrame:
    from mktorch.sources.zones import in_zone

    return in_zone(valid.frames, zone)[Source.PERFORMANCE_METRICS]


def test_a_time_without_an_offset_is_of_the_reporting_zone(tmp_path):
    rows = [row("2026-07-01T00:00:00"), row("2026-07-02"), row("2026-03-29T02:30:00")]
    zone = "America/New_York"
    _, valid = read(tmp_path, export(rows), reporting_timezone=zone)
    stamps = valid.frames[Source.PERFORMANCE_METRICS]["timestamp"].cast(pl.String).str.slice(0, 16)
    assert stamps.to_list()[:2] == ["2026-07-01 04:00", "2026-07-02 04:00"]
    local = in_zone_of(valid, zone)["timestamp"].cast(pl.String).str.slice(0, 16)
    assert local.to_list() == ["2026-07-01 00:00", "2026-07-02 00:00", "2026-03-29 02:30"]


# Accounts


def test_one_id_in_two_accounts(tmp_path):
    tables = export(
        [row(1, account_id="1"), row(1, account_id="2", cost=7.0), row(2, cost=9.0)],
        campaigns=[CAMPAIGN, {**CAMPAIGN, "campaign_id": "C2"}],
        creative_assets=[
            {**AD, "account_id": "1"},
            {**AD, "account_id": "2", "campaign_id": "C2"},
        ],
    )
    _, valid = read(tmp_path, tables)
    assert rules(valid) == [(3, "orphan_key")]
    assert "the accounts 1 and 2 have such an id; write account_id" in (
        valid.failures["message"].item()
    )
    joined = valid.frames[Source.PERFORMANCE_METRICS].join(
        valid.frames[Source.CREATIVE_ASSETS], on="asset_id", maintain_order="left"
    )
    assert joined.select("campaign_id", "cost").rows() == [("C1", 100.0), ("C2", 7.0)]


def test_a_clash_without_accounts_names_both(tmp_path):
    tables = export(
        [row(1)],
        campaigns=[CAMPAIGN, {**CAMPAIGN, "campaign_id": "C2"}],
        creative_assets=[AD, {**AD, "campaign_id": "C2"}],
    )
    _, valid = read(tmp_path, tables)
    own = valid.failures.filter(source="creative_assets")
    assert own["rule"].to_list() == ["account_clash"] * 2
    assert "campaign_id C1" in own["message"][0]
    assert "campaign_id C2" in own["message"][0]
    assert valid.frames[Source.PERFORMANCE_METRICS].is_empty()  # of whom, nobody knows


def test_a_row_of_another_account_than_its_ad(tmp_path):
    tables = export([row(1, account_id="2")], creative_assets=[{**AD, "account_id": "1"}])
    _, valid = read(tmp_path, tables)
    assert rules(valid) == [(1, "account_clash")]
    bare = export([row(1, account_id="2"), row(1, account_id="1")])
    _, valid = read(tmp_path, bare)
    assert rules(valid) == [(1, "account_clash"), (2, "account_clash")]


def test_one_id_in_two_accounts_within_lists(tmp_path):
    """The ads that a risk and an experiment name are those of their own account."""
    ads = [
        {**AD, "asset_id": ad, "account_id": account, "campaign_id": f"C{account}"}
        for account in "12"
        for ad in ("AD1", "AD2")
    ]
    told = {"type": "A/B", "metric": "ctr", "status": "running", "start_date": "2026-03-01"}
    risk = {
        "risk_type": "spend_spike", "severity": "high", "evidence": {}, "status": "open",
        "recommended_action": "pause", "timestamp": "2026-03-01T00:00:00",
    }  # fmt: skip
    tables = export(
        [row(1, account_id=account) for account in "12"],
        campaigns=[{**CAMPAIGN, "campaign_id": f"C{n}"} for n in "12"],
        creative_assets=[*ads, {**AD, "asset_id": "AD3", "account_id": "1", "campaign_id": "C1"}],
        experiments=[
            {
                **told,
                "experiment_id": f"E{n}",
                "campaign_id": f"C{n}",
                "account_id": n,
                "control_asset": "AD1",
                "variant_asset": "AD2",
                "variant_assets": ["AD2", *more],
            }
            for n, more in (("1", ["AD3"]), ("2", []))
        ],
        campaign_risk_signals=[
            {**risk, "risk_id": "R1", "campaign_id": "C1", "asset_ids": ["AD1", "AD3"],
             "account_id": "1"},
            {**risk, "risk_id": "R2", "campaign_id": "C2", "asset_ids": [], "account_id": "2"},
            {**risk, "risk_id": "R3", "campaign_id": "C2", "asset_ids": None, "account_id": "2"},
            {**risk, "risk_id": "R4", "campaign_id": "C2", "asset_ids": ["AD1"]},
            {**risk, "risk_id": "R5", "campaign_id": "C2", "asset_ids": ["AD3"],
             "account_id": "2"},
        ],
    )  # fmt: skip
    _, valid = read(tmp_path, tables)
    listed = valid.frames[Source.EXPERIMENTS]["variant_assets"].to_list()
    assert listed == [["1/AD2", "AD3"], ["2/AD2"]]
    named = valid.frames[Source.CAMPAIGN_RISK_SIGNALS]
    assert dict(named.select("risk_id", "asset_ids").rows()) == {
        "R1": ["1/AD1", "AD3"],
        "R2": [],
        "R3": None,
        "R4": ["AD1"],
    }
    found = valid.failures.select("source", "row", "field", "rule").rows()
    assert found == [
        ("campaign_risk_signals", 4, "asset_ids", "unknown_reference"),
        ("campaign_risk_signals", 5, "asset_ids", "account_clash"),
    ]
    assert (
        "asset_ids names what account 1 has in creative_assets, and the row is of account 2"
        in (valid.failures["message"][1])
    )


# Stages


def event(stage: str, number: float) -> dict[str, object]:
    return {
        "event_id": stage,
        "timestamp": "2026-03-01T00:00:00",
        **{key: AD[key] for key in ("campaign_id", "segment_id", "channel_id")},
        "stage": stage,
        "count": number,
        "source": "crm",
        "confidence": 1.0,
    }


def test_the_stages_of_a_sales_funnel_are_known(tmp_path):
    stages = ("lead", "mql", "sql", "opportunity", "won")
    events = [event(stage, 10.5) for stage in stages]
    _, valid = read(tmp_path, export([row(1)], funnel_events=events))
    assert valid.failures.is_empty()
    assert valid.frames[Source.FUNNEL_EVENTS]["count"].to_list() == [10.5] * 5


def test_a_stage_of_ones_own_is_a_setting(tmp_path):
    tables = export([row(1)], funnel_events=[event("trial", 3), event("paid", 1)])
    _, valid = read(tmp_path, tables)
    assert set(valid.failures["rule"]) == {"unknown_enum"}
    assert "or add it to funnel_rules.stages" in valid.failures["message"][0]
    _, valid = read(tmp_path, funnel_rules={"stages": ["trial", "paid"], "people_from": "trial"})
    assert valid.failures.is_empty()


# What was set aside


def test_rejected_money_is_summed_and_worded(tmp_path):
    rows = [row(day) for day in range(1, 29)]
    rows += [row(1, asset_id="gone", cost=90.0), row(2, asset_id="gone", cost="n/a")]
    raw, valid = read(tmp_path, export(rows))
    frames = {source: own.frame for source, own in raw.items()}
    by_rule = set_aside(frames, valid.failures)
    assert by_rule.select("source", "rule", "rows", "spend", "conversions").rows() == [
        ("performance_metrics", "orphan_key", 2, 90.0, 20.0)
    ]
    total = set_aside_total(by_rule, frames, valid.failures, 0.01)
    share = total.row(0, named=True)
    assert share["spend_share"] == pytest.approx(90 / 2890)
    assert share["incomplete"]
    assert set_aside_line(by_rule, total) == (
        "Incomplete: 3.1% of spend ($90 of $2,890) was set aside: 2 performance records with an "
        "unknown asset_id. To fix asset_id, add or correct the parent, or correct the key, then "
        "rerun; mktorch validate lists every record."
    )
    assert not set_aside_total(by_rule, frames, valid.failures, 0.1)["incomplete"].item()


def test_nothing_set_aside_is_no_line(tmp_path):
    raw, valid = read(tmp_path, export(restated()))
    frames = {source: own.frame for source, own in raw.items()}
    by_rule = set_aside(frames, valid.failures)
    total = set_aside_total(by_rule, frames, valid.failures, 0.01)
    assert total.select("rows", "restated_rows", "incomplete").row(0) == (0, 7, False)
    assert set_aside_line(by_rule, total) is None


def test_the_proof_is_printed(tmp_path):
    rows = [row(1), row(2, conversions=0.25), row(3, asset_id="gone", cost=2.5)]
    raw, valid = read(tmp_path, export(rows))
    lines = {line.split()[0]: line.split()[1:] for line in total_lines(totals(raw, valid))}
    assert lines["performance_metrics.rows"] == ["3", "2", "1", "0", "0"]
    assert lines["performance_metrics.cost"] == ["202.5", "200", "2.5", "-", "0"]
    assert lines["performance_metrics.conversions"] == ["20.25", "10.25", "10", "-", "0"]


def test_hours_pass_over_a_change_of_clock_as_they_do(tmp_path):
    """From the midnight before the clock is put forward to the noon after it: 11 hours."""
    signal = {
        "risk_id": "R1", "campaign_id": "C1", "timestamp": "2026-03-29T00:00:00+01:00",
        "risk_type": "spend_spike", "severity": "high", "evidence": {}, "status": "open",
        "recommended_action": "pause",
    }  # fmt: skip
    rows = [row(f"2026-03-{d:02d}T12:00:00", cost=1.0) for d in range(20, 30)]
    tables = export(rows, campaign_risk_signals=[signal])
    done = run(
        written(tmp_path / "data", tables),
        out=tmp_path / "runs",
        reports_dir=str(tmp_path / "reports"),
        reporting_timezone="Europe/Stockholm",
    )
    inbox = done.tables.risk_inbox.filter(id="R1")
    assert inbox["age_hours"].to_list() == [11.0]
    assert done.clock.zone == "Europe/Stockholm"
