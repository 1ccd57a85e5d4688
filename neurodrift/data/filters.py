"""Trial filters: comparisons of trial columns, parsed and never evaluated as code."""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodrift.errors import NeurodriftError

__all__ = ["parse_filter"]

Mask = npt.NDArray[np.bool_]
Filter = Callable[[pd.DataFrame], Mask]

COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
REMEDY = "Compare trial columns, with and, or, not, in: such as `is_success == True and block in [0, 1]`."


def parse_filter(text: str) -> Filter:
    """A filter such as `result == "R" and block in [0, 1]` as a function: n trials -> mask (n,).

    Raises:
        NeurodriftError: here, where the text is not a comparison; in the function, where a column is unknown,
            holds arrays, or is compared with another kind of thing.
    """
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise NeurodriftError(f"trial filter {text!r} cannot be parsed ({reason}). {REMEDY}") from None
    return _condition(body, text)


def _refuse(node: ast.AST, text: str) -> NeurodriftError:
    part = ast.get_source_segment(text.strip(), node) or text
    if isinstance(node, ast.Name):
        return NeurodriftError(
            f"trial filter {text!r}: `{part}` is a column, not a comparison. Write, say, `{part} == True`."
        )
    return NeurodriftError(f"trial filter {text!r}: `{part}` is not a comparison of trial columns. {REMEDY}")


def _condition(node: ast.AST, text: str) -> Filter:
    if isinstance(node, ast.BoolOp):
        parts = [_condition(value, text) for value in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return lambda trials: np.asarray(join.reduce([part(trials) for part in parts]), bool)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _condition(node.operand, text)
        return lambda trials: ~inner(trials)
    if not isinstance(node, ast.Compare):
        raise _refuse(node, text)
    sides = [node.left, *node.comparators]
    if not any(isinstance(side, ast.Name) for side in sides):
        raise NeurodriftError(f"trial filter {text!r} names no trial column. {REMEDY}")
    links = [_link(*link, text) for link in zip(sides[:-1], node.ops, sides[1:], strict=True)]
    return lambda trials: np.asarray(np.logical_and.reduce([link(trials) for link in links]), bool)


def _link(left: ast.expr, op: ast.cmpop, right: ast.expr, text: str) -> Filter:
    first, second = _operand(left, text), _operand(right, text)
    if isinstance(op, (ast.In, ast.NotIn)):
        if not isinstance(right, (ast.List, ast.Tuple)):
            raise NeurodriftError(f"trial filter {text!r}: `in` needs a list, such as `block in [0, 1]`.")

        def member(trials: pd.DataFrame) -> Mask:
            value, choices = first(trials), second(trials)
            hits = [_compare(operator.eq, value, choice, len(trials), text) for choice in choices]
            mask = np.logical_or.reduce(hits) if hits else np.zeros(len(trials), bool)
            return ~mask if isinstance(op, ast.NotIn) else np.asarray(mask)

        return member
    if (
        type(op) not in COMPARE
        or isinstance(left, (ast.List, ast.Tuple))
        or isinstance(right, (ast.List, ast.Tuple))
    ):
        raise NeurodriftError(f"trial filter {text!r}: this comparison is not known. {REMEDY}")
    compare = COMPARE[type(op)]
    return lambda trials: _compare(compare, first(trials), second(trials), len(trials), text)


def _operand(node: ast.expr, text: str) -> Callable[[pd.DataFrame], Any]:
    if isinstance(node, ast.Name):
        return lambda trials: _column(trials, node.id, text)
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        raise _refuse(node, text) from None
    items = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(item, (bool, int, float, str)) for item in items):
        raise NeurodriftError(f"trial filter {text!r}: compare with numbers, text, True or False. {REMEDY}")
    return lambda trials: value


def _column(trials: pd.DataFrame, name: str, text: str) -> pd.Series:
    if name not in trials.columns:
        near = difflib.get_close_matches(name, [str(column) for column in trials.columns], 1, 0.5)
        raise NeurodriftError(
            f"trial filter {text!r}: the trials have no column {name!r}"
            f"{f'; did you mean {near[0]!r}?' if near else '.'} "
            f"They have {', '.join(map(str, trials.columns))}."
        )
    column = trials[name]
    if column.dtype == object and any(isinstance(cell, (list, tuple, np.ndarray)) for cell in column):
        raise NeurodriftError(f"trial filter {text!r}: column {name!r} holds arrays and cannot be compared.")
    return column


def _is_text(value: Any) -> bool:
    if not isinstance(value, pd.Series):
        return isinstance(value, str)
    return bool(len(value)) and not (
        pd.api.types.is_numeric_dtype(value) or pd.api.types.is_bool_dtype(value)
    )


def _compare(compare: Callable[[Any, Any], Any], first: Any, second: Any, n: int, text: str) -> Mask:
    if n and _is_text(first) != _is_text(second):
        column = first if isinstance(first, pd.Series) else second
        kind = "text" if _is_text(column) else str(column.dtype)
        few = ", ".join(repr(item) for item in pd.unique(column)[:4].tolist())
        other = second if column is first else first
        what = repr(other.name) if isinstance(other, pd.Series) else repr(other)
        raise NeurodriftError(
            f"trial filter {text!r}: column {column.name!r} is {kind} ({few}) "
            f"and cannot be compared with {what}. Write the value as the column holds it."
        )
    return np.broadcast_to(np.asarray(compare(first, second), bool), (n,)).copy()
