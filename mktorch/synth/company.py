"""The sample company: its channels, segments, campaigns, assets and experiments, as declared data.

Quillmere is invented. It sells bookkeeping software by subscription to small firms.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from mktorch.synth.model import Asset, Campaign, Effect, Experiment, records

COMPANY = "Quillmere"

CHANNELS = records(
    "channel_id type platform cost_model avg_cost",
    [
        ("CH_01", "email", "mail_service", "per_send", 0.02),
        ("CH_02", "paid_search", "search_ads", "per_click", 1.60),
        ("CH_03", "social", "social_ads", "per_click", 0.95),
        ("CH_04", "display", "display_network", "per_impression", 0.004),
        ("CH_05", "video", "video_network", "per_impression", 0.012),
        ("CH_06", "affiliate", "partner_network", "per_conversion", 9.00),
        ("CH_07", "in_app", "own_product", "flat", 25.00),
    ],
)

SEGMENTS = records(
    "segment_id name description size_estimate priority",
    [
        ("SEG_001", "Sole traders", "One-person firms that keep their own books", 48000, "high"),
        ("SEG_002", "Price-sensitive small firms", "Buy on discount, compare often", 36000, "high"),
        ("SEG_003", "Growing agencies", "Ten to fifty people, invoice by project", 14000, "medium"),
        ("SEG_004", "Accountants and advisers", "Recommend software to clients", 9500, "high"),
        (
            "SEG_005",
            "Mid-market finance teams",
            "Several entities, approval chains",
            6200,
            "medium",
        ),
        ("SEG_006", "Lapsed customers", "Canceled in the last two years", 11000, "low"),
    ],
)

CAMPAIGNS = (
    Campaign(
        "CAMP_001",
        "Spring Trial Drive",
        "Increase trial signups",
        "conversion_rate",
        date(2026, 3, 2),
        date(2026, 5, 3),
        36000.0,
        "active",
        "Showing the hours saved converts better than listing features",
        0.015,
    ),
    Campaign(
        "CAMP_002",
        "Leave the Spreadsheet",
        "Win firms that keep books in spreadsheets",
        "conversion_rate",
        date(2026, 3, 2),
        date(2026, 5, 17),
        46000.0,
        "active",
        "A guided import removes the fear of switching",
        0.010,
        ledger_spend_factor=1.18,
    ),
    Campaign(
        "CAMP_003",
        "Finance Team Video Reach",
        "Reach mid-market finance teams",
        "conversion_rate",
        date(2026, 3, 9),
        date(2026, 5, 10),
        16000.0,
        "active",
        "Video reach turns into trial signups within the quarter",
        0.004,
    ),
    Campaign(
        "CAMP_004",
        "Adviser Webinar Series",
        "Book demonstrations with advisers",
        "demo_request_rate",
        date(2026, 3, 2),
        date(2026, 4, 19),
        18000.0,
        "completed",
        "Advisers book a demonstration after a client story",
        0.010,
        unrecorded_stages=("visit",),
        ledger_monthly=True,
    ),
    Campaign(
        "CAMP_005",
        "Agency Growth Plan",
        "Sell the agency plan",
        "cost_per_acquisition",
        date(2026, 3, 2),
        date(2026, 5, 31),
        34000.0,
        "active",
        "Agencies pay for project invoicing",
        9.0,
        demo_share=0.05,
        ledger_adds_up=False,
        methods_agree=False,
    ),
    Campaign(
        "CAMP_006",
        "Spring Win-Back",
        "Bring lapsed customers back",
        "click_through_rate",
        date(2026, 3, 2),
        date(2026, 4, 26),
        12000.0,
        "paused",
        "A personal tone wins more clicks than an offer",
        0.05,
        purchase_share=0.0,
        unrecorded_stages=("feature_adopt",),
        ledger_spend_factor=None,
    ),
    Campaign(
        "CAMP_007",
        "Mobile App Launch",
        "Announce the mobile app",
        "conversion_rate",
        date(2026, 5, 11),
        date(2026, 7, 5),
        60000.0,
        "planned",
        "Photographed receipts are reason enough to try",
        0.012,
    ),
)

_TRIAL, _DEMO, _PLAN, _BACK = "Start free trial", "Book a demo", "See the plan", "Come back"

# asset, segment, channel, variant, theme, call to action, impressions a day, ctr, cvr, value
_ASSETS: dict[str, list[tuple[Any, ...]]] = {
    "CAMP_001": [
        (1, 1, 2, "A", "Feature list", _TRIAL, 1200, 0.050, 0.0120, 12.0),
        (2, 1, 2, "B", "Hours saved", _TRIAL, 1200, 0.052, 0.0162, 12.0),
        (3, 2, 1, "A", "Monthly price", _TRIAL, 1550, 0.060, 0.0130, 5.5),
        (4, 2, 1, "B", "Yearly price", _TRIAL, 1550, 0.060, 0.0130, 5.5),
        (5, 1, 3, "A", "Feature list", _TRIAL, 880, 0.045, 0.0100, 8.0),
        (6, 1, 3, "B", "Tax deadline", "See how it works", 660, 0.045, 0.0101, 8.0),
        (7, 1, 3, "C", "Hours saved", _TRIAL, 660, 0.045, 0.0126, 8.0),
        (8, 3, 7, "A", "Project invoices", _TRIAL, 600, 0.060, 0.0100, 8.0),
        (9, 3, 7, "B", "Team seats", _TRIAL, 600, 0.064, 0.0104, 8.0),
        (10, 3, 6, "A", "Partner offer", _TRIAL, 450, 0.090, 0.0150, 18.0),
    ],
    "CAMP_002": [
        (11, 2, 2, "A", "Guided import", _TRIAL, 1100, 0.045, 0.0140, 6.0),
        (12, 2, 2, "B", "Spreadsheet errors", _TRIAL, 1100, 0.045, 0.0105, 6.0),
        (13, 2, 3, "A", "Guided import", _TRIAL, 900, 0.050, 0.0110, 5.0),
        (14, 2, 3, "B", "One-click import", "Import my books", 735, 0.050, 0.0143, 5.0),
        (15, 5, 5, "A", "Audit trail", _TRIAL, 6000, 0.008, 0.0014, 8.0),
        (16, 5, 5, "B", "Close in a day", _TRIAL, 6000, 0.008, 0.0014, 10.6),
        (17, 1, 1, "A", "Guided import", _TRIAL, 1000, 0.050, 0.0120, 5.0),
        (18, 3, 3, "A", "Rivals compared", _TRIAL, 700, 0.040, 0.0080, 6.0),
        (19, 6, 4, "A", "Your old books", _BACK, 2500, 0.004, 0.0060, 3.0),
        (20, 1, 7, "A", "Guided import", _TRIAL, 500, 0.070, 0.0150, 5.0),
    ],
    "CAMP_003": [
        (21, 5, 5, "A", "Boardroom", "Learn more", 3000, 0.005, 0.00030, 8.5),
        (22, 5, 5, "B", "Month end", "Learn more", 3000, 0.005, 0.00030, 8.5),
        (23, 3, 4, "A", "Boardroom", "Learn more", 15000, 0.003, 0.0, 11.0),
        (24, 4, 3, "A", "Month end", _DEMO, 1500, 0.040, 0.0, 11.0),
        (25, 5, 5, "C", "Boardroom", "Learn more", 6000, 0.004, 0.00015, 9.0),
        (26, 5, 4, "A", "Month end", _TRIAL, 7000, 0.003, 0.00012, 9.0),
    ],
    "CAMP_004": [
        (27, 4, 1, "A", "Client story, morning", _DEMO, 1000, 0.055, 0.0100, 6.0),
        (28, 4, 1, "B", "Client story, evening", _DEMO, 1000, 0.055, 0.0103, 6.0),
        (29, 4, 1, "C", "Panel, morning", _DEMO, 1000, 0.055, 0.0108, 6.0),
        (30, 4, 1, "D", "Panel, evening", _DEMO, 1000, 0.058, 0.0134, 6.0),
        (31, 4, 3, "A", "Client story", _DEMO, 700, 0.045, 0.0120, 7.0),
        (32, 4, 3, "B", "Checklist", _DEMO, 700, 0.045, 0.0120, 7.0),
        (33, 5, 2, "A", "Close in a day", _DEMO, 600, 0.050, 0.0160, 8.0),
        (34, 4, 7, "A", "Client story", _DEMO, 400, 0.080, 0.0200, 6.0),
    ],
    "CAMP_005": [
        (35, 3, 2, "A", "Project invoices", _PLAN, 1500, 0.045, 0.0080, 5.0),
        (36, 3, 2, "B", "Retainers", _PLAN, 1500, 0.045, 0.0080, 5.0),
        (37, 3, 3, "A", "Project invoices", _PLAN, 380, 0.045, 0.0120, 5.0),
        (38, 3, 3, "B", "Team calendar", _PLAN, 380, 0.045, 0.0156, 5.0),
        (39, 2, 4, "A", "Discount week", _TRIAL, 8000, 0.006, 0.0004, 5.0),
        (40, 3, 3, "C", "Team seats", _PLAN, 800, 0.040, 0.0070, 5.0),
        (41, 4, 2, "A", "Adviser reward", _PLAN, 700, 0.045, 0.0090, 5.0),
        (42, 3, 7, "A", "Project invoices", _PLAN, 500, 0.060, 0.0120, 5.0),
    ],
    "CAMP_006": [
        (43, 6, 1, "A", "We miss you", _BACK, 3000, 0.0800, 0.0080, 3.2),
        (44, 6, 1, "B", "What is new", _BACK, 600, 0.0940, 0.0080, 3.2),
        (45, 2, 1, "A", "We miss you", _BACK, 500, 0.0300, 0.0060, 3.2),
        (46, 2, 1, "B", "What is new", _BACK, 2600, 0.0354, 0.0060, 3.2),
        (47, 3, 3, "C", "What is new", _BACK, 800, 0.0400, 0.0075, 3.2),
        (48, 6, 7, "A", "We miss you", _BACK, 400, 0.0600, 0.0150, 3.2),
    ],
    "CAMP_007": [
        (49, 1, 2, "A", "Photographed receipts", _TRIAL, 1200, 0.050, 0.0120, 8.0),
        (50, 1, 2, "B", "Books on the train", _TRIAL, 1200, 0.050, 0.0120, 8.0),
        (51, 2, 3, "A", "Photographed receipts", _TRIAL, 900, 0.045, 0.0110, 8.0),
        (52, 6, 1, "A", "New in your pocket", _TRIAL, 900, 0.055, 0.0110, 8.0),
    ],
}

_PAUSED = date(2026, 4, 5)
_SPECIAL: dict[str, dict[str, Any]] = {
    "ASSET_018": {"risk_flags": ("unsubstantiated_claim", "names_competitor")},
    "ASSET_019": {"view_through": True},
    "ASSET_020": {"supplies_rate": False},
    "ASSET_036": {"cost_factor": 0.8},
    "ASSET_037": {"first_day": date(2026, 4, 20)},
    "ASSET_038": {"first_day": date(2026, 4, 20)},
    "ASSET_041": {"approved_by_human": False},
    "ASSET_051": {"approved_by_human": False},
}


def _assets() -> tuple[Asset, ...]:
    spans = {c.campaign_id: (c.start_date, c.end_date) for c in CAMPAIGNS}
    spans["CAMP_006"] = (date(2026, 3, 2), _PAUSED)
    return tuple(
        replace(
            Asset(
                f"ASSET_{number:03d}", campaign, f"SEG_{segment:03d}", f"CH_{channel:02d}", *true
            ),
            **{
                **dict(zip(("first_day", "last_day"), spans[campaign], strict=True)),
                **_SPECIAL.get(f"ASSET_{number:03d}", {}),
            },
        )
        for campaign, rows in _ASSETS.items()
        for number, segment, channel, *true in rows
    )


ASSETS = _assets()


def _arms(*numbers: int) -> tuple[str, ...]:
    return tuple(f"ASSET_{n:03d}" for n in numbers)


_D = date.fromisoformat
_HALVES = (0.5, 0.5)

# number, campaign, first and last day, type, metric, arms, status, declared allocation; then the
# recommendation the truth supports (None: nothing is left to recommend), and why.
_EXPERIMENTS: list[tuple[Any, ...]] = [
    (1, 1, "2026-03-09", None, "A/B", "conversion_rate", _arms(1, 2), "running", _HALVES,
     "scale_variant", "clear winner"),
    (2, 2, "2026-03-16", None, "A/B", "conversion_rate", _arms(11, 12), "running", _HALVES,
     "stop", "significant harm at the planned end", _D("2026-04-12")),
    (3, 1, "2026-03-09", None, "A/B", "click_through_rate", _arms(3, 4), "running", _HALVES,
     "stop", "tie: futile with the planned sample reached"),
    (4, 5, "2026-04-20", None, "A/B", "conversion_rate", _arms(37, 38), "running", None,
     "continue", "promising, small sample"),
    (5, 1, "2026-03-23", None, "A/B", "click_through_rate", _arms(8, 9), "running", _HALVES,
     "continue", "nearly decided"),
    (6, 2, "2026-03-16", None, "A/B", "conversion_rate", _arms(13, 14), "running", _HALVES,
     "continue", "allocation is not as declared"),
    (7, 1, "2026-03-09", None, "A/B/n", "conversion_rate", _arms(5, 6, 7), "running",
     (0.4, 0.3, 0.3), "scale_variant", "the third arm wins, the second ties"),
    (8, 4, "2026-03-02", "2026-04-12", "multivariate", "demo_request_rate",
     _arms(27, 28, 29, 30), "completed", (0.25, 0.25, 0.25, 0.25),
     "scale_variant", "the fourth arm wins"),
    (9, 4, "2026-03-09", "2026-04-12", "A/B", "conversion_rate", _arms(31, 32), "completed",
     _HALVES, "stop", "completed without significance"),
    (10, 3, "2026-03-09", "2026-04-03", "A/B", "conversion_rate", _arms(21, 22), "stopped",
     None, None, "stopped early, without significance"),
    (11, 7, "2026-05-11", None, "A/B", "conversion_rate", _arms(49, 50), "planned", _HALVES,
     None, "planned, no data yet"),
    (12, 5, "2026-03-09", None, "A/B", "cost_per_acquisition", _arms(35, 36), "running", None,
     "scale_variant", "the variant acquires at four fifths of the cost"),
    (13, 2, "2026-03-02", "2026-04-19", "A/B", "return_on_ad_spend", _arms(15, 16),
     "completed", None, "scale_variant", "the variant's customers are worth more"),
    (14, 5, "2026-03-09", None, "A/B", "conversion_rate", _arms(40, 47), "running", None,
     "continue", "set up wrongly: the variant belongs to another campaign"),
    (15, 6, "2026-03-02", "2026-04-05", "A/B", "click_through_rate", _arms(43, 44),
     "completed", None, "scale_variant", "B wins among lapsed customers"),
    (16, 6, "2026-03-02", "2026-04-05", "A/B", "click_through_rate", _arms(45, 46),
     "completed", None, "scale_variant", "B wins among small firms"),
]  # fmt: skip
EXPERIMENTS = tuple(
    Experiment(f"EXP_{number:03d}", f"CAMP_{campaign:03d}", _D(first), last and _D(last), *rest)
    for number, campaign, first, last, *rest in _EXPERIMENTS
)


def _of(campaign: str, segment: str | None = None) -> tuple[str, ...]:
    return tuple(
        a.asset_id for a in ASSETS if a.campaign_id == campaign and segment in (None, a.segment_id)
    )


EFFECTS = (
    Effect(_of("CAMP_001"), "cvr", 1.30, date(2026, 3, 31)),
    Effect(_of("CAMP_002"), "cvr", 0.75, date(2026, 4, 8)),
    Effect(_of("CAMP_001", "SEG_003"), "cvr", 1.70, date(2026, 4, 20)),
    Effect(_of("CAMP_002", "SEG_002"), "cvr", 0.60, date(2026, 4, 20)),
    Effect(("ASSET_010",), "rows", 0.0, date(2026, 4, 8), date(2026, 4, 10)),
    Effect(("ASSET_017",), "ctr", 0.0, date(2026, 3, 24), date(2026, 3, 25)),
    Effect(("ASSET_026",), "cost", 5.0, date(2026, 4, 15), date(2026, 4, 15)),
    Effect(("ASSET_033",), "cost", 5.0, date(2026, 4, 1), date(2026, 4, 1)),
)

WRONG_RATES = (
    ("ASSET_005", date(2026, 3, 18)),
    ("ASSET_027", date(2026, 3, 26)),
    ("ASSET_035", date(2026, 4, 9)),
)
WRONG_ROLLUPS = (("CAMP_002", "SEG_002"),)
