"""Where a figure comes from: every figure that a pack shows, and what is told of it."""

import json
import re
import subprocess
from collections import Counter
from types import SimpleNamespace

import polars as pl
import pytest

from mktorch import catalog
from mktorch import explain as module
from mktorch.catalog import definition, definitions
from mktorch.display import trace
from mktorch.display.documents import calls, figures
from mktorch.explain import ExplainError, explain
from mktorch.explain.rows import made_of
from mktorch.explain.told import places
from mktorch.formats import CURRENCY_COMPACT, format_value
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source
from tests.conftest import SAMPLE, TINY
from tests.test_cli import COMMAND


def pages(run):
    """Every figure of every page, with its campaign and page."""
    for campaign in ("", *run.tables["campaigns"]["campaign_id"]):
        for page, figure in figures(run, campaign):
            yield campaign, page, figure


@pytest.fixture(scope="module", params=["sample_run", "tiny_run"])
def any_run(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def shown(any_run):
    return list(pages(any_run))


def raw(name):
    return json.loads((SAMPLE / f"{name}.json").read_text())


def test_every_figure_shown_has_a_definition(shown) -> None:
    bare = {(f.block, f.column) for _, _, f in shown if not f.defined}
    assert not bare
    assert len(shown) > 200


def test_an_id_names_one_figure_in_the_whole_pack(shown) -> None:
    told: dict[str, set[str]] = {}
    for _, _, f in shown:
        where = [(table, column) for table, column, _ in f.defined]
        told.setdefault(f.id, set()).add(repr((f.text, where, sorted(f.row.items()))))
    assert {name: held for name, held in told.items() if len(held) > 1} == {}


def test_ids_are_unique_on_each_page_and_block(shown) -> None:
    counted = Counter((page, f.block, f.id) for _, page, f in shown)
    assert [each for each, n in counted.items() if n > 1 and each[0] != "executive"] == []


def test_a_figure_of_a_table_names_its_row(shown) -> None:
    """One row of the table: the key in whole, or evidence's own; a chart draws whole tables."""
    loose = {
        (f.block, f.column)
        for _, _, f in shown
        if f.defined and f.column and catalog.key(f.defined[0][0]) and not f.row
    }
    assert not loose


def test_a_figure_s_row_leads_to_its_value(any_run, shown) -> None:
    """The value found by table, column and row is the one the page prints."""
    seen = 0
    locale = trace_locale(any_run)
    for _, _, f in shown:
        value, _ = module._value(any_run, f)
        if f.format is not None and isinstance(value, int | float):
            assert format_value(value, f.format, locale) == f.text, f.id
            seen += 1
    assert seen > 100


def trace_locale(run):
    from mktorch.display.sections.context import locale_of

    return locale_of(run)


def kinds(shown):
    """The first and the last figure of each column of each block, by what defines it.

    That each of the others leads to its own row is seen above; from the row on, they are alike.
    """
    held = {}
    for campaign, page, f in shown:
        kind = (page, f.block, f.column, repr(f.defined))
        held.setdefault(kind, {})[f.id] = (campaign, page, f)
    ends = ((*of.values(),) for of in held.values())
    return {(c, f.id): (c, page, f) for of in ends for c, page, f in (of[0], of[-1])}.values()


def test_every_figure_can_be_explained(any_run, shown) -> None:
    tried = kinds(shown)
    assert {(f.block, f.column) for *_, f in tried} == {(f.block, f.column) for *_, f in shown}
    for campaign, page, f in tried:
        told = module._explained(any_run, f, campaign, (page,))
        text = str(told)
        assert f.text in text
        assert told.lines
        json.dumps(told.as_json(), allow_nan=False)
        empty = [each.table for one in told.made for each in one.walk if each.rows.width == 0]
        assert not empty


def test_definitions_name_what_is_there(sample_run) -> None:
    tables = sample_run.tables
    for table, column, row, each in definitions():
        name = f"{table}.{column}.{row}"
        for up in each.upstream:
            # A source's rare columns are declared, whether or not this sample has them.
            rare = SPECS[Source(up.table)].columns if up.table in list(Source) else ()
            held = [*tables[up.table].columns, *rare]
            assert {*up.columns, *up.on.values(), *up.where} <= set(held), name
            assert not up.within or up.within in held, name
            assert table not in tables or set(up.on) <= set(tables[table].columns), name
        for setting in trace.settings(sample_run, each):
            assert setting.value, name
        if table in tables:
            own = set(tables[table].columns)
            assert set(each.over or ()) <= own, name
            assert not each.reason or each.reason in own, name
            assert not each.evidence or "evidence" in own, name


def test_every_table_above_the_records_is_defined_down_to_them(sample_run) -> None:
    """No definition leads into itself, and each ends at records of a source."""

    every = list(definitions())

    def ends(table: str, column: str, path: tuple[str, ...]) -> set[str]:
        here = f"{table}.{column}"
        assert here not in path, f"{here} is made of itself: {path}"
        if table in set(Source):
            return {table}
        found = [definition(table, column)] if definition(table, column) else []
        found += [each for t, c, row, each in every if (t, c) == (table, column) and row]
        return {
            end
            for each in found
            for up in each.upstream
            for name in up.columns
            for end in ends(up.table, name, (*path, here))
        }

    for name in ("roi_analysis.total_net_roi", "budget_pacing.pace", "campaign_returns.roas"):
        assert ends(*name.split("."), ())
    for table, column, *_ in every:
        if table in sample_run.tables and column != "*":
            ends(table, column, ())


def test_keys_tell_the_rows_of_each_table_apart(any_run) -> None:
    for table in any_run.tables:
        keys, frame = catalog.key(table), any_run.tables[table]
        if keys is not None:
            if keys:
                assert not frame.select(keys).is_duplicated().any(), table
            else:
                assert frame.height <= 1, table


# Recomputed from the JSON files with nothing but Python, by what the explanation says.


def test_spend_of_a_campaign_is_that_of_its_ledger_row(sample_run) -> None:
    told = explain(sample_run, "campaigns.total_spend.CAMP_001")
    rows = [row for row in raw("roi_ledger") if row["campaign_id"] == "CAMP_001"]
    assert told.value == pytest.approx(sum(row["media_spend"] for row in rows))
    assert told.records()["roi_ledger"]["media_spend"].to_list() == [
        row["media_spend"] for row in rows
    ]


@pytest.mark.parametrize("campaign", ["CAMP_001", "CAMP_003"])
def test_a_card_of_a_deep_dive_is_made_of_its_campaign_s_records(sample_run, campaign) -> None:
    told = explain(sample_run, f"{campaign}/kpi-cards.cost")
    held = told.records()["performance_metrics"]
    assets = {a["asset_id"] for a in raw("creative_assets") if a["campaign_id"] == campaign}
    last = max(row["timestamp"] for row in raw("performance_metrics"))[:10]
    assert last == "2026-04-26"
    mine = [
        row
        for row in raw("performance_metrics")
        if row["asset_id"] in assets and "2026-04-20" <= row["timestamp"][:10] <= last
    ]
    assert held.height == len(mine) > 0
    assert held["cost"].sum() == pytest.approx(sum(row["cost"] for row in mine))
    assert told.figure.text == f"${round(sum(row['cost'] for row in mine)):,}"


def test_the_programme_s_card_is_made_of_all_campaigns(sample_run) -> None:
    told = explain(sample_run, "kpi-cards.cost")
    everyone = sum(
        explain(sample_run, f"{each}/kpi-cards.cost").made[0].rows["cost"].sum()
        for each in sample_run.tables["campaigns"]["campaign_id"]
    )
    assert told.made[0].rows["cost"].sum() == pytest.approx(everyone)
    assert told.figure.text == format_value(everyone, CURRENCY_COMPACT)


def test_the_row_of_all_campaigns_is_made_of_all_of_them(sample_run) -> None:
    told = explain(sample_run, "roi_fully_loaded.infrastructure_cost.all")
    cost = next(each for each in told.made if each.table == "operating_cost")
    assert cost.rows.height == sample_run.tables["campaigns"].height
    assert cost.rows["infrastructure_cost"].sum() == pytest.approx(told.value)


def test_a_segment_s_spend_is_that_of_its_assets(sample_run) -> None:
    told = explain(sample_run, "segment-heat.cost.SEG_001")
    assets = {a["asset_id"] for a in raw("creative_assets") if a["segment_id"] == "SEG_001"}
    spent = sum(r["cost"] for r in raw("performance_metrics") if r["asset_id"] in assets)
    assert told.value == pytest.approx(spent)
    assert told.records()["performance_metrics"]["cost"].sum() == pytest.approx(spent)


def test_the_funnel_s_records_are_its_stage_s_events(sample_run) -> None:
    told = explain(sample_run, "funnel_stages.count.CAMP_001.all.signup")
    events = [
        e["count"]
        for e in raw("funnel_events")
        if e["campaign_id"] == "CAMP_001" and e["stage"] == "signup"
    ]
    assert told.value == sum(events)
    assert told.records()["funnel_events"].height == len(events)


def test_a_recommendation_rests_on_the_facts_it_names(sample_run) -> None:
    told = explain(sample_run, "recommendations.stake.decrease_budget_of_poor_return~3ACAMP_005")
    facts = {(each.table, name) for each in told.made for name in each.columns}
    held = sample_run.tables["recommendations"].filter(
        recommendation_id="decrease_budget_of_poor_return:CAMP_005"
    )["evidence"][0]
    assert facts == {(fact["table"], fact["column"]) for fact in held}
    for each in told.made:
        assert each.rows["campaign_id"].unique().to_list() == ["CAMP_005"]


def test_a_figure_that_is_null_says_why(sample_run) -> None:
    missing = [
        f
        for _, _, f in pages(sample_run)
        if f.text == "n/a" and f.defined[0][0] and f.defined[0][2].reason
    ]
    assert missing
    for f in missing:
        reason = module._value(sample_run, f)[1]
        assert reason.startswith("n/a: ") or "null without" in f.defined[0][2].words, f.id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kpi-cards.cots", "near it: kpi-cards.cost"),
        ("NOBODY/kpi-cards.cost", "the run has no campaign 'NOBODY'"),
        ("roi_analysis.total_net", "has no column 'total_net'; near it: total_net_roi"),
        ("roi_by_campaign.net_roi.CAMP_099", "no such row of roi_by_campaign; near it: roi_by"),
        ("", "no figure of run"),
        ("../../etc/passwd", "the run has no campaign '../../etc'"),
    ],
)
def test_an_unknown_id_is_answered_with_the_nearest(sample_run, name, said) -> None:
    with pytest.raises(ExplainError, match=re.escape(said)):
        explain(sample_run, name)


def test_the_anchor_of_a_page_is_an_id_too(sample_run) -> None:
    plain = str(sample_run.explain("kpi-cards.cost"))
    assert str(sample_run.explain("f-kpi-cards.cost")) == plain
    assert str(sample_run.explain("#f-kpi-cards.cost")) == plain


def test_records_beyond_the_named_are_counted() -> None:
    rows = pl.DataFrame({"_file": ["a.json"] * 40, "_row": list(range(2, 82, 2))})
    assert places(rows).startswith("a.json rows 2, 4, 6,")
    assert places(rows).endswith("and more, 40 in all")


def test_what_a_return_divides_is_of_the_whole_campaign(sample_run) -> None:
    of, names = "CAMP_001", ("campaign_id", "segment_id", "channel_id", "denominator")
    sums = pl.DataFrame(
        [(of, None, None, 6.0), (of, "SEG_001", None, 2.0), ("CAMP_002", None, None, 9.0),
         (of, None, "CH_01", 3.0)],
        schema=names,
        orient="row",
    ).with_columns(
        pl.lit(None, pl.String).alias("asset_id"),
        window=pl.lit("all"),
        numerator_name=pl.lit("revenue"),
        denominator_name=pl.lit("cost"),
    )  # fmt: skip
    run = SimpleNamespace(tables={**dict(sample_run.tables), "rollup_paired": sums})
    money = run.tables["campaign_money"].filter(campaign_id=of)
    told = definition("campaign_money", "rated_spend")
    made = {m.table: m.rows for m in made_of(run, [("campaign_money", told, money)])}
    assert made["rollup_paired"]["denominator"].to_list() == [6.0]


def test_the_command_prints_it_and_its_json(tiny_run) -> None:
    def mktorch(*arguments):
        return subprocess.run(
            [COMMAND, "explain", str(tiny_run.path), *arguments], capture_output=True, text=True
        )

    plain = mktorch("roi_analysis.total_net_roi")
    assert plain.returncode == 0
    assert plain.stdout == f"{tiny_run.explain('roi_analysis.total_net_roi')}\n"
    told = json.loads(mktorch("roi_analysis.total_net_roi", "--json").stdout)
    ledger = json.loads((TINY / "roi_ledger.json").read_text())
    assert told["value"] == tiny_run.tables["roi_analysis"]["total_net_roi"][0]
    assert {i["source"] for i in told["inputs"]} >= {"roi_ledger"}
    assert ledger
    wrong = mktorch("nothing.at.all")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("mktorch: nothing.at.all: no figure of run")


def test_every_document_is_read() -> None:
    assert {call.document for call in calls()} == {
        "campaign",
        "executive",
        "experiments",
        "governance",
        "index",
    }
