"""A faulty copy of a data set: one record for each way a record can be wrong."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mktorch.synth.files import write_records
from mktorch.synth.model import Record, SynthError
from mktorch.vocab import Source

Edit = Callable[[Record], Any]


@dataclass(frozen=True)
class Fault:
    """One record of `source` to spoil, and the failure it must bring about."""

    source: Source
    row: int  # 1-based; 0: a copy of the last record, added at the end
    field: str | None
    rule: str
    edit: Edit
    severity: str = "error"


def _set(**values: Any) -> Edit:
    return lambda record: {**record, **values}


def _without(field: str) -> Edit:
    return lambda record: {name: value for name, value in record.items() if name != field}


_P, _F = Source.PERFORMANCE_METRICS, Source.FUNNEL_EVENTS
_D, _L = Source.ORCHESTRATOR_DECISIONS, Source.ROI_LEDGER
_B, _R = Source.BUDGET_ACTIONS, Source.CAMPAIGN_RISK_SIGNALS
_COUNTS = {"impressions": 1000, "clicks": 50, "conversions": 10, "conversion_rate": 0.01}

FAULTS = (
    Fault(_P, 11, "clicks", "unreadable_value", _set(clicks="many")),
    Fault(_P, 12, "cost", "unreadable_value", _set(cost=math.nan)),
    Fault(_P, 13, "revenue_proxy", "unreadable_value", _set(revenue_proxy=math.inf)),
    Fault(_P, 14, "impressions", "unreadable_value", _set(impressions=10**30)),
    Fault(_P, 15, "timestamp", "unreadable_value", _set(timestamp="2026-13-45T10:00:00")),
    Fault(_P, 16, "clicks", "unreadable_value", _set(clicks=[3])),
    Fault(_P, 17, "conversion_rate", "out_of_range", _set(conversion_rate=-0.5)),
    Fault(_P, 18, "asset_id", "orphan_key", _set(asset_id="ASSET_999999")),
    Fault(_P, 19, None, "not_an_object", lambda _: "not a record"),
    Fault(_P, 20, "timestamp", "missing_required", _without("timestamp")),
    Fault(_P, 21, "impressions", "numeric_string",
          lambda r: {**r, "impressions": str(r["impressions"])}, "warning"),
    Fault(_P, 22, "colour", "unknown_field", _set(colour="blue"), "warning"),
    Fault(_P, 23, "conversions", "conversions_exceed_clicks",
          _set(**{**_COUNTS, "conversions": 60, "conversion_rate": 0.06}), "warning"),
    Fault(_P, 24, "clicks", "clicks_exceed_impressions",
          _set(**{**_COUNTS, "clicks": 1001}), "warning"),
    Fault(_P, 25, "conversion_rate", "rate_mismatch",
          _set(**{**_COUNTS, "conversion_rate": 0.5}), "warning"),
    Fault(_F, 5, "stage", "unknown_enum", _set(stage="teleport")),
    Fault(_F, 6, "confidence", "out_of_range", _set(confidence=1.4)),
    Fault(_F, 7, "campaign_id", "orphan_key", _set(campaign_id="CAMP_999999")),
    Fault(_F, 8, "source", "unknown_descriptive", _set(source="carrier_pigeon"), "warning"),
    Fault(_F, 0, "event_id", "duplicate_key", lambda r: r),
    Fault(_D, 2, "trigger", "missing_required", _set(trigger=None)),
    Fault(_D, 3, "human_override", "unreadable_value", _set(human_override="perhaps")),
    Fault(_D, 4, "timestamp", "date_only", _set(timestamp="2026-03-13"), "note"),
    Fault(_B, 2, "status", "unknown_enum", _set(status="maybe")),
    Fault(_R, 1, "timestamp", "offset", _set(timestamp="2026-03-12T10:10:00+02:00"), "note"),
    Fault(_L, 1, "net_roi", "net_roi_mismatch",
          lambda r: {**r, "net_roi": r["net_roi"] + 5000}, "warning"),
)  # fmt: skip


def plant_faults(src: str | Path, out: str | Path) -> list[Record]:
    """Copy a data set of JSON arrays and spoil one record for each kind of fault.

    Parameters
    ----------
    src
        Folder with the thirteen sources, as `synth` writes them.
    out
        Folder for the copy, made if need be.

    Returns
    -------
    The failures that validation must report, in order of the sources: source, file, row (1-based),
    field (None: the whole record), rule, severity. `note` marks what is mended and only said.

    Raises
    ------
    SynthError
        Where both folders are the same, or a source is missing or has too few records.

    Examples
    --------
    >>> import tempfile
    >>> from mktorch.synth import synth
    >>> good, bad = tempfile.mkdtemp(), tempfile.mkdtemp()
    >>> truth = synth(good)
    >>> plant_faults(good, bad)[0]["rule"]
    'unreadable_value'
    """
    source_folder, folder = Path(src), Path(out)
    if folder.resolve() == source_folder.resolve():
        raise SynthError(f"{folder} is the data set itself; give another folder for the copy")
    shutil.copytree(source_folder, folder, dirs_exist_ok=True)
    expected: list[Record] = []
    for source in dict.fromkeys(fault.source for fault in FAULTS):
        path = folder / f"{source}.json"
        if not path.is_file():
            raise SynthError(f"{source_folder} has no {path.name}; write the data set with `synth`")
        records: list[Any] = json.loads(path.read_bytes())
        for fault in (f for f in FAULTS if f.source == source):
            row = fault.row or len(records) + 1
            if row > len(records) + (fault.row == 0):
                raise SynthError(f"{path.name} has {len(records)} records; {row} are needed")
            records[row - 1 : row] = [fault.edit(records[min(row, len(records)) - 1])]
            expected.append(
                {
                    "source": str(source),
                    "file": path.name,
                    "row": row,
                    "field": fault.field,
                    "rule": fault.rule,
                    "severity": fault.severity,
                }
            )
        write_records(path, records)
    return expected
