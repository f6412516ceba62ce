"""What the files of a pack are called: the renderer writes them, the index links to them.

A pack is one folder: `index.html`, `index.pdf`, `executive.html`, …, `campaign-<slug>.html`,
`exports/`. `mktorch.render` names each file it writes by `document_file`, and the index (section
`pack_contents`) each file it links to.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from mktorch.display.escape import slug

CAMPAIGN = "campaign"  # the document that is made once for each campaign
ONCE = ("executive", "experiments", "governance")  # those made once, in the order of reading
EXPORTS = "exports"  # the folder of the tables as files
WORKBOOK = "tables.xlsx"  # all of them in one workbook, in that folder

_LONGEST = 60  # letters of a slug: a folder's path must bear the name too
_MARKED = re.compile(r"-[0-9a-f]{10}$")


def document_file(name: str, form: str, campaign: str = "", campaigns: Iterable[str] = ()) -> str:
    """The file a document is written to; `campaigns` are all the ids that must stay apart.

    >>> document_file("index", "html"), document_file("campaign", "pdf", "CAMP_001")
    ('index.html', 'campaign-camp-001.pdf')
    """
    if not campaign:
        return f"{name}.{form}"
    return f"{name}-{campaign_slugs({*campaigns, campaign})[campaign]}.{form}"


def campaign_slugs(campaigns: Iterable[str]) -> dict[str, str]:
    """Each campaign's id as a part of a file name, all of them different.

    An id that shares its slug with another, has none, or has one too long bears ten digits of its
    SHA-256; so does one whose slug only looks as if it did.

    >>> campaign_slugs(["A 1", "a-1", "B"])
    {'A 1': 'a-1-937bb40e81', 'B': 'b', 'a-1': 'a-1-2f8fe63a62'}
    """
    plain = {campaign: slug(campaign) for campaign in sorted(set(campaigns))}
    held = Counter(plain.values())

    def told_apart(campaign: str, name: str) -> str:
        if name and held[name] == 1 and len(name) <= _LONGEST and not _MARKED.search(name):
            return name
        mark = hashlib.sha256(campaign.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        return "-".join(filter(None, (name[:_LONGEST].strip("-"), mark)))

    return {campaign: told_apart(campaign, name) for campaign, name in plain.items()}
