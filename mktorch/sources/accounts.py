"""Ids that two accounts share: told apart by `account_id`, or named where it is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl

from mktorch.sources.checks import Check
from mktorch.sources.raw import RawSource
from mktorch.sources.rules import Rule
from mktorch.sources.schemas import ForeignKey, SourceSpec
from mktorch.vocab import Source

ACCOUNT = "account_id"
OWNERS = {
    Source.CAMPAIGNS: "campaign_id",
    Source.CREATIVE_ASSETS: "asset_id",
    Source.EXPERIMENTS: "experiment_id",
}
"""Sources whose rows an account owns, and their ids."""


def qualified(
    raw: Mapping[Source, RawSource],
) -> tuple[dict[Source, RawSource], dict[Source, pl.DataFrame]]:
    """Sources with the ids that two accounts share written as `account/id`, wherever a row says of
    which account it is; and those ids (columns id, reason) by the source that owns them."""
    shared = {owner: _shared(raw[owner].frame, key) for owner, key in OWNERS.items()}
    if not any(frame.height for frame in shared.values()):
        return dict(raw), shared
    return {
        source: replace(own, frame=_renamed(own, shared)) if ACCOUNT in own.frame.columns else own
        for source, own in raw.items()
    }, shared


def _shared(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """Ids that rows of more than one account have, with the reason why a bare one names none."""
    if ACCOUNT not in frame.columns:
        return pl.DataFrame(schema={"id": pl.String, "reason": pl.String})
    return (
        frame.select(key, ACCOUNT)
        .drop_nulls()
        .unique()
        .sort(key, ACCOUNT)
        .group_by(key, maintain_order=True)
        .agg(ACCOUNT)
        .filter(pl.col(ACCOUNT).list.len() > 1)
        .select(
            pl.col(key).alias("id"),
            pl.format(
                "the accounts {} have such an id; write account_id beside it",
                pl.col(ACCOUNT).list.join(" and "),
            ).alias("reason"),
        )
    )


def _renamed(own: RawSource, shared: Mapping[Source, pl.DataFrame]) -> pl.DataFrame:
    columns = {key.column: key.parent for key in own.spec.foreign_keys if key.parent in shared}
    if own.spec.source in OWNERS:
        columns[OWNERS[own.spec.source]] = own.spec.source
    frame = own.frame
    for name, owner in columns.items():
        if ids := shared[owner]["id"].to_list():
            frame = frame.with_columns(_qualified(frame, name, ids))
    return frame


def _qualified(frame: pl.DataFrame, name: str, shared: list[str]) -> pl.Series:
    """A column of ids, or of lists of them, with the shared ones as `account/id`."""
    qualified = (
        pl.when(pl.col(name).is_in(shared) & pl.col(ACCOUNT).is_not_null())
        .then(pl.format("{}/{}", ACCOUNT, name))
        .otherwise(name)
        .alias(name)
    )
    ids = frame.select(name, ACCOUNT)
    if ids.schema[name] == pl.String:
        return ids.select(qualified).to_series()
    each = ids.with_row_index("_at").explode(name, empty_as_null=True).with_columns(qualified)
    lists = each.group_by("_at", maintain_order=True).agg(name)[name]
    return lists.zip_with((ids[name].list.len() > 0).fill_null(value=False), ids[name])


def account_checks(spec: SourceSpec, frames: Mapping[Source, pl.DataFrame]) -> Iterator[Check]:
    """A row of one account names what another account owns, or nobody says which of them does."""
    for key in spec.foreign_keys:
        if ACCOUNT not in spec.columns or key.parent not in OWNERS or key.parent not in frames:
            continue
        owners = frames[key.parent]
        told = pl.col(ACCOUNT) if ACCOUNT in owners.columns else pl.lit(None, pl.String)
        owner = owners.select(id=pl.col(key.parent_column), account=told)
        owner = owner.drop_nulls("id").unique("id", keep="first")
        if spec.dtypes[key.column] != pl.String:
            yield _foreign(key, owner)
            continue
        named = pl.col(key.column)
        account = named.replace_strict(
            owner["id"], owner["account"], default=None, return_dtype=pl.String
        )
        own = pl.col(ACCOUNT)
        several = account.is_null() & (own.drop_nulls().n_unique().over(key.column) > 1)
        two = pl.format("account {} has it in {}, and {} here", account, pl.lit(key.parent), own)
        both = (
            pl.when(account.is_null())
            .then(pl.format("several accounts have it here, {} among them", own))
            .otherwise(two)
        )
        broken = own.is_not_null() & named.is_not_null() & ((account != own) | several)
        message = pl.format(
            "{} '{}': {}; write account_id in both files, beside an id that each account has",
            pl.lit(key.column), named, both,
        )  # fmt: skip
        yield Check(Rule.ACCOUNT_CLASH, key.column, broken, message, named)


def _foreign(key: ForeignKey, owner: pl.DataFrame) -> Check:
    """A list of a row of one account names what another account owns."""
    named, own = pl.col(key.column), pl.col(ACCOUNT)
    others = named.list.eval(
        pl.element().replace_strict(
            owner["id"], owner["account"], default=None, return_dtype=pl.String
        )
    ).list.set_difference(pl.concat_list(own))
    other = others.list.drop_nulls()
    message = pl.format(
        "{} names what account {} has in {}, and the row is of account {}; write account_id in "
        "both files, beside an id that each account has",
        pl.lit(key.column), other.list.join(" and "), pl.lit(key.parent), own,
    )  # fmt: skip
    broken = own.is_not_null() & (other.list.len() > 0)
    return Check(Rule.ACCOUNT_CLASH, key.column, broken, message, named.list.join(", "))
