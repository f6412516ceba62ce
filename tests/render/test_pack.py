"""A pack: which pages it has, that it is whole or absent, and that nothing old lingers."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, main_thread

import psutil
import pytest

from mktorch.render import Progress, RenderError, render
from mktorch.render.publish import publish, workshop
from tests.render.conftest import pdf_text

DECLARED = '```{python}\n#| tags: [parameters]\nrun_path = campaign = "none"\n```\n\n'
ONCE = f"---\ntitle: Once\n---\n\n{DECLARED}Words.\n"
EACH = f"---\ntitle: Each\n---\n\n{DECLARED}```{{python}}\nprint('of', campaign)\n```\n"


@pytest.fixture
def make(tiny_run, tmp_path: Path):
    """Render into `out` with the embedded renderer, HTML alone where nothing else is said."""

    def apply(**changes):
        given = {
            "to": ("html",),
            "renderer": "embedded",
            "out": tmp_path / "out",
            "workers": 1,
        } | changes
        return render(given.pop("run", tiny_run.path), **given)

    return apply


@pytest.fixture(autouse=True)
def _pages_alone(monkeypatch) -> None:
    """The pages of a pack without its exports, which have tests of their own."""
    monkeypatch.setattr("mktorch.render.pack.WRITERS", ())


@pytest.fixture
def quick(monkeypatch) -> None:
    """An engine that writes at once what it was asked for, where files are the question."""

    @contextmanager
    def engine(*_):
        yield lambda page: lambda form: f"{form} of {page.campaign or 'all'}".encode()

    monkeypatch.setattr("mktorch.render.pack.engine", engine)


def held(run) -> list[str]:
    return run.tables["campaigns"]["campaign_id"].sort().to_list()


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


def page(campaign: str) -> str:
    return f"campaign-{campaign.lower().replace('_', '-')}"


def test_every_document_once_and_the_campaign_one_for_each(
    tiny_run, make, reports, tmp_path: Path
) -> None:
    reports(index=ONCE, campaign=EACH)
    made = make(to=("html", "pdf"))
    dives = held(tiny_run)
    called = dict(tiny_run.tables["campaigns"].select("campaign_id", "name").rows())
    expected = ["index", *map(page, dives)]
    assert [file.path.name for file in made] == [
        f"{name}.{form}" for name in expected for form in ("html", "pdf")
    ]
    for file in made:
        assert file.bytes == file.path.stat().st_size
        assert file.seconds > 0
        assert file.pages == (1 if file.format == "pdf" else None)
        assert file.document == ("campaign" if file.campaign else "index")
    for campaign in dives:
        text = (tmp_path / "out" / f"{page(campaign)}.html").read_text()
        assert f"of {campaign}" in text
        assert f"<title>Each: {called[campaign]}</title>" in text
        assert f'<p class="subtitle">{called[campaign]}</p>' in text
    listed = json.loads((tmp_path / "out" / "pack.json").read_text())
    assert listed["run_id"] == tiny_run.run_id
    assert sorted([*listed["files"], "pack.json"]) == names(tmp_path / "out")
    for name, entry in listed["files"].items():
        content = (tmp_path / "out" / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["bytes"] == len(content)


@pytest.mark.usefixtures("quick")
def test_one_campaign_means_its_deep_dive_alone(tiny_run, make, reports) -> None:
    reports(index=ONCE, campaign=EACH)
    one = held(tiny_run)[0]
    assert [f.path.stem for f in make(campaign=one)] == [page(one)]
    assert [f.path.stem for f in make(documents=["index"])] == ["index"]
    with pytest.raises(RenderError, match="campaign 'NOPE' is not in run"):
        make(campaign="NOPE")
    with pytest.raises(RenderError, match="there is no document 'nope'; there are: campaign, i"):
        make(documents=["nope"])


@pytest.mark.usefixtures("quick")
def test_campaigns_that_read_alike_get_files_of_their_own(make, reports, edit, tmp_path) -> None:
    import mktorch

    def rename(rows):
        return rows + [dict(rows[0], campaign_id=name) for name in ("A b", "A_b", "!!", "حملة")]

    run = mktorch.run(edit("campaigns", rename), out=tmp_path / "runs")
    reports(campaign=EACH)
    made = make(run=run.path)
    assert len({file.path for file in made}) == len(held(run))
    for file in made:
        assert f"of {file.campaign}" in file.path.read_text()


@pytest.mark.usefixtures("quick")
def test_nothing_of_an_earlier_pack_lingers_and_nothing_else_is_touched(
    tiny_run, make, reports, tmp_path: Path
) -> None:
    folder = reports(index=ONCE, extra=ONCE, campaign=EACH)
    out = tmp_path / "out"
    out.mkdir()
    (out / "executive_summary.md").write_text("Text report.")
    make(to=("html", "pdf"))
    assert "extra.pdf" in names(out)
    (folder / "extra.qmd").unlink()
    make()
    expected = ["executive_summary.md", "index.html", "pack.json"]
    assert names(out) == sorted([*expected, *(f"{page(c)}.html" for c in held(tiny_run))])
    assert (out / "executive_summary.md").read_text() == "Text report."


@pytest.mark.usefixtures("quick")
def test_a_part_keeps_the_rest_of_the_same_run_only(
    tiny_run, sample_run, make, reports, tmp_path: Path
) -> None:
    reports(index=ONCE, campaign=EACH)
    out = tmp_path / "out"
    one = held(tiny_run)[0]
    make()
    before = names(out)
    make(campaign=one)
    assert names(out) == before
    foreign = held(sample_run)[0]
    make(run=sample_run.path, campaign=foreign)
    assert names(out) == sorted([f"{page(foreign)}.html", "pack.json"])


def test_a_failing_cell_leaves_the_last_good_pack(tiny_run, make, reports, tmp_path) -> None:
    reports(index=ONCE, campaign=EACH)
    make()
    before = contents(tmp_path / "out")
    others = _kernels()
    last = held(tiny_run)[-1]
    failing = EACH + f"\n```{{python}}\n#| label: boom\n1 / (campaign != {last!r})\n```\n"
    reports(index=ONCE, campaign=failing)
    with pytest.raises(RenderError) as caught:
        make(workers=2)
    message = str(caught.value)
    assert message.startswith("campaign.qmd:16: cell 'boom' failed: ZeroDivisionError")
    assert "1 / (campaign !=" in message
    assert f"the page of campaign {last!r}" in message
    assert contents(tmp_path / "out") == before
    assert _kernels() == others


def test_a_disk_that_refuses_midway_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with workshop(folder) as place:
        for name in ("a.html", "b.html"):
            (place / "new" / name).write_text("first")
        publish(place, folder, "run", {}, whole=True)
    before = contents(folder)
    (folder / "c.html").mkdir()  # a file cannot take its place
    with workshop(folder) as place:
        for name in ("a.html", "c.html", "d/e.csv"):
            (place / "new" / name).parent.mkdir(exist_ok=True)
            (place / "new" / name).write_text("second")
        with pytest.raises(IsADirectoryError):
            publish(place, folder, "run", {}, whole=True)
    assert contents(folder) == before


def test_a_listed_file_outside_the_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    files = {"../mine.txt": {}, str(tmp_path / "mine.txt"): {}}
    (folder / "pack.json").write_text(json.dumps({"run_id": "run", "files": files}))
    with workshop(folder) as place:
        (place / "new" / "a.html").write_text("a")
        publish(place, folder, "run", {}, whole=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert names(folder) == ["a.html", "pack.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"run_id": 1, "files": 2}'])
def test_an_unreadable_list_is_no_list(tmp_path: Path, content: str) -> None:
    (tmp_path / "pack.json").write_text(content)
    with workshop(tmp_path) as place:
        (place / "new" / "a.html").write_text("a")
        publish(place, tmp_path, "run", {}, whole=True)
    assert names(tmp_path) == ["a.html", "pack.json"]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    left = tmp_path / f".partial-out-{os.getpid()}"
    left.mkdir()
    with workshop(out) as other, workshop(out):
        assert not left.exists()
        assert other.exists()
    assert list(tmp_path.iterdir()) == []


def _published(folder: Path, run_id: str, **files: str) -> None:
    with workshop(folder) as place:
        for name, text in files.items():
            (place / "new" / name).write_text(text)
        publish(place, folder, run_id, {}, whole=True)


@pytest.mark.parametrize("beside", [True, False])
def test_a_pack_changes_in_one_step_or_file_by_file(tmp_path: Path, monkeypatch, beside) -> None:
    if not beside:
        monkeypatch.setattr("mktorch.render.publish.exchange", lambda *_: False)
    out = tmp_path / "out"
    _published(out, "one", a="1", b="1")
    (out / "mine.txt").write_text("mine")
    _published(out, "two", a="2")
    assert {n: t.decode() for n, t in contents(out).items() if n != "pack.json"} == {
        "a": "2",
        "mine.txt": "mine",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_kill_among_the_files_leaves_nothing_stale_to_the_next(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("mktorch.render.publish.exchange", lambda *_: False)
    out = tmp_path / "out"
    _published(out, "one", a="1", b="1", c="1")
    # As a process leaves it that is killed after it moved the first of its files.
    listed = json.loads((out / "pack.json").read_text())
    listed["files"] |= {"d": {}, "e": {}}
    (out / ".pack.json").write_text(json.dumps(listed))
    (out / "pack.json").unlink()
    (out / "d").write_text("2")
    _published(out, "three", a="3")
    assert names(out) == ["a", "pack.json"]


@pytest.mark.usefixtures("quick")
def test_further_writers_share_the_pack_s_fate(make, reports, monkeypatch, tmp_path) -> None:
    def write(run, folder: Path):
        (folder / "exports").mkdir()
        file = folder / "exports" / "run.csv"
        file.write_text(run.run_id)
        return [file]

    reports(index=ONCE)
    out = tmp_path / "out"
    monkeypatch.setattr("mktorch.render.pack.WRITERS", (write,))
    made = make()
    assert made[-1].path == out / "exports" / "run.csv"
    assert made[-1].format == "csv"
    assert names(out) == ["exports/run.csv", "index.html", "pack.json"]
    make(documents=["index"])  # a part writes none, and keeps them
    assert "exports/run.csv" in names(out)
    monkeypatch.setattr("mktorch.render.pack.WRITERS", ())
    make()
    assert names(out) == ["index.html", "pack.json"]
    assert not (out / "exports").exists()


@pytest.mark.usefixtures("quick")
def test_progress_counts_every_file(make, reports, tiny_run) -> None:
    reports(index=ONCE, campaign=EACH)
    heard: list[Progress] = []
    made = make(progress=heard.append, workers=2)
    assert [one.done for one in heard] == list(range(1, len(made) + 1))
    assert {one.total for one in heard} == {len(made)}
    assert {one.file for one in heard} == {file.path.name for file in made}


def test_a_page_knows_its_pack(make, reports) -> None:
    shown = "```{python}\nfrom mktorch.display.files import pack_files\nprint(pack_files())\n```\n"
    reports(index=ONCE + "\n" + shown, other=ONCE)
    made = make(documents=["index", "other"])
    assert "(&#39;index.html&#39;, &#39;other.html&#39;)" in made[0].path.read_text()


def test_a_document_is_executed_once_for_both_formats(make, reports, tmp_path) -> None:
    counted = tmp_path / "counted"
    cell = (
        "```{python}\nfrom mktorch.display.page import Lead\n"
        f"with open({str(counted)!r}, 'a') as file:\n    file.write('x')\n"
        "Lead(sentence='One # *answer*.')\n```\n"
    )
    reports(index=ONCE + "\n" + cell)
    page, sheet = make(to=("html", "pdf"))
    assert counted.read_text() == "x"
    assert "One # *answer*." in page.path.read_text()
    assert "One # *answer*." in pdf_text(sheet.path.read_bytes())


def test_a_page_that_names_a_file_beside_it_is_refused(make, reports) -> None:
    cell = "```{python}\nfrom IPython.display import HTML\nHTML('<img src=logo.png>')\n```\n"
    reports(index=ONCE + "\n" + cell)
    with pytest.raises(RenderError, match=r"index\.qmd: the page would ask for logo\.png"):
        make()


def test_an_interrupt_ends_the_kernels_and_leaves_the_pack(make, reports, tmp_path) -> None:
    reports(index=ONCE)
    make()
    before = contents(tmp_path / "out")
    others = _kernels()
    started = tmp_path / "started"
    slow = f"```{{python}}\nimport pathlib, time\npathlib.Path({str(started)!r}).touch()\n"
    reports(index=ONCE + "\n" + slow + "time.sleep(50)\n```\n", other=ONCE)

    def interrupt() -> None:
        while not started.exists():
            time.sleep(0.02)
        signal.pthread_kill(main_thread().ident, signal.SIGINT)

    thread = Thread(target=interrupt)
    thread.start()
    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        make(workers=2)
    thread.join()
    assert time.perf_counter() - begun < 20
    assert contents(tmp_path / "out") == before
    assert _kernels() == others


def _kernels() -> list[psutil.Process]:
    """Kernels that this process started and that still run, other tests' among them."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "ipykernel_launcher" in child.cmdline()
    ]
