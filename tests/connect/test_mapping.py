"""Feeds of one's own: expressions, several tables, databases, and what is said when they fail."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig, load_config
from mktorch.config.load import ConfigError
from mktorch.connect import ConnectError, feed_files, load_feeds
from mktorch.connect.database import _ibis, fetch
from mktorch.connect.layout import days, numbers
from mktorch.connect.suggest import suggest
from mktorch.ingest import checked
from mktorch.sources.raw import RawSource
from mktorch.vocab import Source
from tests.conftest import TINY

ADS = """date,ad,spend,imps,clk,buys,state
2026-03-01,A1,"1,200.50",1000,50,2.5,live
2026-03-02,A1,10.25,900,40,1,live
2026-03-02,A1,99,1,1,0,test
"""


def read(folder: Path, text: str) -> dict[Source, RawSource]:
    (folder / "mktorch.toml").write_text(f"data_dir = '{folder}'\n{text}")
    return load_feeds(load_config(folder / "mktorch.toml")[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ads.csv").write_text(ADS)
    for source in ("campaigns", "audience_segments", "channels", "creative_assets"):
        (tmp_path / f"{source}.json").write_bytes((TINY / f"{source}.json").read_bytes())
    return tmp_path


MAPPED = """
[sources.performance_metrics]
from = "{0}/ads.csv"
where = "state <> 'test'"
[sources.performance_metrics.columns]
asset_id = "'ASSET_' || ad"
timestamp = "date"
impressions = "imps"
clicks = "clk"
conversions = "buys"
cost = "REPLACE(spend, ',', '')"
"""


def test_fields_come_from_expressions_and_rows_keep_their_place(folder: Path) -> None:
    found = read(folder, MAPPED.format(folder))[Source.PERFORMANCE_METRICS]
    assert found.frame["cost"].to_list() == [1200.5, 10.25]
    assert found.frame["asset_id"].unique().to_list() == ["ASSET_A1"]
    assert found.frame["_file"].unique().to_list() == ["ads.csv"]
    assert found.frame["_row"].to_list() == [1, 2]
    assert any("1 rows of the export" in note for note in found.notes)
    assert [(f.path, f.rows) for f in found.files] == [("ads.csv", 2)]


def test_a_failure_names_the_file_and_row_of_the_export(folder: Path) -> None:
    (folder / "ads.csv").write_text(ADS.replace("10.25,900", "10.25,many"))
    found = read(folder, MAPPED.format(folder))[Source.PERFORMANCE_METRICS]
    (bad,) = found.failures.filter(pl.col("rule") == "unreadable_value").to_dicts()
    assert (bad["file"], bad["row"], bad["field"], bad["value"]) == (
        "ads.csv",
        2,
        "impressions",
        "many",
    )


def test_a_cell_that_is_no_number_is_set_aside_with_its_heading(folder: Path) -> None:
    (folder / "google.csv").write_text(
        "Day,Campaign,Impr.,Clicks,Cost\n2026-03-01,Brand,100,5,9.50\n2026-03-02,Brand,lots,5,9.50\n"
    )
    config = MarketingOrchestratorConfig(
        data_dir=str(folder / "none"),
        exports={"g": {"from": str(folder / "google*.csv"), "preset": "google_ads"}},
    )
    raw = load_feeds(config)
    (bad,) = raw[Source.PERFORMANCE_METRICS].failures.to_dicts()
    assert (bad["row"], bad["field"], bad["value"]) == (2, "Impr.", "lots")
    assert checked(raw, config, []).valid[Source.PERFORMANCE_METRICS].height == 1


def test_several_tables_feed_one_source_and_the_folder_comes_first(folder: Path) -> None:
    (folder / "more.csv").write_text("asset_id,timestamp,cost\nX,2026-03-05,5\n")
    (folder / "names.csv").write_text(
        "Day,Campaign,Campaign ID,Impr.,Cost\n2026-03-01,Other name,CAMP_A,7,1\n"
    )
    both = "".join(
        f"[[sources.performance_metrics]]\nfrom = '{folder}/{name}'\n{more}"
        for name, more in {
            "ads.csv": "columns = { asset_id = 'ad', timestamp = 'date', cost = 'clk' }\n",
            "more.csv": "",
        }.items()
    )
    given = f"{both}[exports.g]\nfrom = '{folder}/names.csv'\npreset = 'google_ads'\n"
    found = read(folder, given)
    rows = found[Source.PERFORMANCE_METRICS].frame
    assert rows["_file"].to_list() == [*["ads.csv"] * 3, "more.csv", "names.csv"]
    known = pl.read_json(TINY / "campaigns.json")["campaign_id"].to_list()
    assert found[Source.CAMPAIGNS].frame["campaign_id"].to_list() == [
        *known,
        *({"CAMP_A"} - {*known}),
    ]


def test_a_changed_file_among_many_is_named(folder: Path) -> None:
    (folder / "g1.csv").write_text("Day,Campaign,Impr.,Cost\n2026-03-01,B,7,1\n")
    (folder / "g2.csv").write_text("Day,Campaign,Impr.,Price\n2026-03-01,B,7,1\n")
    with pytest.raises(ConnectError, match=r"g2\.csv has no column 'Cost' or 'Kosten'"):
        read(folder, f"[exports.g]\nfrom = '{folder}/g*.csv'\npreset = 'google_ads'\n")


def test_a_workbook_and_a_database_give_the_same_rows(folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["Title"],
        ["asset_id", "timestamp", "impressions", "cost"],
        ["A", "2026-03-01", 7, 1.5],
    ):
        book.active.append(row)
    book.save(folder / "ads.xlsx")
    with sqlite3.connect(folder / "ads.db") as link:
        link.execute("CREATE TABLE ads (asset_id TEXT, day TEXT, impressions INT, cost REAL)")
        link.execute("INSERT INTO ads VALUES ('A', '2026-03-01', 7, 1.5)")
    link.close()
    base = "[sources.performance_metrics]\n"
    fed = read(folder, f"{base}from = '{folder}/ads.xlsx'\n")[Source.PERFORMANCE_METRICS].frame
    query = "SELECT asset_id, day AS timestamp, impressions, cost FROM ads"
    asked = read(folder, f"{base}from = 'sqlite:///{folder}/ads.db'\nquery = '{query}'\n")
    shown = ["asset_id", "timestamp", "impressions", "cost"]
    assert fed.select(shown).equals(asked[Source.PERFORMANCE_METRICS].frame.select(shown))
    with pytest.raises(ConnectError, match="no such table: elsewhere"):
        read(
            folder, f"{base}from = 'sqlite:///{folder}/ads.db'\nquery = 'SELECT * FROM elsewhere'\n"
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from = 'nowhere.csv'", "no such file"),
        ("from = '{0}/ads.csv'\npreset = 'gogle'", "google_ads"),
        ("from = '{0}/ads.csv'\ncolumns = {{ asset_id = 'nope' }}", "nope"),
        ("from = '{0}/ads.csv'\nselect = 'SELECT ad AS asset_id FROM export'", "gives no _at"),
        ("from = 'postgresql://me:secret@127.0.0.1/x'\nquery = 'SELECT 1'", "PGPASSWORD"),
        ("from = 'oracle://h/x'\nquery = 'SELECT 1'", "no known database"),
    ],
)
def test_what_cannot_be_used_is_said(folder: Path, text: str, said: str) -> None:
    with pytest.raises(ConnectError) as error:
        read(folder, "[sources.performance_metrics]\n" + text.format(folder))
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_settings_that_cannot_go_together_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="needs query"):
        read(folder, "[sources.performance_metrics]\nfrom = 'sqlite:///x.db'\n")


@pytest.mark.parametrize(
    ("cells", "decimal", "values"),
    [
        (["€1.234,50", "7"], ",", [1234.5, 7]),
        (["1 234.5", "1'234"], ".", [1234.5, 1234]),
        (["(1,000.25)", "-5"], ".", [-1000.25, -5]),
        (["12%", "0.5%"], ".", [0.12, 0.005]),
        (["1,23,4", "1.2.3"], ".", [None, None]),
        (["USD 5", "5 SEK"], ".", [5, 5]),
        ([".5", "1e3"], ".", [0.5, 1000]),
    ],
)
def test_numbers_are_read_as_people_write_them(
    cells: list[str], decimal: str, values: list[float]
) -> None:
    assert numbers(pl.Series(cells), decimal).to_list() == pytest.approx(values)


def test_days_of_a_column_are_of_one_form() -> None:
    assert days(pl.Series(["03/04/2026", "13/04/2026"])).to_list() == ["2026-04-03", "2026-04-13"]
    assert days(pl.Series(["03/04/2026"])).to_list() == ["2026-03-04"]
    assert days(pl.Series(["03/04/2026"]), "%d/%m/%Y").to_list() == ["2026-04-03"]
    assert days(pl.Series(["soon"])).to_list() == [None]


def test_a_table_is_known_by_its_layout_or_by_its_names(folder: Path) -> None:
    (folder / "g.csv").write_text("Day,Campaign,Impr.,Clicks,Cost\n2026-03-01,B,7,1,2\n")
    assert suggest(folder / "g.csv").preset == "google_ads"
    moves = folder / "moves.csv"
    moves.write_text(
        "budget action id,timestamp,campaign,from channel,to channel,amount,reason code,"
        "approved by human,status,colour\n"
        "1,2026-03-01,C,a,b,10,roi_optimization,true,executed,red\n"
    )
    found = suggest(moves)
    assert found.source == Source.BUDGET_ACTIONS
    headings = {match.field: match.heading for match in found.matches}
    assert headings["from_channel_id"] == "from channel"
    assert headings["amount"] == "amount"
    assert "colour" not in headings.values()
    assert 0.5 < found.certainty <= 1


def test_one_row_per_user_becomes_an_experiment(tmp_path: Path) -> None:
    rows = [f"u{i},{'control' if i % 2 else 'new'},{int(i % 10 == 0)}" for i in range(400)]
    (tmp_path / "users.csv").write_text("\n".join(["user_id,variant,converted", *rows]))
    config = MarketingOrchestratorConfig(
        data_dir=str(tmp_path),
        exports={"u": {"from": str(tmp_path / "users.csv"), "preset": "ab_test_users"}},
    )
    raw = load_feeds(config)
    (test,) = raw[Source.EXPERIMENTS].frame.to_dicts()
    assert (test["control_asset"], test["variant_asset"]) == ("A/B test:control", "A/B test:new")
    assert (test["unit"], test["assignment"]) == ("user", "user")
    counts = raw[Source.PERFORMANCE_METRICS].frame.sort("asset_id")
    assert counts["impressions"].to_list() == [200, 200]
    assert counts["conversions"].to_list() == [0, 40]


def test_a_warehouse_is_asked_through_ibis() -> None:
    assert _ibis("polars://", "SELECT 7 AS impressions", 5).to_dicts() == [{"impressions": 7}]


def test_a_warehouse_without_its_driver_names_the_packages() -> None:
    with pytest.raises(
        ConnectError, match=r"pip install 'mktorch\[databases\]', or for a warehouse"
    ):
        fetch("databricks://host/sql", "SELECT 1", 5)


def test_days_and_arms_become_an_experiment(tmp_path: Path) -> None:
    (tmp_path / "arms.csv").write_text(
        "Campaign Name;Date;Spend [USD];# of Impressions;# of Website Clicks;# of Purchase\n"
        "Control Campaign;1.08.2019;2280;82702;7016;618\n"
        "Test Campaign;1.08.2019;3008;39550;3038;255\n"
        "Control Campaign;2.08.2019;1757;121040;8110;511\n"
        "Test Campaign;2.08.2019;2542;100719;4657;677\n"
    )
    config = MarketingOrchestratorConfig(
        data_dir=str(tmp_path),
        exports={"a": {"from": str(tmp_path / "arms.csv"), "preset": "ab_test_daily"}},
    )
    raw = load_feeds(config)
    (test,) = raw[Source.EXPERIMENTS].frame.to_dicts()
    assert test["control_asset"] == "A/B test:Control Campaign"
    assert (str(test["start_date"]), str(test["end_date"])) == ("2019-08-01", "2019-08-02")
    rows = raw[Source.PERFORMANCE_METRICS].frame
    assert (rows["impressions"].sum(), rows["cost"].sum()) == (344_011, 9_587)
    assert rows["conversions"].sum() == 2_061


def test_events_of_web_analytics_are_counted_by_campaign_and_day(tmp_path: Path) -> None:
    events = [("session_start", None)] * 4 + [("user_engagement", None)] * 3 + [("purchase", 9.5)]
    pl.DataFrame(
        {
            "event_date": ["20260301"] * 8,
            "event_name": [name for name, _ in events],
            "traffic_source.name": ["spring"] * 8,
            "ecommerce.purchase_revenue": [value for _, value in events],
        }
    ).write_parquet(tmp_path / "events.parquet")
    config = MarketingOrchestratorConfig(
        data_dir=str(tmp_path / "none"),
        exports={"e": {"from": str(tmp_path / "events.parquet"), "preset": "ga4_bigquery"}},
    )
    (row,) = load_feeds(config)[Source.PERFORMANCE_METRICS].frame.to_dicts()
    assert (row["impressions"], row["clicks"], row["conversions"]) == (4, 3, 1)
    assert row["revenue_proxy"] == 9.5


BRAND = "Day,Campaign,Impr.,Clicks,Cost,Conversions\n2026-03-01,{0},{1},5,9.50,{2}\n"


def test_exports_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder, impressions in (("a", "100"), ("b", "many")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "report.csv").write_text(BRAND.format(folder, impressions, 1))
    files = {name: str(tmp_path / name / "report.csv") for name in ("a", "b")}
    config = MarketingOrchestratorConfig(
        data_dir=str(tmp_path / "none"),
        exports={n: {"from": path, "preset": "google_ads"} for n, path in files.items()},
    )
    raw = load_feeds(config)
    valid = checked(raw, config, []).valid
    assert valid[Source.PERFORMANCE_METRICS]["_file"].to_list() == [files["a"]]
    (bad,) = raw[Source.PERFORMANCE_METRICS].failures.to_dicts()
    assert (bad["file"], bad["row"]) == (files["b"], 1)
    assert feed_files(config) == {path: Path(path) for path in files.values()}


def test_an_export_and_a_file_of_the_folder_are_told_apart(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "campaigns.json").write_text(
        '[{"campaign_id": "NEW", "name": "New", "primary_kpi": "conversion_rate",'
        ' "start_date": "2026-03-01", "status": "active"}]'
    )
    (folder / "performance_metrics.json").write_bytes(
        (TINY / "performance_metrics.json").read_bytes()
    )
    found = read(folder, f"[sources.campaigns]\nfrom = '{folder}/more/campaigns.json'\n")
    names = found[Source.CAMPAIGNS].frame["_file"].to_list()
    assert names == ["campaigns.json"] * 3 + [f"{folder}/more/campaigns.json"]


def test_a_cell_that_is_no_number_rejects_what_is_measured_alone(tmp_path: Path) -> None:
    """The campaign, of which the first row tells too, does not rest on that row's conversions."""
    rows = BRAND.format("Brand", 100, "lots") + "2026-03-02,Brand,100,5,9.50,2\n"
    (tmp_path / "g.csv").write_text(rows)
    config = MarketingOrchestratorConfig(
        data_dir=str(tmp_path / "none"),
        exports={"g": {"from": str(tmp_path / "g.csv"), "preset": "google_ads"}},
    )
    raw = load_feeds(config)
    standing = checked(raw, config, []).valid
    assert standing[Source.PERFORMANCE_METRICS]["conversions"].to_list() == [2]
    assert standing[Source.CAMPAIGNS].height == standing[Source.CREATIVE_ASSETS].height == 1
    (note,) = raw[Source.CAMPAIGNS].notes
    assert "1 cell of Conversions holds no number or day; taken as blank" in note
    assert raw[Source.CREATIVE_ASSETS].notes == ()


def test_two_feeds_of_one_source_read_their_own_files(folder: Path) -> None:
    (folder / "p.csv").write_text("asset_id,timestamp,cost\nX,2026-03-05,5\n")
    (folder / "q.csv").write_text("asset_id,timestamp,cost\nY,2026-03-05,7\n")
    both = "".join(f"[[sources.performance_metrics]]\nfrom = '{folder}/{n}.csv'\n" for n in "pq")
    rows = read(folder, both)[Source.PERFORMANCE_METRICS].frame
    assert rows.select("asset_id", "cost").rows() == [("X", 5.0), ("Y", 7.0)]
