"""A static site of packs: every past pack under its run, and an index of them, newest first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from mktorch.config import MarketingOrchestratorConfig
from mktorch.display.brand import find_brand, load_brand
from mktorch.errors import MktorchError
from mktorch.folders import place, sweep, workshop
from mktorch.formats import CURRENCY_COMPACT, DATE, Locale, format_value
from mktorch.render.publish import listed_pack
from mktorch.runs import Run

PACKS, ENTRY = "packs", "entry.json"
_SIGNED = replace(CURRENCY_COMPACT, signed=True)
_FIGURES = {"spend": "Media spend", "value": "Estimated value", "net": "Net return"}
_HEADS = ("As of", "Verdict", *_FIGURES.values(), "Change")


class SiteError(MktorchError):
    """The pack cannot be published; the message says what is missing or in the way."""


def publish(run: Run, pack: Path, site: Path) -> Path:
    """Copy a run's pack into a site and write the site's index anew; nothing is sent anywhere.

    A pack published before under the same run is replaced, whole. Returns the index.

    Raises
    ------
    SiteError
        Where `pack` holds no pack of this run, or the site cannot be written.
    """
    listed = listed_pack(pack)
    if listed["run_id"] != run.run_id:
        raise SiteError(
            f"{pack} holds no pack of run {run.run_id}; make it with mktorch report {run.path}"
        )
    packs = site / PACKS
    try:
        sweep(packs)
        with workshop(packs, run.run_id) as fresh:
            for name in listed["files"]:
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(pack / name, fresh / name)
            (fresh / ENTRY).write_text(json.dumps(entry(run), indent=2), encoding="utf-8")
            place(fresh, packs / run.run_id)
        return _index(site, run.config)
    except OSError as error:
        raise SiteError(f"{site} cannot be written ({error.strerror or error})") from None


def entry(run: Run) -> dict[str, Any]:
    """What the index says of a pack: the day, the verdict and why, spend, value and net return."""
    verdict = run.tables["verdict"].row(0, named=True)
    money = run.tables["roi_analysis"].row(0, named=True)
    return {
        "run_id": run.run_id,
        "as_of": run.manifest.as_of.isoformat(),
        "verdict": verdict["verdict"],
        "headline": verdict["headline"],
        "spend": money["total_media_spend"],
        "value": money["total_estimated_value"],
        "net": money["total_net_roi"],
    }


def entries(site: Path) -> list[dict[str, Any]]:
    """Every pack of a site, newest first; a folder without an entry is none."""
    found = [json.loads(file.read_text("utf-8")) for file in site.glob(f"{PACKS}/[!.]*/{ENTRY}")]
    return sorted(found, key=lambda e: (e["as_of"], e["run_id"]), reverse=True)


def since(new: Mapping[str, Any], old: Mapping[str, Any] | None, locale: Locale) -> str:
    """What changed from one pack to the next, in a line.

    >>> one = {"verdict": "WATCH", "spend": 1000.0, "value": 1500.0, "net": 500.0}
    >>> since({**one, "verdict": "ON TRACK", "net": 700.0}, one, Locale())
    'Verdict WATCH to ON TRACK; net return +$200'
    >>> since(one, one, Locale())
    'No change'
    >>> since(one, None, Locale())
    'First pack'
    """
    if old is None:
        return "First pack"
    told = []
    if new["verdict"] != old["verdict"]:
        told.append(f"Verdict {old['verdict']} to {new['verdict']}")
    for name, label in _FIGURES.items():
        if None not in (new[name], old[name]) and new[name] != old[name]:
            told.append(f"{label.lower()} {format_value(new[name] - old[name], _SIGNED, locale)}")
    return "; ".join(told) or "No change"


def _index(site: Path, config: MarketingOrchestratorConfig) -> Path:
    every = entries(site)
    brand = load_brand(find_brand())
    locale = Locale(config.currency, config.locale)
    pairs: Sequence[tuple[dict[str, Any], dict[str, Any] | None]] = [
        *pairwise(every),
        (every[-1], None),
    ]
    rows = "".join(_row(new, old, locale) for new, old in pairs)
    company = escape(config.company or brand.company or "Marketing")
    page = _PAGE.format(
        company=company,
        primary=brand.color("primary"),
        text=brand.color("foreground"),
        paper=brand.color("background"),
        line=brand.color("light"),
        heads="".join(f"<th scope=col>{h}" for h in _HEADS),
        rows=rows,
    )
    fresh = site / ".index.html.new"
    fresh.write_text(page, encoding="utf-8")
    return fresh.replace(site / "index.html")


def _row(new: Mapping[str, Any], old: Mapping[str, Any] | None, locale: Locale) -> str:
    day = format_value(datetime.fromisoformat(new["as_of"]).date(), DATE, locale)
    link = f'<a href="{PACKS}/{escape(new["run_id"])}/index.html">{escape(day)}</a>'
    figures = (escape(format_value(new[name], CURRENCY_COMPACT, locale)) for name in _FIGURES)
    verdict = f"<strong>{escape(new['verdict'])}</strong>"
    cells = (link, verdict, *figures, escape(since(new, old, locale)))
    labelled = zip(_HEADS, cells, strict=True)
    return "<tr>" + "".join(f'<td data-label="{head}">{cell}' for head, cell in labelled) + "\n"


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{company}: report packs</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:16px/1.5 "Source Sans Pro",system-ui,sans-serif;margin:0}}
body{{color:{text};background:{paper}}}
main{{max-width:70rem;margin:0 auto;padding:2rem 1rem}} h1{{color:{primary}}}
table{{width:100%;border-collapse:collapse}} th,td{{text-align:left;padding:.6rem .5rem}}
tr{{border-bottom:1px solid {line}}} a{{color:{primary}}}
@media(max-width:40rem){{thead{{display:none}} tr{{display:block;padding:.6rem 0}}
td{{display:flex;justify-content:space-between;gap:1rem;padding:.15rem 0}}
td::before{{content:attr(data-label);opacity:.8}}}}
</style></head><body><main><h1>{company}: report packs</h1>
<table><thead><tr>{heads}</thead><tbody>
{rows}</tbody></table></main></body></html>
"""
