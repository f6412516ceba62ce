"""A site of packs: copied whole, listed newest first, replaced and never half there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mktorch.formats import Locale
from mktorch.runs import Run
from mktorch.site import SiteError, entries, publish, since


@pytest.fixture
def pack(tiny_run: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "exports").mkdir(parents=True)
    for name in ("index.html", "exports/a.csv", "left.html"):
        (folder / name).write_text(name)
    listed = {"run_id": tiny_run.run_id, "files": {"index.html": {}, "exports/a.csv": {}}}
    (folder / "pack.json").write_text(json.dumps(listed))
    return folder


def test_a_pack_is_copied_and_listed(tiny_run: Run, pack: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    index = publish(tiny_run, pack, site)
    home = site / "packs" / tiny_run.run_id
    assert (home / "exports" / "a.csv").read_text() == "exports/a.csv"
    assert not (home / "left.html").exists()
    page = index.read_text()
    assert f'href="packs/{tiny_run.run_id}/index.html"' in page
    assert "First pack" in page
    assert "http" not in page


def test_packs_are_newest_first_and_say_what_changed(
    tiny_run: Run, pack: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    publish(tiny_run, pack, site)
    (first,) = entries(site)
    older = {**first, "run_id": "older", "as_of": "2020-01-01T00:00:00", "net": first["net"] - 250}
    folder = site / "packs" / "older"
    folder.mkdir()
    (folder / "entry.json").write_text(json.dumps(older))
    page = publish(tiny_run, pack, site).read_text()
    assert page.index(f"packs/{tiny_run.run_id}/") < page.index("packs/older/")
    assert "net return +$250" in page
    assert [e["run_id"] for e in entries(site)] == [tiny_run.run_id, "older"]
    assert [p.name for p in (site / "packs").iterdir() if p.name.startswith(".")] == []


def test_a_pack_of_another_run_is_refused(tiny_run: Run, pack: Path, tmp_path: Path) -> None:
    (pack / "pack.json").write_text('{"run_id": "other", "files": {}}')
    with pytest.raises(SiteError, match="holds no pack of run"):
        publish(tiny_run, pack, tmp_path / "site")
    with pytest.raises(SiteError):
        publish(tiny_run, tmp_path / "nowhere", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_an_unknown_figure_is_no_change() -> None:
    one = {"verdict": "WATCH", "spend": None, "value": 1.0, "net": None}
    assert since({**one, "spend": 5.0}, one, Locale()) == "No change"
