"""The table of docs/kpis.md: `python -m mktorch.kpis.reference docs/kpis.md` writes it anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mktorch.kpis import KPIS

_HEAD = "| KPI | label | definition | unit | better | default target | null when |"
_TABLE = re.compile(rf"^{re.escape(_HEAD)}\n(?:\|.*\n)*", re.MULTILINE)


def reference() -> str:
    """Every KPI as a Markdown table, in the order of `KPIS`."""
    lines = (
        f"| {k.name} | {k.label} | {k.words} | {k.unit} | {k.better} | {k.target:g} "
        f"| {k.missing or 'never'} |\n"
        for k in KPIS
    )
    return f"{_HEAD}\n{'|---' * 7}|\n{''.join(lines)}"


def refreshed(text: str) -> str:
    """The page with its table written anew."""
    return _TABLE.sub(lambda _: reference(), text)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
