"""What a terminal is told: progress where there is a terminal, a line for each document."""

from __future__ import annotations

import io
from pathlib import Path

from mktorch.render import Progress, Rendered
from mktorch.render.progress import shown, summary


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_rewrites_one_line_and_clears_it() -> None:
    stream = Terminal()
    with shown(stream) as tell:
        tell(Progress("index.html", 1, 2))
        tell(Progress("index.pdf", 2, 2))
    assert "\n" not in stream.getvalue()
    assert "1 of 2 files: index.html" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_no_terminal_and_no_wish_mean_silence() -> None:
    with shown(io.StringIO()) as tell:
        assert tell is None
    with shown(Terminal(), wanted=False) as tell:
        assert tell is None


def test_pages_by_document_and_exports_together() -> None:
    made = [
        Rendered("index", "html", Path("out/index.html"), 2048, 0.5),
        Rendered("index", "pdf", Path("out/index.pdf"), 1024, 0.25, pages=1),
        Rendered("campaign", "html", Path("out/campaign-a.html"), 1024, 1.0, campaign="A"),
        Rendered("a", "csv", Path("out/exports/a.csv"), 512, 0.1),
        Rendered("b", "csv", Path("out/exports/b.csv"), 512, 0.1),
        Rendered("tables", "xlsx", Path("out/exports/tables.xlsx"), 3072, 0.1),
    ]
    assert summary(made, 2.0) == [
        "index       html 2 KiB  pdf 1 page 1 KiB  0.8 s",
        "campaign-a  html 1 KiB  1.0 s",
        "exports     2 csv 1 KiB  xlsx 3 KiB  0.3 s",
        "2 documents, 6 files, 8 KiB in 2.0 s",
    ]
