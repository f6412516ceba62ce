"""Names of a pack's files: plain, unlike one another, and the same whatever the order."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from mktorch.display.block import EXECUTE_INFO
from mktorch.display.files import campaign_slugs, dive_names, pack_files


@given(st.lists(st.text(max_size=80), max_size=30))
def test_slugs_are_plain_unlike_and_bounded(ids: list[str]) -> None:
    slugs = campaign_slugs(ids)
    assert set(slugs) == set(ids)
    assert len(set(slugs.values())) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", s) for s in slugs.values())
    assert campaign_slugs(reversed(ids)) == slugs


def test_only_what_reads_alike_is_marked() -> None:
    slugs = campaign_slugs(["A b", "a-B", "حملة", "Spring", "x" * 70])
    assert slugs["Spring"] == "spring"
    assert re.fullmatch(r"a-b-[0-9a-f]{8}", slugs["A b"])
    assert re.fullmatch(r"[0-9a-f]{8}", slugs["حملة"])
    assert re.fullmatch(r"x{60}-[0-9a-f]{8}", slugs["x" * 70])


def test_a_plain_id_may_read_like_a_marked_one() -> None:
    # The digest is lengthened until all differ.
    marked = campaign_slugs(["A b", "A_b"])["A b"]
    slugs = campaign_slugs(["A b", "A_b", marked])
    assert len(set(slugs.values())) == 3
    assert dive_names(slugs)["A b"] != dive_names(slugs)[marked]


def test_a_page_learns_the_files_of_its_pack(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(EXECUTE_INFO, raising=False)
    assert pack_files() == ()
    file = tmp_path / "info.json"
    monkeypatch.setenv(EXECUTE_INFO, str(file))
    file.write_text(json.dumps({"format": {"metadata": {"pack": ["index.html"]}}}))
    assert pack_files() == ("index.html",)
    file.write_text(json.dumps({"format": {}}))
    assert pack_files() == ()
