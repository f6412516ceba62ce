"""The table of docs/narrative.md: `make docs` writes it anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mktorch.config.narrative_rules import IN_MONEY, LIMITS, Ground
from mktorch.narrative.grounds import GROUNDS

_HEAD = "| ground | what is found | evidence | limits are | WATCH from | ATTENTION | CRITICAL |"
_TABLE = re.compile(rf"^{re.escape(_HEAD)}\n(?:\|.*\n)*", re.MULTILINE)


def reference() -> str:
    """Every ground with its default limits as a Markdown table, most serious first."""
    return f"{_HEAD}\n{'|---' * 7}|\n{''.join(map(_line, Ground))}"


def refreshed(text: str) -> str:
    """The page with its table written anew."""
    return _TABLE.sub(lambda _: reference(), text)


def _line(ground: Ground) -> str:
    basis, limit = GROUNDS.get(ground), LIMITS[ground]
    what = basis.many.replace("{} ", "") if basis else "grounds that could not be checked"
    why = basis.evidence.rstrip(".") if basis else "A table was not made"
    money = ground in IN_MONEY
    kind = ("share of the window's spend" if basis and basis.current else "share of spend"
            ) if money else "count"  # fmt: skip
    cells = (_limit(value, money=money) for _, value in limit)
    return f"| `{ground}` | {what} | {why} | {kind} | {' | '.join(cells)} |\n"


def _limit(value: float | None, *, money: bool) -> str:
    if value is None:
        return ""
    return f"{value:g}" if not money else f"{100 * value:g}%" if value else "any"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
