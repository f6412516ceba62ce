"""Which pages a pack has: every document once, one for each campaign with most at stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mktorch.display import escape
from mktorch.display.documents import deep_dives
from mktorch.display.files import PER_CAMPAIGN, dive_names
from mktorch.display.resources import reports_dir
from mktorch.render.errors import RenderError
from mktorch.render.qmd import title_of
from mktorch.runs import Run
from mktorch.words import held_names


@dataclass(frozen=True)
class Page:
    """One document for the whole run (`campaign` is empty) or for one campaign.

    `name` is its files' without their ending; `metadata` says what sets it apart from other pages.
    """

    document: str
    name: str
    campaign: str
    parameters: Mapping[str, str]
    metadata: Mapping[str, str]


def documents() -> tuple[str, ...]:
    """The names of the documents in `reports/`, in order."""
    return tuple(sorted(p.stem for p in reports_dir().glob("[!_]*.qmd")))


def pages(
    run: Run, wanted: Sequence[str] | None = None, asked: Sequence[str] = ()
) -> tuple[Page, ...]:
    """The pages to render, those of the whole run first.

    `wanted` names documents, by default all of them; `asked` campaigns, whose deep dives are made
    beside those with most at stake, or alone where no document is named.

    Raises
    ------
    RenderError
        For a document that `reports/` or a campaign that the run does not hold.
    """
    known, names = documents(), dive_names(run.tables["campaigns"]["campaign_id"])
    chosen = tuple(dict.fromkeys(wanted or (() if asked else known)))
    for name in chosen:
        if name not in known:
            raise RenderError(f"there is no document {name!r}; there are: {', '.join(known)}")
    for campaign in asked:
        if campaign not in names:
            raise RenderError(
                f"campaign {campaign!r} is not in run {run.run_id}; {held_names(campaign, names)}"
            )
    dives = {*asked, *(deep_dives(run) if PER_CAMPAIGN in chosen else ())}
    return (
        *(_page(run, name, name, "") for name in chosen if name != PER_CAMPAIGN),
        *(_page(run, PER_CAMPAIGN, names[one], one) for one in sorted(dives)),
    )


def _page(run: Run, document: str, name: str, campaign: str) -> Page:
    scope = campaign or run.manifest.campaign_id
    return Page(
        document,
        name,
        campaign,
        parameters={"run_path": str(run.path.resolve())}
        | ({"campaign": campaign} if campaign else {}),
        metadata=_about(run, document, scope) if scope else {},
    )


def _about(run: Run, document: str, campaign: str) -> Mapping[str, str]:
    """What a page about one campaign is called: under its title, and in tabs and running titles.

    pandoc reads metadata as Markdown, in which a name must not act.
    """
    names = dict(run.tables["campaigns"].select("campaign_id", "name").rows())
    called = escape.markdown(names.get(campaign) or campaign)
    title = title_of(reports_dir() / f"{document}.qmd")
    return {"subtitle": called, "pagetitle": f"{title}: {called}" if title else called}
