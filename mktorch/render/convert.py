"""Markdown to a self-contained HTML page, or through Typst to PDF."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from mktorch.render.errors import RenderError
from mktorch.render.pieces import Apart
from mktorch.render.qmd import Document
from mktorch.render.stage import Stage
from mktorch.render.typeset import TypesetError, typeset

_HERE = Path(__file__).parent
# Metadata comes from the parsed front matter alone, never from what a cell printed.
_ONE = Lock()  # one document is set at a time: each may take 400 MB
_READER = "markdown-implicit_figures-yaml_metadata_block-pandoc_title_block"


def convert(document: Document, body: Apart, form: str, stage: Stage, as_of: datetime) -> bytes:
    """The finished file's bytes: `html` gives a page, `typst` a PDF.

    Raises
    ------
    RenderError
        Where pandoc or Typst refuses the document; the message carries theirs.
    """
    options = document.options(form)
    if form == "html":
        page = _pandoc(document, body.text, _html_arguments(options), stage)
        return body.restored(page).encode()
    source = _pandoc(document, body.text, _typst_arguments(options), stage)
    return _typst(document, body.restored(source), stage, as_of)


def _html_arguments(options: dict[str, Any]) -> list[str]:
    css = options.get("css", [])
    sheets = [css] if isinstance(css, str) else css
    return [
        "--to=html5",
        f"--template={_HERE / 'template.html'}",
        "--mathml",
        "--embed-resources",
        "--section-divs",
        *(f"--css={sheet}" for sheet in sheets),
        *(
            f"--variable=include-{where}:{options[key]['text']}"
            for where in ("before", "after")
            if (key := f"include-{where}-body") in options
        ),
        *_contents(options),
    ]


def _typst_arguments(options: dict[str, Any]) -> list[str]:
    return ["--to=typst", "--template=template.typ", *_contents(options)]


def _contents(options: dict[str, Any]) -> list[str]:
    if not options.get("toc"):
        return []
    return ["--toc", f"--toc-depth={options.get('toc-depth', 3)}"]


def _pandoc(document: Document, markdown: str, arguments: list[str], stage: Stage) -> str:
    import pypandoc

    form = "html" if "--to=html5" in arguments else "typst"
    plain = (
        "title",
        "pagetitle",
        "subtitle",
        "lang",
        "papersize",
        "accent",
        "mainfont",
        "toc-title",
    )
    options = document.options(form)
    metadata = {key: options[key] for key in plain if key in options}
    held = stage.root / f"{document.name}-{form}.json"
    held.write_text(json.dumps(metadata, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [
            pypandoc.get_pandoc_path(),
            f"--from={_READER}",
            "--standalone",
            "--syntax-highlighting=none",
            f"--metadata-file={held}",
            f"--lua-filter={_HERE / 'filter.lua'}",
            "--fail-if-warnings",
            *arguments,
        ],
        input=markdown.encode(),
        capture_output=True,
        cwd=stage.reports,
        check=False,
    )
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise RenderError(f"{document.path.name}: pandoc could not convert it to {form}: {message}")
    return done.stdout.decode()


def _typst(document: Document, source: str, stage: Stage, as_of: datetime) -> bytes:
    file = stage.reports / f"{document.name}.typ"
    file.write_text(source, encoding="utf-8")
    font, dated = stage.brand.font, as_of.replace(tzinfo=UTC).timestamp()
    try:
        with _ONE:
            return typeset(str(file), str(stage.root), str(stage.fonts), font, dated)
    except TypesetError as refused:
        if refused.families:
            raise RenderError(
                f"_brand.yml: no font file of the family {font!r}; list its files under "
                "typography.fonts with source: file, or use one of "
                f"{', '.join(refused.families)}"
            ) from None
        raise RenderError(
            f"{document.path.name}: Typst could not set it: {refused.message}\n{refused.diagnostic}"
        ) from None
