"""Every kind of quirk that exports have: accepted and set aside make up the file, to the millionth.

Each test draws exports with one quirk and compares what stands with a plain-Python reading of it.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mktorch.clock import Clock
from mktorch.rollups import rollups
from mktorch.sources import SPECS, Validated
from mktorch.sources.zones import in_zone
from mktorch.vocab import Source
from tests.sources.exports import (
    AD,
    CAMPAIGN,
    Record,
    assert_proven,
    by_hand,
    export,
    read,
    row,
    sums,
    written,
)
from tests.sources.good import records

ARMS = ("control_asset", "variant_asset")
FEW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAYS = st.integers(1, 28)
WHOLE = st.integers(0, 10**6)
PARTS = st.integers(0, 10**12).map(lambda n: n / 1_000_000)
SIGNED = st.integers(-(10**12), 10**12).map(lambda n: n / 1_000_000)
METRICS = Source.PERFORMANCE_METRICS


def rows_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Record]]:
    """Rows of distinct days, with drawn fields."""
    drawn = st.fixed_dictionaries({"day": DAYS, **fields})
    return st.lists(drawn, min_size=1, max_size=28, unique_by=lambda r: r["day"]).map(
        lambda held: [row(**each) for each in held]
    )


def rules(valid: Validated) -> set[str]:
    return set(valid.failures["rule"])


def accepted(valid: Validated, column: str, source: Source = METRICS) -> Decimal:
    return by_hand(valid.frames[source].to_dicts(), column)


@FEW
@given(rows_of(conversions=PARTS, clicks=WHOLE), st.lists(PARTS, min_size=1, max_size=9))
def test_fractions(tmp_path, rows, parts):
    """Of conversions, of stages, of rollups and of hints."""
    held = records()
    others = {
        name: [{**held[name][0], key: str(n), **dict.fromkeys(columns, part)}
               for n, part in enumerate(parts)]
        for name, key, columns in (
            ("funnel_events", "event_id", ("count",)),
            ("segment_rollups", "rollup_id", ("conversions", "clicks", "impressions")),
            ("attribution_hints", "hint_id", ("attributed_conversions",)),
        )
    }  # fmt: skip
    known = {name: held[name] for name in ("campaigns", "audience_segments", "channels")}
    tables = {**export(rows), **known, **others}
    tables["creative_assets"] = [{**AD, "channel_id": "H1"}]
    raw, valid = read(tmp_path, tables)
    assert not rules(valid) & {"unreadable_value", "out_of_range"}
    assert_proven(raw, valid, tables)
    assert sums(valid)["conversions"] == float(by_hand(rows, "conversions"))


@FEW
@given(
    rows_of(
        cost=SIGNED,
        revenue_proxy=SIGNED,
        clicks=st.integers(-1000, 1000),
        impressions=st.integers(-1000, 1000),
        conversions=SIGNED,
    )
)
def test_credits(tmp_path, rows):
    raw, valid = read(tmp_path, export(rows))
    assert valid.failures.filter(severity="error").is_empty()
    assert_proven(raw, valid, export(rows))
    standing = sums(valid)
    assert standing["cost"] == float(by_hand(rows, "cost"))
    assert standing["clicks"] == int(by_hand(rows, "clicks"))


@FEW
@given(
    st.lists(
        st.fixed_dictionaries(
            {"day": DAYS, "cost": PARTS},
            optional={
                "device": st.sampled_from(["mobile", "desktop", None]),
                "hour": st.integers(0, 3),
                "shelf": st.sampled_from([1.5, "top", True]),
            },
        ),
        min_size=1,
        max_size=30,
    )
)
def test_parts_of_one_key(tmp_path, drawn):
    """What differs in a column of the grain is a part; what differs in nothing is there twice, and
    what differs in another column alone is refused."""
    rows = [row(**each) for each in drawn]
    own = {"performance_metrics": ["shelf"]}
    raw, valid = read(tmp_path, export(rows), grain=own, duplicates="refuse")
    assert_proven(raw, valid, export(rows))
    keyed: dict[tuple[str, ...], dict[float, Record]] = {}
    for each in rows:
        key = tuple(str(each.get(name)) for name in ("timestamp", "device", "hour", "shelf"))
        keyed.setdefault(key, {})[each["cost"]] = each
    stands = [each for held in keyed.values() for each in held.values() if len(held) == 1]
    assert accepted(valid, "cost") == by_hand(stands, "cost")
    assert rules(valid) <= {"duplicate_key"}


@pytest.mark.parametrize("way", ["last", "first", "sum", "refuse"])
@FEW
@given(st.lists(st.tuples(st.integers(1, 5), PARTS), min_size=2, max_size=20))
def test_rows_stated_again(tmp_path, way, drawn):
    """Nothing tells restated rows from parts: the setting decides."""
    rows = [row(day, cost=cost) for day, cost in dict.fromkeys(drawn)]
    raw, valid = read(tmp_path, export(rows), duplicates=way)
    assert_proven(raw, valid, export(rows))
    by_day: dict[str, list[Record]] = {}
    for each in rows:
        by_day.setdefault(each["timestamp"], []).append(each)
    stand = {
        "last": [held[-1] for held in by_day.values()],
        "first": [held[0] for held in by_day.values()],
        "sum": rows,
        "refuse": [held[0] for held in by_day.values() if len(held) == 1],
    }[way]
    assert accepted(valid, "cost") == by_hand(stand, "cost")


@FEW
@given(
    st.lists(
        st.tuples(st.integers(1, 4), PARTS, st.integers(1, 5) | st.none(), st.integers(0, 2)),
        min_size=1,
        max_size=20,
        unique_by=lambda drawn: (drawn[0], drawn[2], drawn[3]),
    )
)
def test_rows_pulled_again(tmp_path, drawn):
    """The newest load stands, and of one load that of the later part; none is older than any."""
    tables = export([])
    parts: dict[int, list[Record]] = {}
    for day, cost, load, part in drawn:
        stamp = load and f"2026-04-{load:02d}T06:00:00"
        parts.setdefault(part, []).append(row(day, cost=cost, loaded_at=stamp))
    del tables["performance_metrics"]
    folder = written(tmp_path, tables) / "performance_metrics"
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    for part, rows in parts.items():
        (folder / f"{part}.json").write_text(json.dumps(rows))
    raw, valid = read(tmp_path, duplicates="refuse")
    every = [each for part in sorted(parts) for each in parts[part]]
    assert_proven(raw, valid, {"performance_metrics": every})
    newest: dict[int, tuple[Any, ...]] = {}
    for each in drawn:
        day, _, load, part = each
        if day not in newest or (load or 0, part) > (newest[day][2] or 0, newest[day][3]):
            newest[day] = each
    stands = sum((Decimal(repr(each[1])) for each in newest.values()), Decimal(0))
    assert accepted(valid, "cost") == stands


@FEW
@given(
    rows_of(
        **{
            name: kind | st.none() | st.just("")
            for name, kind in {
                "impressions": WHOLE,
                "clicks": WHOLE,
                "conversions": PARTS,
                "cost": SIGNED,
                "revenue_proxy": PARTS,
            }.items()
        }
    )
)
def test_blank_cells(tmp_path, rows):
    raw, valid = read(tmp_path, export(rows))
    assert valid.failures.filter(severity="error").is_empty()
    assert_proven(raw, valid, export(rows))
    for name, standing in sums(valid).items():
        column = "revenue_proxy" if name == "revenue" else name
        blank = all(each[column] in (None, "") for each in rows)
        assert (standing or 0) == float(by_hand(rows, column))
        metrics = valid.frames[METRICS]
        assert (metrics[column].null_count() == metrics.height) == blank


@FEW
@given(
    st.lists(st.integers(-(10**18), 10**25), min_size=1, max_size=9, unique=True),
    st.lists(st.sampled_from(["1.2021e17", "120210000000000011.0", "7"]), max_size=3, unique=True),
    st.data(),
)
def test_numeric_ids(tmp_path, ids, unfit, data):
    """Whole numbers of any length are text; one with a point or an exponent is set aside."""
    named = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=20))
    rows = [row(1, asset_id=own, hour=n, cost=0.25 + n) for n, own in enumerate(named)]
    lost = [row(2, asset_id=f"<{own}>", cost=0.125) for own in unfit]
    tables = export(
        rows + lost,
        campaigns=[{**CAMPAIGN, "campaign_id": 7}],
        creative_assets=[{**AD, "asset_id": own, "campaign_id": 7} for own in ids],
    )
    folder = written(tmp_path, tables)
    file = folder / "performance_metrics.json"
    file.write_text(file.read_text().replace('"<', "").replace('>"', ""))
    raw, valid = read(folder)
    assert_proven(raw, valid, tables)
    known = [*rows, *(each for each in lost if each["asset_id"] == "<7>" and 7 in ids)]
    assert accepted(valid, "cost") == by_hand(known, "cost")
    assert set(valid.frames[METRICS]["asset_id"]) == {str(own).strip("<>") for own in (
        each["asset_id"] for each in known)}  # fmt: skip


@FEW
@given(st.data())
def test_optional_fields(tmp_path, data):
    """Of any record any optional field may be absent, null or blank."""
    tables = records()
    for source, rows in tables.items():
        spec = SPECS[Source(source)]
        # An experiment on assets has both arms; a lift study and a test by region have none.
        optional = [n for n, c in spec.columns.items() if c.nullable and n not in ARMS]
        for each in rows:
            for name in data.draw(st.sets(st.sampled_from(optional))) if optional else ():
                way = data.draw(st.sampled_from(["absent", "null", "blank"]))
                each[name] = None if way == "null" else " "
                if way == "absent":
                    del each[name]
    raw, valid = read(tmp_path, tables)
    assert valid.failures.filter(severity="error").is_empty()
    assert_proven(raw, valid, tables)


@FEW
@given(st.sets(st.sampled_from([str(s) for s, spec in SPECS.items() if not spec.required])))
def test_optional_sources(tmp_path, absent):
    for left in tmp_path.glob("*.json"):
        left.unlink()
    tables = {name: rows for name, rows in records().items() if name not in absent}
    raw, valid = read(tmp_path, tables)
    assert valid.failures.filter(severity="error").is_empty()
    assert_proven(raw, valid, tables)
    told = {note.split(".json")[0] for note in valid.notes if "taken as empty" in note}
    assert told == absent


@FEW
@given(
    st.sampled_from(["clicks", "impressions"]),
    st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=3, max_size=28),
)
def test_rates_of_either_denominator(tmp_path, base, drawn):
    """The denominator that most rates fit is that of all; a rate moves no sum."""
    rows = [
        row(day, clicks=100, conversions=n, conversion_rate=round(n / 100, 6))
        if (base == "clicks") == (right or day % 3 > 0)
        else row(day, clicks=100, conversions=n, conversion_rate=round(n / 1000, 6))
        for day, (n, right) in enumerate(drawn, start=1)
    ]
    raw, valid = read(tmp_path, export(rows))
    assert_proven(raw, valid, export(rows))
    fits = Counter(
        "clicks" if abs(each["conversion_rate"] * 100 - each["conversions"]) < 1e-9 else
        "impressions" for each in rows
    )  # fmt: skip
    most = max(("impressions", "clicks"), key=lambda name: fits[name])
    odd = valid.failures.filter(rule="rate_mismatch")
    assert odd.height == len(rows) - fits[most]
    assert any(f"taken as conversions / {most}" in note for note in valid.notes)


@FEW
@given(
    rows_of(
        cost=st.integers(-(10**6), 10**6).map(lambda n: n / 100),
        currency=st.sampled_from(["SEK", "EUR", "USD", None]),
    ),
    st.sampled_from(["SEK", None]),
)
def test_currencies(tmp_path, rows, own):
    """A row's own currency, else its campaign's, else the reporting one; a rate from its day."""
    tables = export(rows, campaigns=[{**CAMPAIGN, "currency": own}])
    rates: dict[str, Any] = {"SEK": 0.1, "EUR": {"2026-03-01": 1.25, "2026-03-15": 1.5}}
    raw, valid = read(tmp_path, tables, exchange_rates=rates)
    assert_proven(raw, valid, tables)

    def worth(each: Record) -> Decimal:
        code = each["currency"] or own or "USD"
        late = each["timestamp"] >= "2026-03-15"
        euro = Decimal("1.5") if late else Decimal("1.25")
        return {"SEK": Decimal("0.1"), "EUR": euro, "USD": Decimal(1)}[code]

    whole = sum((Decimal(repr(each["cost"])) * worth(each) for each in rows), Decimal(0))
    assert sums(valid, exchange_rates=rates)["cost"] == pytest.approx(float(whole), abs=1e-6)


@FEW
@given(
    st.sampled_from(["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.lists(
        st.tuples(st.integers(0, 96), st.sampled_from([0, 60, -300, 330]), st.booleans()),
        min_size=1,
        max_size=40,
        unique_by=lambda drawn: drawn[0],
    ),
    st.sampled_from(["2026-03-28", "2026-10-24", "2026-03-07", "2026-04-04"]),
)
def test_days_of_a_zone(tmp_path, zone, drawn, start):
    """Instants with any offset fall on the zone's days, around the changes of clock too."""
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    rows, days = [], Counter[str]()
    for half, offset, zulu in drawn:
        instant = first + timedelta(minutes=30 * half)
        local = instant.astimezone(ZoneInfo(zone))
        shift = timedelta(minutes=offset)
        there = (instant + shift).replace(tzinfo=None).isoformat()
        sign, minutes = "-" if offset < 0 else "+", abs(offset)
        told = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
        stamp = instant.strftime("%Y-%m-%dT%H:%M:%SZ") if zulu else f"{there}{told}"
        rows.append(row(stamp, cost=0.25))
        days[local.date().isoformat()] += 1
    raw, valid = read(tmp_path, export(rows), reporting_timezone=zone)
    assert valid.failures.is_empty()
    assert_proven(raw, valid, export(rows))
    frames = in_zone(valid.frames, zone)
    day = Clock.on(datetime.fromisoformat(max(days)).date())
    made = rollups(frames[METRICS], frames[Source.CREATIVE_ASSETS], day)["rollup_day"]
    assert dict(made.select(pl.col("date").cast(pl.String), "cost").rows()) == {
        name: number / 4 for name, number in days.items()
    }


@FEW
@given(
    st.lists(
        st.tuples(st.sampled_from("12"), st.sampled_from(["A", "B"])), min_size=1, unique=True
    ),
    st.lists(
        st.tuples(st.sampled_from(["1", "2", None]), st.sampled_from(["A", "B"]), PARTS),
        min_size=1,
        max_size=20,
    ),
)
def test_accounts(tmp_path, ads, drawn):
    """An id that two accounts have is that of the row's account; without one it is nobody's."""
    tables = export(
        [
            row(1, asset_id=ad, account_id=account, cost=cost, hour=hour)
            for hour, (account, ad, cost) in enumerate(drawn)
        ],
        campaigns=[{**CAMPAIGN, "campaign_id": f"C{n}"} for n in "12"],
        creative_assets=[
            {**AD, "asset_id": ad, "account_id": account, "campaign_id": f"C{account}"}
            for account, ad in ads
        ],
    )
    raw, valid = read(tmp_path, tables)
    assert_proven(raw, valid, tables)
    owners = {ad: [account for account, own in ads if own == ad] for ad in "AB"}
    expected = {"C1": Decimal(0), "C2": Decimal(0)}
    for account, ad, cost in drawn:
        if account in owners[ad] or (account is None and len(owners[ad]) == 1):
            expected[f"C{account or owners[ad][0]}"] += Decimal(repr(cost))
    assets = valid.frames[Source.CREATIVE_ASSETS]
    joined = valid.frames[METRICS].join(assets, on="asset_id")
    for campaign, cost in expected.items():
        assert by_hand(joined.filter(campaign_id=campaign).to_dicts(), "cost") == cost


@FEW
@given(
    st.lists(st.sampled_from(["seen", "tried", "paid", "kept"]), min_size=1, unique=True),
    st.lists(st.tuples(st.sampled_from(["seen", "tried", "paid", "click"]), PARTS), max_size=20),
)
def test_stages_of_ones_own(tmp_path, stages, drawn):
    stamped = {"timestamp": "2026-03-01T00:00:00", "source": "crm", "confidence": 1}
    place = {key: AD[key] for key in ("campaign_id", "segment_id", "channel_id")}
    events = [
        {"event_id": str(n), **stamped, **place, "stage": stage, "count": part}
        for n, (stage, part) in enumerate(drawn)
    ]
    tables = export([row(1)], funnel_events=events)
    own = {"stages": stages, "people_from": stages[0]}
    raw, valid = read(tmp_path, tables, funnel_rules=own)
    assert_proven(raw, valid, tables)
    known = [each for each in events if each["stage"] in stages]
    assert accepted(valid, "count", Source.FUNNEL_EVENTS) == by_hand(known, "count")
    assert rules(valid) <= {"unknown_enum"}


@FEW
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "", "yesterday", "2026-02-30", 20260301, "2026-03-01"]), PARTS
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda drawn: drawn[1],
    )
)
def test_timestamps_that_cannot_be_read(tmp_path, drawn):
    rows = [row(1, timestamp=stamp, cost=cost) for stamp, cost in drawn]
    raw, valid = read(tmp_path, export(rows), duplicates="sum")
    assert_proven(raw, valid, export(rows))
    known = [each for each in rows if each["timestamp"] == "2026-03-01"]
    assert accepted(valid, "cost") == by_hand(known, "cost")
