"""What differs between two runs: their inputs, their settings, and what they decide.

Read from the tables as they are declared: rows are matched by their keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from mktorch import catalog
from mktorch.followed import Followed, Taken, followed
from mktorch.manifest import Manifest
from mktorch.runs import Run
from mktorch.screen import plain

Tables = Mapping[str, pl.DataFrame]

# Table -> the columns that state what was decided.
DECIDED: Mapping[str, tuple[str, ...]] = {
    "verdict": ("verdict", "headline"),
    "roi_analysis": ("total_media_spend", "total_estimated_value", "total_net_roi"),
    "campaign_analysis": ("total_spend", "total_revenue_proxy", "roas", "overall_performance"),
    "kpis": ("value", "target", "tier"),
    "experiment_evaluations": ("recommendation", "lift"),
    "segment_portfolio": ("recommendation",),
    "risk_inbox": ("severity", "status"),
    "recommendations": ("priority", "action", "recommended_value", "description"),
}
_FILES = pl.Schema({"source": pl.String, "file": pl.String, "change": pl.String, "rows": pl.Int64})
_SETTINGS = pl.Schema({"setting": pl.String, "before": pl.String, "after": pl.String})
_DECISIONS = pl.Schema(
    {
        "table": pl.String,
        "key": pl.String,
        "change": pl.String,
        "column": pl.String,
        "before": pl.String,
        "after": pl.String,
    }
)


@dataclass(frozen=True)
class Difference:
    """What differs from run `before` to run `after`, as frames; empty where nothing does.

    `inputs` has a row per file that is `new`, `gone` or `changed`, with the change in its rows;
    `settings` one per setting that can change a figure; `decisions` one per row of a table that is
    `new` or `gone`, and one per value of `DECIDED` that changed; `followed` one per recommendation
    of `before` that a record of `after` took up (`mktorch.followed`).
    """

    before: str
    after: str
    inputs: pl.DataFrame
    settings: pl.DataFrame
    decisions: pl.DataFrame
    followed: pl.DataFrame = field(default_factory=Followed.frame)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        parts = (self.inputs, self.settings, self.decisions, self.followed)
        return all(part.is_empty() for part in parts)

    def lines(self) -> Iterator[str]:
        """One line a difference, for people."""
        for source, file, change, rows in self.inputs.rows():
            yield plain(f"input {file} ({source}): {change}, {rows:+,} rows")
        for name, before, after in self.settings.rows():
            yield plain(f"setting {name}: {before} -> {after}")
        for table, key, change, column, before, after in self.decisions.rows():
            place = f"{table} {key}".strip()
            told = f"{column} {before} -> {after}" if change == "changed" else f"{change}: {after}"
            yield plain(f"{place}: {told}")
        for row in self.followed.iter_rows(named=True):
            when = f" on {row['on']:%Y-%m-%d}" if row["on"] else ""
            taken = f"taken up by {row['taken_up'].replace('_', ' ')} {row['record']}{when}"
            kpi = f"; {row['primary_kpi']} {_moved(row)}" if row["verdict"] else ""
            yield plain(f"{row['recommendation_id']}: {taken} ({row['said']}){kpi}")

    def as_json(self) -> dict[str, Any]:
        """The same, for programs."""
        return {
            "before": self.before,
            "after": self.after,
            "inputs": self.inputs.to_dicts(),
            "settings": self.settings.to_dicts(),
            "decisions": self.decisions.to_dicts(),
            "followed": self.followed.cast({"asked_on": pl.String, "on": pl.String}).to_dicts(),
        }


def difference(before: Run, after: Run) -> Difference:
    """What differs from one run to another."""
    return Difference(
        before.run_id,
        after.run_id,
        inputs_changed(before.manifest, after.manifest),
        settings_changed(before.config.fingerprint(), after.config.fingerprint()),
        decisions_changed(before.tables, after.tables),
        followed([before], after).filter(pl.col("taken_up") != Taken.NOTHING),
    )


def inputs_changed(before: Manifest, after: Manifest) -> pl.DataFrame:
    """One row per input file that one run alone read, or whose content differs."""
    then, now = ({(i.source, i.path): i for i in m.inputs} for m in (before, after))
    words = {(True, True): "changed", (True, False): "gone", (False, True): "new"}
    rows = [
        {
            "source": source,
            "file": path,
            "change": words[(source, path) in then, (source, path) in now],
            "rows": _rows(now.get((source, path))) - _rows(then.get((source, path))),
        }
        for source, path in sorted({*then, *now})
        if _hash(then.get((source, path))) != _hash(now.get((source, path)))
    ]
    return pl.DataFrame(rows, schema=_FILES)


def settings_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> pl.DataFrame:
    """One row per setting that differs, by dotted name, values as JSON."""
    then, now = dict(_flat(before)), dict(_flat(after))
    rows = [
        {"setting": name, "before": then.get(name), "after": now.get(name)}
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
    return pl.DataFrame(rows, schema=_SETTINGS)


def decisions_changed(before: Tables, after: Tables) -> pl.DataFrame:
    """One row per decided row that is `new` or `gone`, and per value of one that `changed`."""
    both = [name for name in DECIDED if name in before and name in after]
    parts = [_changed(name, before[name], after[name]) for name in both]
    return pl.concat([pl.DataFrame(schema=_DECISIONS), *parts])


def _changed(name: str, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    then, now = _told(name, before), _told(name, after)
    joined = then.join(now, on=["key", "column"], how="full", coalesce=True, suffix="_now")
    change = (
        pl.when(pl.col("there").is_null())
        .then(pl.lit("new"))
        .when(pl.col("there_now").is_null())
        .then(pl.lit("gone"))
        .otherwise(pl.lit("changed"))
    )
    rows = (
        joined.with_columns(change=change, table=pl.lit(name))
        .filter((pl.col("change") != "changed") | pl.col("told").ne_missing(pl.col("told_now")))
        .rename({"told": "before", "told_now": "after"})
        .sort("key", "column")
    )
    told = pl.coalesce("after", "before").drop_nulls().str.join(", ")
    whole = (
        rows.filter(pl.col("change") != "changed")
        .group_by("table", "key", "change", maintain_order=True)
        .agg(after=told)
        .with_columns(column=pl.lit(""), before=pl.lit(None, pl.String))
    )
    values = rows.filter(pl.col("change") == "changed")
    return pl.concat([part.select(_DECISIONS.names()) for part in (whole, values)])


def _told(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """One row per key and decided column: `key`, `column`, `told`, and that it is `there`."""
    keys = [key for key in catalog.key(name) or () if key in frame.columns]
    columns = [column for column in DECIDED[name] if column in frame.columns]
    texts = [pl.col(column).cast(pl.String, strict=False) for column in columns]
    key = (
        pl.concat_str([pl.col(k).cast(pl.String) for k in keys], separator=" | ") if keys else None
    )
    shown = frame.select((pl.lit("") if key is None else key).alias("key"), *texts)
    return shown.unpivot(columns, index="key", variable_name="column", value_name="told").select(
        "key", "column", "told", there=pl.lit(True)
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, json.dumps(value, ensure_ascii=False)


def _moved(row: Mapping[str, Any]) -> str:
    """What the KPI did after, in words."""
    verdict = row["verdict"].replace("_", " ")
    if row["lift"] is None:
        return f"{verdict}: {row['reason']}" if row["reason"] else verdict
    return f"{verdict}, {row['lift']:+.1%}"


def _rows(record: Any) -> int:
    return record.rows if record else 0


def _hash(record: Any) -> str:
    return record.sha256 if record else ""
