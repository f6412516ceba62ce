"""Arithmetic as it is declared: worked out in numbers, and written with them in place of names.

A formula is of names (columns, or settings with a dot), numbers, `+ - * /`, `min`, `max`, `cents`
(rounded down to hundredths), `x or 0` for what may be missing, and a choice by a word:
`x if kind == "cost" else y`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache
from math import floor, isfinite
from typing import Any

__all__ = ["chosen", "in_numbers", "names", "worked_out"]

Values = Mapping[str, Any]

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALLS: Mapping[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "cents": lambda amount: floor(round(amount * 1_000_000) / 10_000) / 100,
}


@cache
def _parsed(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def names(formula: str) -> tuple[str, ...]:
    """What a formula is of, each name once.

    >>> names("cents(spend * rules.share) if kind == 'a' else spend")
    ('kind', 'spend', 'rules.share')
    """

    def held(node: ast.AST) -> list[str]:
        if isinstance(node, ast.Name | ast.Attribute):
            return [ast.unparse(node)]
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        return [name for part in parts for name in held(part)]

    return tuple(dict.fromkeys(held(_parsed(formula))))


def worked_out(formula: str, values: Values) -> float | None:
    """What a formula gives; null where a value is missing or there is nothing to divide by.

    >>> worked_out("value / spend - 1", {"value": 3, "spend": 2})
    0.5
    """

    def of(node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name() | ast.Attribute():
                return values[ast.unparse(node)]
            case ast.UnaryOp(operand=operand):
                return -of(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](of(left), of(right))
            case ast.Call(func=func, args=args):
                return _CALLS[ast.unparse(func)](*map(of, args))
            case ast.IfExp() | ast.BoolOp():
                return of(_chosen(node, values))
        raise ValueError(f"not arithmetic: {ast.unparse(node)}")

    try:
        found = of(_parsed(formula))
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    known = isinstance(found, int | float) and isfinite(found)
    return float(found) if known else None


def in_numbers(formula: str, values: Values, shown: Callable[[Any], str]) -> str:
    """The formula with values in place of names, and with the choice that was made.

    >>> in_numbers("a / b if way == 'x' else b", {"a": 1234, "b": 2, "way": "x"}, "{:,}".format)
    '1,234 / 2'
    """

    class Filled(ast.NodeTransformer):
        def visit_IfExp(self, node: ast.IfExp | ast.BoolOp) -> ast.expr:
            made: ast.expr = self.visit(_chosen(node, values))
            return made

        def visit_Call(self, node: ast.Call) -> ast.expr:
            return ast.Call(node.func, [self.visit(each) for each in node.args], [])

        def visit_Name(self, node: ast.expr) -> ast.expr:
            return ast.Name(shown(values[ast.unparse(node)]))

        visit_Attribute = visit_Name  # noqa: N815
        visit_BoolOp = visit_IfExp  # noqa: N815

    return ast.unparse(Filled().visit(_copy(formula)))


def chosen(formula: str, values: Values) -> str:
    """The formula as it applies: of a choice the branch that was taken.

    >>> chosen("a / b if way == 'x' else b", {"way": "y"})
    'b'
    """
    held = _parsed(formula)
    return ast.unparse(_chosen(held, values) if isinstance(held, ast.IfExp) else held)


def _copy(formula: str) -> ast.expr:
    """The formula's tree, for a visitor that changes it."""
    return ast.parse(formula, mode="eval").body


def _chosen(node: ast.IfExp | ast.BoolOp, values: Values) -> ast.expr:
    """The branch that the word asks for; of `x or 0` what is there."""
    if isinstance(node, ast.BoolOp):
        known = values[ast.unparse(node.values[0])] is not None
        return node.values[0] if known else node.values[1]
    test = node.test
    if not isinstance(test, ast.Compare) or not isinstance(test.comparators[0], ast.Constant):
        raise ValueError(f"not a choice by a word: {ast.unparse(test)}")
    alike = values[ast.unparse(test.left)] == test.comparators[0].value
    return node.body if alike else node.orelse
