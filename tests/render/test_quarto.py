"""The Quarto driver: how it finds Quarto, what it tells it, and what it makes of its answer."""

from __future__ import annotations

import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread, main_thread

import psutil
import pytest
import yaml

from mktorch.render import RenderError, choose, documents, render
from mktorch.render.notebook import notebook
from mktorch.render.qmd import Cell, Document, parse
from mktorch.render.quarto import find_quarto

# A stand-in that writes down how it was called and makes the file a render would make.
FAKE = """#!{python}
import json, os, pathlib, sys
if sys.argv[1] == "--version":
    print({version!r})
    sys.exit()
here = pathlib.Path(sys.argv[2])
form = sys.argv[sys.argv.index("--to") + 1]
fonts = here.parent / "_fonts"
seen = {{
    "arguments": sys.argv[1:],
    "cwd": os.getcwd(),
    "notebook": json.loads(here.read_text()),
    "environment": {{k: os.environ.get(k) for k in
        ("QUARTO_PYTHON", "TYPST_IGNORE_SYSTEM_FONTS", "SOURCE_DATE_EPOCH")}},
    "fonts": sorted(p.name for p in fonts.rglob("*") if p.is_file()),
    "staged": sorted(p.name for p in here.parent.iterdir()),
    "project": (here.parent.parent / "_quarto.yml").read_text(),
    "metadata": (here.parent / "_metadata.yml").read_text(),
}}
with open({log!r}, "a") as log:
    log.write(json.dumps(seen) + "\\n")
{action}
"""
MAKES = 'here.with_suffix({"html": ".html", "typst": ".pdf"}[form]).write_text("made " + form)'
FAILS = (
    'sys.stderr.write("\\x1b[31mStarting python3 kernel...Done\\n\\nZeroDivisionError: no\\n'
    'ERROR: Render failed\\n"); sys.exit(1)'
)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch):
    def apply(action: str, version: str = "1.11.0") -> Path:
        log = tmp_path / "log"
        script = tmp_path / "bin" / "quarto"
        script.parent.mkdir(exist_ok=True)
        script.write_text(
            FAKE.format(python=sys.executable, log=str(log), action=action, version=version)
        )
        script.chmod(0o755)
        monkeypatch.setenv("QUARTO_PATH", str(script))
        return log

    return apply


ONE = """---
title: One
format:
  html: default
  typst: default
---

Text.

```{python}
#| tags: [parameters]
run_path = "none"
campaign = ""
```

```{python}
#| label: shown
#| echo: false
print(run_path, campaign, sep="|")
```
"""


def calls(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def front(call: dict) -> dict:
    first = call["notebook"]["cells"][0]
    assert first["cell_type"] == "raw"
    return yaml.safe_load("".join(first["source"]).strip("-"))


def printed(call: dict) -> str:
    last = call["notebook"]["cells"][-1]
    assert last["source"][:3] == ["#| label: shown\n", "#| echo: false\n", "#| warning: false\n"]
    return last["outputs"][0]["text"].strip()


def test_it_is_handed_what_was_executed_once(sample_run, fake, reports, tmp_path: Path) -> None:
    reports(executive=ONE)
    log = fake(MAKES)
    made = render(sample_run.path, out=tmp_path / "out", renderer="quarto")
    assert [f.path.read_text() for f in made] == ["made html", "made typst"]
    first, second = calls(log)
    assert first["arguments"][0] == "render"
    assert first["arguments"][1].endswith("executive.ipynb")
    assert first["arguments"][2:] == ["--to", "html"]
    assert second["arguments"][2:] == ["--to", "typst"]
    assert first["notebook"] == second["notebook"]
    assert printed(first) == f"{sample_run.path.resolve()}|"
    assert front(first)["title"] == "One"
    assert first["environment"]["QUARTO_PYTHON"] == sys.executable
    epoch = datetime.fromtimestamp(int(first["environment"]["SOURCE_DATE_EPOCH"]), UTC)
    assert epoch.replace(tzinfo=None) == sample_run.manifest.as_of.replace(microsecond=0)
    assert {"executive.qmd", "page.css", "typst-show.typ"} <= set(first["staged"])
    assert "pre-render" not in yaml.safe_load(first["project"])["project"]
    metadata = yaml.safe_load(first["metadata"])
    assert metadata["format"]["typst"]["papersize"] == "a4"
    assert metadata["pack"] == ["executive.html", "executive.pdf"]


def test_the_fonts_lie_where_the_metadata_says(sample_run, fake, reports, tmp_path: Path) -> None:
    reports(executive=ONE)
    log = fake(MAKES)
    render(sample_run.path, to=("pdf",), out=tmp_path / "out", renderer="quarto")
    (call,) = calls(log)
    assert yaml.safe_load(call["metadata"])["format"]["typst"]["font-paths"] == ["_fonts"]
    assert "SourceSansPro-Regular.ttf" in call["fonts"]
    assert any(name.startswith("NotoSansArabic") for name in call["fonts"])


def test_each_campaign_is_a_page_with_its_own_parameter(
    sample_run, fake, reports, tmp_path: Path
) -> None:
    reports(executive=ONE, campaign=ONE)
    log = fake(MAKES)
    made = render(sample_run.path, to=("html",), out=tmp_path / "out", renderer="quarto", workers=2)
    held = sample_run.tables["campaigns"]["campaign_id"].sort().to_list()
    names = [f"campaign-{name.lower().replace('_', '-')}.html" for name in held]
    assert [f.path.name for f in made] == ["executive.html", *names]
    assert [f.campaign for f in made] == ["", *held]
    seen = calls(log)
    asked = [printed(call).partition("|")[2] for call in seen]
    assert sorted(asked) == ["", *held]
    called = dict(sample_run.tables["campaigns"].select("campaign_id", "name").rows())
    for campaign, call in zip(asked, seen, strict=True):
        subtitle = front(call).get("subtitle", "")
        assert subtitle.replace("\\", "") == called.get(campaign, "")
    # Two at once, each in a project of its own: Quarto locks the project it renders in.
    assert len({call["cwd"] for call in seen}) == 2


@pytest.mark.parametrize("version", ["1.8.27", "0.9"])
def test_one_that_is_too_old_is_said_and_not_used(
    sample_run, fake, reports, tmp_path: Path, version: str
) -> None:
    reports(executive=ONE)
    log = fake(MAKES, version)
    with pytest.raises(RenderError, match=rf"Quarto {version}; Quarto 1\.9 or newer is needed"):
        render(sample_run.path, out=tmp_path / "out", renderer="quarto")
    assert choose().quarto is None
    assert f"Quarto {version}" in choose().words
    assert not log.exists()


def test_html_of_other_libraries_asks_for_no_scripts() -> None:
    cell = Cell("table", {"label": "it"}, Path("x.qmd"), 1)
    output = {"output_type": "execute_result", "data": {"text/html": "<b>`1`</b>"}}
    document = Document(Path("x.qmd"), {}, {}, (cell,), "x")
    (made,) = json.loads(notebook(document, {cell: [output]}, "html").text)["cells"]
    assert made["outputs"][0]["data"] == {"text/markdown": "```{=html}\n<b>`1`</b>\n```"}


def test_an_interrupt_ends_quarto_and_what_it_started(
    sample_run, fake, reports, tmp_path: Path
) -> None:
    reports(executive=ONE)
    fake("import subprocess, time; subprocess.Popen(['sleep', '61.5']); time.sleep(60)")
    asked = Thread(target=_interrupt_when, args=(lambda: _running("61.5"),))
    asked.start()
    with pytest.raises(KeyboardInterrupt):
        render(sample_run.path, out=tmp_path / "out", renderer="quarto")
    asked.join()
    assert not _running("61.5")
    assert not (tmp_path / "out").exists()


def _running(argument: str) -> bool:
    def arguments(process: psutil.Process) -> list[str]:
        try:
            ended = process.status() == psutil.STATUS_ZOMBIE
            return [] if ended else process.cmdline()
        except psutil.Error:
            return []

    return any(argument in arguments(process) for process in psutil.process_iter())


def _interrupt_when(ready) -> None:
    while not ready():
        time.sleep(0.02)
    signal.pthread_kill(main_thread().ident, signal.SIGINT)


def test_auto_takes_quarto_where_it_is(sample_run, fake, reports, tmp_path: Path) -> None:
    reports(executive=ONE)
    fake(MAKES)
    made = render(sample_run.path, to=("html",), out=tmp_path / "out")
    assert made[0].path.read_text() == "made html"


def test_its_failure_is_told_in_its_own_words(sample_run, fake, reports, tmp_path) -> None:
    reports(executive=ONE)
    fake(FAILS)
    with pytest.raises(RenderError) as caught:
        render(sample_run.path, out=tmp_path / "out", renderer="quarto")
    message = str(caught.value)
    assert "executive.qmd: quarto failed (exit 1)" in message
    assert "ZeroDivisionError: no" in message
    assert "\x1b" not in message
    assert "Starting" not in message
    assert not (tmp_path / "out").exists()


def test_a_page_that_would_ask_the_network_is_refused(sample_run, fake, reports, tmp_path) -> None:
    reports(executive=ONE)
    page = '<script src="https://cdn.example/x.js"></script>'
    fake(f"here.with_suffix('.html').write_text({page!r})")
    with pytest.raises(RenderError, match=r"would ask for https://cdn\.example/x\.js"):
        render(sample_run.path, to=("html",), out=tmp_path / "out", renderer="quarto")


def test_a_silent_failure_is_told(sample_run, fake, reports, tmp_path: Path) -> None:
    reports(executive=ONE)
    fake("pass")
    with pytest.raises(RenderError, match=r"wrote no executive\.html"):
        render(sample_run.path, to=("html",), out=tmp_path / "out", renderer="quarto")


def test_it_is_looked_for_where_it_may_be(tmp_path: Path, monkeypatch) -> None:
    script = tmp_path / "quarto"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    assert find_quarto() == script
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert find_quarto() is None
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path))
    assert find_quarto() == script
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path / "gone"))
    with pytest.raises(RenderError, match="QUARTO_PATH"):
        find_quarto()


def test_asking_for_quarto_without_one_says_what_to_do(sample_run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    with pytest.raises(RenderError, match="use --renderer embedded"):
        render(sample_run.path, out=tmp_path / "out", renderer="quarto")


@pytest.mark.parametrize("name", documents())
def test_no_cell_of_a_document_shows_html(sample_run, warm, name: str) -> None:
    stage, running = warm
    campaign = sample_run.tables["campaigns"]["campaign_id"].min()
    given = {"run_path": str(sample_run.path), "campaign": campaign if name == "campaign" else ""}
    outputs = running.run(parse(stage.reports / f"{name}.qmd"), given)
    kinds = {kind for shown in outputs.values() for each in shown for kind in each.get("data", ())}
    assert kinds == {"text/markdown", "text/plain"}
