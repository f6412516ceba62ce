"""The pack on paper: of one campaign and of sixty, A4 and Letter, with names that try to act."""

from __future__ import annotations

from pathlib import Path

import pdfplumber
import pytest

import mktorch
from mktorch.render import render
from tests.render.hostile import NAMES, hostile_set
from tests.render.printed import faults

SIZES = {"a4": (595.28, 841.89), "us-letter": (612.0, 792.0)}
WHOLE = ("executive", "experiments", "governance", "index")


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    """Hostile sets of sixty campaigns and, of its first, a run alone."""
    return hostile_set(tmp_path_factory.mktemp("hostile") / "data", 60)


@pytest.fixture(scope="module", params=["a4", "us-letter"])
def sixty(request, sets: Path, tmp_path_factory) -> tuple[str, Path]:
    """The documents of the whole run of sixty campaigns, and three deep dives."""
    out = tmp_path_factory.mktemp("sixty")
    run = mktorch.run(sets, out=out / "runs", page_size=request.param, company=NAMES[2])
    render(run.path, ["pdf"], "embedded", out=out, documents=WHOLE)
    for campaign in ("CAMP_001", "CAMP_003", "CAMP_060"):
        render(run.path, ["pdf"], "embedded", campaign=campaign, out=out)
    return request.param, out


def test_the_samples_pack_has_no_fault(pages: Path) -> None:
    files = sorted(pages.glob("*.pdf"))
    assert len(files) == len(WHOLE) + 7
    assert [fault for file in files for fault in faults(file)] == []


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_sixty_campaigns_with_hostile_names_have_no_fault(sixty: tuple[str, Path]) -> None:
    size, out = sixty
    files = sorted(out.glob("*.pdf"))
    assert len(files) == len(WHOLE) + 3
    assert [fault for file in files for fault in faults(file)] == []
    for file in files:
        with pdfplumber.open(file) as pdf:
            assert {(round(p.width, 2), round(p.height, 2)) for p in pdf.pages} == {SIZES[size]}


@pytest.mark.parametrize("size", SIZES)
def test_one_campaign_alone_has_no_fault(sets: Path, tmp_path: Path, size: str) -> None:
    run = mktorch.run(sets, out=tmp_path / "runs", campaign="CAMP_002", page_size=size)
    made = render(run.path, ["pdf"], "embedded", out=tmp_path / "pack")
    files = [one.path for one in made if one.format == "pdf"]
    assert len(files) == len(WHOLE) + 1
    assert [fault for file in files for fault in faults(file)] == []
