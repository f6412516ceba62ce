"""What has a name of its own: recommendation, verdict and its grounds, gate, risk, KPI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from mktorch import catalog
from mktorch.analysis.experiments.terms import Gate
from mktorch.config.experiment_rules import Inference
from mktorch.config.narrative_rules import IN_MONEY, Ground
from mktorch.display.sections.context import locale_of
from mktorch.display.trace import Figure, address
from mktorch.explain.rows import indexed, made_of, own_rows
from mktorch.explain.sums import comes_to, equation, stated
from mktorch.explain.told import Made
from mktorch.explain.words import in_a_sum
from mktorch.formulas import chosen, in_numbers, names, worked_out
from mktorch.kpis import LABELS
from mktorch.narrative.grounds import GROUNDS, spend
from mktorch.recommend import RULES
from mktorch.recommend.amounts import AMOUNTS, columns_of
from mktorch.recommend.settings import Role
from mktorch.runs import Run
from mktorch.vocab import Standing

_RULES = {rule.id: rule for rule in RULES}
_WORST = ("critical", "attention", "watch")
# Gate -> how its value is set against its threshold where the gate lets pass.
_GATES = {
    Gate.SETUP: "<=",
    Gate.ALLOCATION: ">=",
    Gate.SAMPLE: ">=",
    Gate.SIGNIFICANCE: "<",
    Gate.LIFT: ">=",
}
# Table of a ground's rows -> the columns that say what was found.
_FOUND = {
    "budget_moves": ("age_days", "amount"),
    "campaign_analysis": ("total_spend", "roas"),
    "kpis": ("value", "standing"),
    "policy_violations": ("kind", "money"),
    "risk_inbox": ("severity", "exposure"),
    "set_aside_total": ("spend_share", "rows_share"),
}


class Subject(NamedTuple):
    """What a name stands for: a figure of the run, its sums in numbers, the rows it rests on."""

    figure: Figure
    worked: tuple[str, ...] = ()
    made: tuple[Made, ...] | None = None


def subject(run: Run, name: str) -> Subject | None:
    """What bears this name in the run, or None."""
    return next((found for kind in _KINDS if (found := kind(run, name))), None)


def known(run: Run) -> Iterator[str]:
    """Every name that `subject` knows."""
    yield "verdict"
    yield from GROUNDS
    held = (("kpis", "kpi"), ("recommendation_candidates", "recommendation_id"))
    for table, column in (*held, ("risk_inbox", "id"), ("experiment_gates", "experiment_id")):
        yield from run.tables[table][column].unique().sort() if table in run.tables else ()


def _row(run: Run, table: str, **key: str) -> Mapping[str, Any] | None:
    found = own_rows(run.tables[table], key) if table in run.tables else pl.DataFrame()
    return found.row(0, named=True) if found.height else None


def _figure(table: str, column: str, row: Mapping[str, Any], label: str, text: str) -> Figure:
    keys = {name: row[name] for name in catalog.key(table) or ()}
    found = catalog.definition(table, column, str(next(iter(keys.values()), "")))
    return Figure(
        id=address(table, column, *keys.values()),
        block=table,
        column=column,
        label=label,
        text=text,
        defined=((table, column, found),) if found else (),
        row=keys,
        value=row[column],
    )


def _kpi(run: Run, name: str) -> Subject | None:
    row = _row(run, "kpis", kpi=name)
    if row is None:
        return None
    text = in_a_sum(row["value"]) if row["value"] is not None else "n/a"
    worked = [] if row["attainment"] is None else [_attained(row)]
    return Subject(
        _figure("kpis", "value", row, LABELS[name], f"{text}, {row['standing']}"), tuple(worked)
    )


def _attained(row: Mapping[str, Any]) -> str:
    value, target, attained = row["value"], row["target"], row["attainment"]
    tries = (("value / target", value, target), ("target / value", target, value))
    for words, top, bottom in tries if row["better"] == "up" else reversed(tries):
        if bottom and comes_to(top / bottom, attained):
            return (
                f"attainment, {words}: {in_a_sum(top)} / {in_a_sum(bottom)} = {in_a_sum(attained)}"
            )
    return f"attainment of {in_a_sum(value)} against {in_a_sum(target)}: {in_a_sum(attained)}"


def _recommendation(run: Run, name: str) -> Subject | None:
    row = _row(run, "recommendation_candidates", recommendation_id=name)
    if row is None:
        return None
    stands = row["standing"] == Standing.STANDS
    text = row["standing"] if stands else f"{row['standing']}: {row['standing_reason']}"
    worked = (*_conditions(row), *_amounts(run, row))
    figure = _figure("recommendation_candidates", "stake", row, row["description"], text)
    return Subject(figure, worked)


def _conditions(row: Mapping[str, Any]) -> Iterator[str]:
    """Each condition with the fact that meets it and the setting it is set against."""
    facts = {fact["fact"]: fact for fact in row["evidence"]}
    for held in row["thresholds"]:
        fact = facts.get(held["column"])
        if held["role"] != Role.CONDITION or fact is None:
            continue
        value = fact["word"] if fact["number"] is None else in_a_sum(fact["number"])
        number, words = held["number"], ", ".join(held["words"] or ())
        limit = words if number is None else in_a_sum(number)
        setting = f" ({held['name']})" if held["name"] else ""
        yield f"{held['column'].replace('_', ' ')}: {value} {held['compare']} {limit}{setting}"


def _amounts(run: Run, row: Mapping[str, Any]) -> Iterator[str]:
    """The money at stake and of the impact, each from facts and settings, parts before wholes."""
    rule = _RULES.get(row["rule_id"])
    if rule is None:
        return
    facts = {f["fact"]: f["word"] if f["number"] is None else f["number"] for f in row["evidence"]}
    origins = {f["fact"]: f"{f['table']}.{f['column']}" for f in row["evidence"]}
    told: dict[str, str] = {}
    value = _valued(run, AMOUNTS.get(rule.view, {}), facts, told)
    held: dict[str, list[str]] = {}
    for amount, column in columns_of(rule):
        if row[amount] is not None and comes_to(value(column), row[amount]):
            held.setdefault(column, []).append(amount.replace("_", " "))
            told.setdefault(column, f"{origins.get(column, column)} = {in_a_sum(row[amount])}")
    for column, line in told.items():
        yield f"{', '.join(held.get(column, [column.replace('_', ' ')]))}: {line}"


def _valued(
    run: Run, formulas: Mapping[str, str], facts: Mapping[str, Any], told: dict[str, str]
) -> Callable[[str], Any]:
    """The value of a fact, setting or amount by its name; amounts are `told` in numbers."""

    def value(name: str) -> Any:
        if name in facts or name not in formulas:
            return stated(run, name, facts)
        formula = formulas[name]
        values = {part: value(part) for part in names(formula)}
        found = worked_out(formula, values)
        if found is not None and name not in told:
            said = in_numbers(formula, values, in_a_sum)
            told[name] = equation(chosen(formula, values), said, found)
        return found

    return value


def _risk(run: Run, name: str) -> Subject | None:
    row = _row(run, "risk_inbox", id=name)
    if row is None:
        return None
    label = f"{row['risk_type'].replace('_', ' ')} in {row['campaign_id']}"
    text = f"{row['severity']}, {row['status']}, {in_a_sum(row['exposure'])} at stake"
    return Subject(_figure("risk_inbox", "exposure", row, label, text))


def _gates(run: Run, name: str) -> Subject | None:
    """The gates of an experiment, or one of them as `EXP_001.sample`."""
    if "experiment_gates" not in run.tables:
        return None
    experiment, _, gate = name.rpartition(".") if name.endswith(tuple(_GATES)) else (name, "", "")
    held = indexed(run, "experiment_gates").filter(experiment_id=experiment)
    held = held.filter(gate=gate) if gate else held
    if held.is_empty():
        return None
    bayesian = run.config.experiment_rules.inference == Inference.BAYESIAN
    compared = {**_GATES, Gate.SIGNIFICANCE: ">="} if bayesian else _GATES
    worked = tuple(_walked(each, compared[each["gate"]]) for each in held.iter_rows(named=True))
    row = held.row(0, named=True)
    figure = _figure("experiment_gates", "value", row, f"gates of {experiment}", _decided(run, row))
    return Subject(figure, worked, (_made(run, "experiment_gates", ("value", "passed"), held),))


def _walked(row: Mapping[str, Any], compare: str) -> str:
    passed = {True: "passed", False: "not passed", None: "not evaluated"}[row["passed"]]
    value = "n/a" if row["value"] is None else in_a_sum(row["value"])
    note = f" ({row['note']})" if row["note"] else ""
    limit, gate = in_a_sum(row["threshold"]), row["gate"].replace("_", " ")
    return f"{row['variant_asset']}, {gate}: {value} {compare} {limit}: {passed}{note}"


def _decided(run: Run, row: Mapping[str, Any]) -> str:
    key = {name: row[name] for name in ("experiment_id", "variant_asset")}
    told = _row(run, "experiment_evaluations", **key) or {}
    return f"{told.get('recommendation')}. {told.get('rule')}"


def _verdict(run: Run, name: str) -> Subject | None:
    row = _row(run, "verdict") if name == "verdict" else None
    if row is None:
        return None
    grounds = run.tables["verdict_grounds"].sort("order").rows(named=True)
    worked = tuple(line for ground in grounds for line in _called(ground))
    figure = _figure("verdict", "verdict", row, "Verdict", row["headline"])
    return Subject(figure, worked)


def _ground(run: Run, name: str) -> Subject | None:
    row = _row(run, "verdict_grounds", ground=name)
    if row is None or name not in GROUNDS:
        return None
    basis = GROUNDS[Ground(name)]
    figure = _figure(
        "verdict_grounds", "value", row, name.replace("_", " "), row["sentence"] or "none"
    )
    if row["value"] is None:
        return Subject(figure, (row["reason"],))
    found = basis.find(run.tables, locale_of(run))
    worked = [f"found: {each}" for each in row["names"]]
    if row["money"] is not None:
        parts = " + ".join(map(in_a_sum, found["money"].drop_nulls()))
        worked.append(f"money: {parts} = {in_a_sum(row['money'])}")
        spent = spend(run.tables, current=basis.current)
        if spent and comes_to(min(row["money"] / spent, 1.0), row["share"]):
            whole = f"min({in_a_sum(row['money'])} / {in_a_sum(spent)}, 1)"
            worked.append(f"share of spend: {whole} = {in_a_sum(row['share'])}")
    table = basis.needs[0]
    keys = [key for key in catalog.key(table) or () if key in found.columns]
    rows = indexed(run, table)
    rows = rows.join(found, on=keys, how="semi") if keys else rows.head(found.height)
    made = _made(run, table, _FOUND[table], rows)
    return Subject(figure, (*worked, *_called(row)), (made,) if rows.height else ())


def _called(row: Mapping[str, Any]) -> Iterator[str]:
    """What a ground calls for, and the limits that its number or share is set against."""
    if row["value"] is None:
        yield f"{row['ground'].replace('_', ' ')}: {row['reason']}"
        return
    by_share = row["ground"] in IN_MONEY
    measure = in_a_sum(row["share"] or 0.0) if by_share else in_a_sum(row["value"])
    limits = [
        f"{word.upper()} from {in_a_sum(row[f'{word}_from'])}"
        for word in _WORST
        if row[f"{word}_from"] is not None
    ]
    of = "of spend" if by_share else "found"
    calls = f"{measure} {of}, {', '.join(limits)}: {row['verdict']}"
    yield f"{row['ground'].replace('_', ' ')}: {calls if row['value'] else 'none found: ON TRACK'}"


def _made(run: Run, table: str, columns: tuple[str, ...], rows: pl.DataFrame) -> Made:
    first = next(iter(catalog.key(table) or ()), "")
    defined = [
        (table, found, part)
        for column in columns
        for part in (rows.partition_by(first) if first else [rows])
        if (found := catalog.definition(table, column, str(part[first][0]) if first else ""))
    ]
    words = tuple(dict.fromkeys(found.words for _, found, _ in defined))
    return Made(table=table, columns=columns, rows=rows, words=words, made=made_of(run, defined))


_KINDS: tuple[Callable[[Run, str], Subject | None], ...] = (
    _verdict,
    _ground,
    _kpi,
    _recommendation,
    _risk,
    _gates,
)
