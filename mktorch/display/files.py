"""What the files of a pack are called, so that documents can link to one another."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mktorch.display.block import EXECUTE_INFO
from mktorch.display.escape import slug

PER_CAMPAIGN = "campaign"  # the document that is rendered once for each campaign
_LONGEST = 60  # letters of an id that a file's name carries
_DIGITS = 8  # of the digest that tells namesakes apart


def campaign_slugs(campaigns: Iterable[str]) -> dict[str, str]:
    """Campaign id -> its part of a file's name: short, plain and no two alike.

    An id that leaves no letters, is long, or reads like another's carries a digest of itself.

    >>> campaign_slugs(["CAMP_001", "CAMP_002"])
    {'CAMP_001': 'camp-001', 'CAMP_002': 'camp-002'}
    >>> campaign_slugs(["A b", "A_b"])
    {'A b': 'a-b-a760b0e1', 'A_b': 'a-b-08eb65ad'}
    """
    ids = sorted(set(campaigns))
    plain = {name: slug(name) for name in ids}
    shared = Counter(plain.values())
    apart = {n for n, s in plain.items() if not s or len(s) > _LONGEST or shared[s] > 1}
    digits = _DIGITS
    while True:
        slugs = {n: _marked(n, s, digits) if n in apart else s for n, s in plain.items()}
        if len(set(slugs.values())) == len(ids):
            return slugs
        digits += _DIGITS


def dive_names(campaigns: Iterable[str]) -> dict[str, str]:
    """Campaign id -> the name, without its ending, of its deep dive.

    >>> dive_names(["CAMP_001", "CAMP_002"])["CAMP_001"]
    'campaign-camp-001'
    """
    return {name: f"{PER_CAMPAIGN}-{slug}" for name, slug in campaign_slugs(campaigns).items()}


def pack_files() -> tuple[str, ...]:
    """The pages that the running render makes, so that a page links to no other; empty elsewhere.

    They travel as metadata of the document, which both renderers hand to a running cell.
    """
    return tuple(_told().get("format", {}).get("metadata", {}).get("pack", ()))


def running_document() -> Path | None:
    """The `.qmd` that the running render executes; none elsewhere."""
    path = _told().get("document-path")
    return Path(path) if path else None


def _told() -> dict[str, Any]:
    """What a renderer tells a running cell of its document; nothing where none runs."""
    file = os.environ.get(EXECUTE_INFO)
    told: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8")) if file else {}
    return told


def _marked(name: str, start: str, digits: int) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:digits]
    return "-".join(part for part in (start[:_LONGEST].strip("-"), digest) if part)
