"""The heavy pass: sums by hand, conservation, order and engine independence."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mktorch.clock import Clock
from mktorch.rollups import BY_KEY, BY_WINDOW, MEASURES, rollups
from mktorch.sums import micros, units

AS_OF = date(2026, 3, 15)
CLOCK = Clock.on(AS_OF)
ASSETS = pl.DataFrame(
    {
        "asset_id": ["A1", "A2", "A3"],
        "campaign_id": ["C1", "C1", "C2"],
        "segment_id": ["S1", "S2", "S1"],
        "channel_id": ["H1", "H1", "H2"],
    }
)
SCHEMA = {
    "asset_id": pl.String,
    "experiment_id": pl.String,
    "timestamp": pl.Datetime("us"),
    "impressions": pl.Int64,
    "clicks": pl.Int64,
    "conversions": pl.Int64,
    "conversion_rate": pl.Float64,
    "cost": pl.Float64,
    "revenue_proxy": pl.Float64,
}


def metrics(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


BY_HAND = metrics(
    # the current window is 9 to 15 March, the prior one 2 to 8 March
    ("A1", "E1", datetime(2026, 3, 15, 23), 100, 10, 1, 0.01, 0.1, 5.0),
    ("A1", "E1", datetime(2026, 3, 9, 0), 200, 20, 2, None, 0.2, 6.0),
    ("A1", None, datetime(2026, 3, 8, 23), 400, 40, 4, 0.02, 0.3, 7.0),
    ("A2", "E1", datetime(2026, 3, 2, 0), 800, 80, 8, None, 1.0, 8.0),
    ("A3", None, datetime(2026, 3, 1, 23), 1600, 160, 16, None, 2.0, 9.0),
)


def test_sums_by_hand() -> None:
    done = rollups(BY_HAND.lazy(), ASSETS.lazy(), CLOCK)
    columns = ["campaign_id", "window", "impressions", "cost", "snapshots"]
    assert done["rollup_campaign"].select(columns).rows() == [
        ("C1", "all", 1500, 1.6, 4),
        ("C1", "current", 300, 0.3, 2),
        ("C1", "prior", 1200, 1.3, 2),
        ("C2", "all", 1600, 2.0, 1),  # 1 March is before both windows
    ]
    assert done["rollup_experiment"].select("experiment_id", "asset_id", "clicks").rows() == [
        ("E1", "A1", 30),  # the row of 8 March names no experiment
        ("E1", "A2", 80),
    ]
    assert done["rollup_channel"].filter(window="all").select("channel_id", "revenue").rows() == [
        ("H1", 26.0),
        ("H2", 9.0),
    ]
    # A1 states rates on 100 + 400 impressions: 0.01 * 100 + 0.02 * 400 = 9; counted 1 + 4 = 5
    assert done["rollup_rate"].rows() == [("A1", 500, 5, 9.0, "impressions", 500)]


def test_windows_touch_and_do_not_overlap() -> None:
    spans = CLOCK.windows
    assert spans["current"] == (date(2026, 3, 9), date(2026, 3, 15))
    assert spans["prior"] == (date(2026, 3, 2), date(2026, 3, 8))
    assert Clock.on(AS_OF, 1).prior == (date(2026, 3, 14), date(2026, 3, 14))


def test_no_rows_give_empty_typed_rollups() -> None:
    empty = rollups(BY_HAND.clear().lazy(), ASSETS.lazy(), CLOCK)
    full = rollups(BY_HAND.lazy(), ASSETS.lazy(), CLOCK)
    for name, frame in empty.items():
        assert frame.height == 0
        assert frame.schema == full[name].schema


def test_money_sums_are_exact() -> None:
    dimes = pl.DataFrame({"x": [0.1] * 10})
    assert dimes.select(units(micros(pl.col("x")).sum())).item() == 1.0
    assert dimes["x"].sum() != 1.0  # what a float sum gives


@given(st.lists(st.integers(-(10**20), 10**20), min_size=1))
@example([307_440_147_914_107_331, -307_440_147_914_107_331, 2**53 + 1])
def test_millionths_come_back_as_the_nearest_float(whole) -> None:
    frame = pl.DataFrame({"x": pl.Series(whole, dtype=pl.Int128)})
    assert frame.select(units(pl.col("x"))).to_series().to_list() == [x / 10**6 for x in whole]


generated = st.lists(
    st.tuples(
        st.sampled_from(["A1", "A2", "A3"]),
        st.sampled_from([None, "E1", "E2"]),
        st.integers(0, 40 * 24).map(lambda h: datetime(2026, 2, 10) + timedelta(hours=h)),
        st.integers(0, 10**9),
        st.integers(0, 10**6),
        st.integers(0, 10**5),
        st.none() | st.floats(0, 1),
        st.integers(0, 10**11).map(lambda cents: cents / 100),
        st.integers(0, 10**11).map(lambda cents: cents / 100),
    ),
    max_size=60,
)


@given(generated, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_splits_conserve_totals_and_order_changes_nothing(rows, random) -> None:
    done = rollups(metrics(*rows).lazy(), ASSETS.lazy(), CLOCK)
    for name in (*BY_WINDOW, "rollup_day"):
        frame = done[name]
        whole = frame.filter(window="all") if "window" in frame.columns else frame
        for measure in MEASURES:
            column = {"revenue": 8, "cost": 7}.get(measure)
            if column is None:
                index = {"impressions": 3, "clicks": 4, "conversions": 5}[measure]
                assert whole[measure].sum() == sum(row[index] for row in rows)
            else:
                cents = sum(round(row[column] * 100) for row in rows)
                assert whole.select(units(micros(pl.col(measure)).sum())).item() == pytest.approx(
                    cents / 100, rel=1e-15
                )
    random.shuffle(rows)
    for name, again in rollups(metrics(*rows).lazy(), ASSETS.lazy(), CLOCK).items():
        assert_frame_equal(again, done[name], check_exact=True)


def test_both_engines_agree_to_the_bit(monkeypatch) -> None:
    many = pl.concat([BY_HAND] * 50).with_columns(cost=pl.int_range(pl.len()) * 0.37)
    streamed = rollups(many.lazy(), ASSETS.lazy(), CLOCK)
    collect_all = pl.collect_all
    monkeypatch.setattr(pl, "collect_all", lambda plans: collect_all(plans, engine="in-memory"))
    for name, frame in rollups(many.lazy(), ASSETS.lazy(), CLOCK).items():
        assert_frame_equal(frame, streamed[name], check_exact=True)


@pytest.mark.parametrize("name", [*BY_WINDOW, *BY_KEY])
def test_rollups_are_sorted_by_their_keys(name: str) -> None:
    frame = rollups(BY_HAND.lazy(), ASSETS.lazy(), CLOCK)[name]
    keys = [*{**BY_WINDOW, **BY_KEY}[name], *(["window"] if name in BY_WINDOW else [])]
    assert frame.rows() == frame.sort(keys).rows()
    assert frame.select(keys).is_duplicated().any() is False


def test_an_experiment_keeps_its_days() -> None:
    rows = metrics(
        ("A1", "E1", datetime(2026, 3, 9, 1), 300, 4, 1, None, 1.5, 5.0),
        ("A1", "E1", datetime(2026, 3, 9, 23), 100, 2, 0, None, 0.25, 0.0),
        ("A1", "E1", datetime(2026, 3, 10), 200, 3, 2, None, 0.5, 8.0),
        ("A1", None, datetime(2026, 3, 11), 999, 9, 9, None, 9.0, 9.0),  # names no experiment
    )
    done = rollups(rows.lazy(), ASSETS.lazy(), CLOCK)
    row = done["rollup_experiment"].row(0, named=True)
    assert (row["days"], row["snapshots"], row["impressions"], row["cost"]) == (2, 3, 600, 2.25)
    days = done["rollup_experiment_day"]
    assert days.select("date", "impressions", "clicks", "cost").rows() == [
        (date(2026, 3, 9), 400, 6, 1.75),
        (date(2026, 3, 10), 200, 3, 0.5),
    ]


def test_weekdays_beside_the_four_weeks_before() -> None:
    start = datetime(2026, 3, 9)  # a Monday; A2 joins the experiment on Tuesday

    def row(asset: str, of: str | None, days: int, impressions: int) -> tuple:
        return (asset, of, start + timedelta(days=days), impressions, 0, 0, None, 0.5, 0.0)

    rows = metrics(
        row("A1", "E1", 0, 10),
        row("A1", "E1", 7, 20),
        row("A2", "E1", 1, 30),
        row("A1", None, -7, 1),
        row("A1", "E0", -14, 2),  # another experiment's days are the asset's past all the same
        row("A1", None, -28, 4),  # the first of the 28 days before
        row("A1", None, -35, 8),  # too long ago
        row("A1", None, -29, 16),  # too long ago, and a Sunday
        row("A1", None, 14, 64),  # not before, and not in the experiment
        row("A2", None, -6, 128),
        row("A2", None, 0, 256),  # the experiment has begun, though not for A2
    )
    weekdays = rollups(rows.lazy(), ASSETS.lazy(), CLOCK)["rollup_experiment_weekday"]
    columns = ["asset_id", "weekday", "impressions", "days", "impressions_before", "cost_before"]
    assert weekdays.filter(experiment_id="E1").select(columns).rows() == [
        ("A1", 1, 30, 2, 7, 1.5),
        ("A2", 2, 30, 1, 128, 0.5),
    ]
    first = weekdays.filter(experiment_id="E0").select(columns).rows()
    assert first == [("A1", 1, 2, 1, 12, 1.0)]  # 14 days before E1's start: -28 and -35 are past


@given(generated)
@settings(max_examples=40, deadline=None)
def test_days_and_weekdays_add_up_to_the_experiment(rows) -> None:
    done = rollups(metrics(*rows).lazy(), ASSETS.lazy(), CLOCK)
    key = ["experiment_id", "asset_id"]
    whole = done["rollup_experiment"].select(*key, "impressions", "clicks", "conversions")
    for part in ("rollup_experiment_day", "rollup_experiment_weekday"):
        added = done[part].group_by(key).agg(pl.col("impressions", "clicks", "conversions").sum())
        assert_frame_equal(added.sort(key), whole)
    days = done["rollup_experiment_weekday"].group_by(key).agg(pl.col("days").sum()).sort(key)
    assert days["days"].to_list() == done["rollup_experiment"]["days"].to_list()


def test_an_experiment_counts_the_days_between_its_dates_and_says_what_it_left_out() -> None:
    """E1 of 2 to 9 March: the row of 15 March names it and lies outside; a null end has none."""
    arms = {"control_asset": ["A1"], "variant_asset": ["A2"], "status": ["running"]}
    dates = {"experiment_id": ["E1"], "start_date": [date(2026, 3, 2)], **arms}
    closed = pl.DataFrame({**dates, "end_date": [date(2026, 3, 9)]})
    open_end = closed.with_columns(end_date=pl.lit(None, pl.Date))
    notes: list[str] = []
    held = rollups(BY_HAND, ASSETS, CLOCK, closed, notes)["rollup_experiment"]
    assert held.select("asset_id", "impressions", "last_day").rows() == [
        ("A1", 200, date(2026, 3, 9)),
        ("A2", 800, date(2026, 3, 2)),
    ]
    assert notes == ["E1: 1 rows lie outside its dates and are left out of it"]
    notes.clear()
    whole = rollups(BY_HAND, ASSETS, CLOCK, open_end, notes)["rollup_experiment"]
    assert whole["impressions"].sum() == 1100
    assert notes == []


def test_an_experiment_that_no_row_names_takes_the_rows_of_its_assets() -> None:
    """E2 is named by no row: the rows of A1 and A3 inside its dates count, but for those of E1."""
    held = pl.DataFrame(
        {
            "experiment_id": ["E2"],
            "start_date": [date(2026, 3, 2)],
            "end_date": [None],
            "status": ["running"],
            "control_asset": ["A1"],
            "variant_asset": ["A3"],
        },
        schema_overrides={"end_date": pl.Date},
    )
    notes: list[str] = []
    done = rollups(BY_HAND, ASSETS, CLOCK, held, notes)
    days = done["rollup_experiment_day"].filter(experiment_id="E2")
    # A1's row of 8 March; A3's of 1 March lies before the start, A1's others name E1
    assert days.select("asset_id", "date", "impressions", "claimed").rows() == [
        ("A1", date(2026, 3, 8), 400, True)
    ]
    assert notes[-1] == "E2: no row names it; 1 rows of its assets inside its dates are taken"
    planned = held.with_columns(status=pl.lit("planned"))
    none = rollups(BY_HAND, ASSETS, CLOCK, planned)["rollup_experiment_day"]
    assert none.filter(experiment_id="E2").is_empty()
