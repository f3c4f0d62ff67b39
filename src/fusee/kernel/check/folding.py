"""Evaluates expressions that mention static values only in one go.

Without this every check would walk through them node by node, thousands of times for a body that
is specialised thousands of times. What is not certain to be the same is left to the rules.
"""

from __future__ import annotations

import ast
from types import CodeType, FunctionType
from typing import Any

from fusee.kernel import lang
from fusee.kernel.plain import Plain
from fusee.kernel.pointer import Fn
from fusee.kernel.tree.functions import Variable

FOLDED = (ast.Call, ast.Compare, ast.Attribute, ast.Subscript, ast.BinOp, ast.BoolOp, ast.UnaryOp)
_ALLOWED = (
    *FOLDED, ast.Name, ast.Constant, ast.Tuple, ast.Load,
    ast.cmpop, ast.boolop, ast.operator, ast.unaryop,
)  # fmt: skip
_TARGET_FACTS = (lang.size_of, lang.offset_of)  # which un-compiled run for the target while it is entered
_MISSING = object()


class Plan(Plain, frozen=True):
    """An expression compiled by Python, and what must be static for its use."""

    code: CodeType
    names: tuple[str, ...]
    called: frozenset[str]


class Folding:
    """The plans of all expressions met."""

    def __init__(self) -> None:
        self._plans: dict[ast.expr, Any] = {}  # a `Plan`, or None: never static
        self._callable: dict[int, tuple[Any, bool]] = {}

    def evaluate(
        self, node: ast.expr, statics: dict[str, Any], variables: dict[str, Variable], namespace: dict[str, Any]
    ) -> Any:
        """The value of an expression of static values, or `NotImplemented`."""
        plan = self._plans.get(node, _MISSING)
        if plan is None:
            return NotImplemented
        if plan is _MISSING:
            plan = self._plans[node] = _make_plan(node)
            if plan is None:
                return NotImplemented
        for name in plan.names:
            if name in statics:
                continue
            if name in variables:
                if variables[name].is_parameter:  # of every specialisation: never ask again
                    self._plans[node] = None
                return NotImplemented
            if name not in namespace:
                return NotImplemented
        for name in plan.called:
            if not self._is_python(statics[name] if name in statics else namespace[name]):
                return NotImplemented
        try:
            return eval(plan.code, namespace, statics)
        except Exception:  # the rules find it again, and say where
            return NotImplemented

    def _is_python(self, function: Any) -> bool:
        """Whether calling this is a matter of Python and means the same at compile time."""
        known = self._callable.get(id(function))
        if known is None:
            plain = isinstance(getattr(function, "__wrapped__", function), FunctionType)  # or a cached one
            of_lang = getattr(lang, getattr(function, "__name__", ""), None) is function
            decided = function in _TARGET_FACTS if of_lang else plain and not isinstance(function, Fn)
            known = self._callable[id(function)] = function, decided
        return known[1]


def _make_plan(node: ast.expr) -> Plan | None:
    if not isinstance(node, FOLDED):
        return None
    names: list[str] = []
    called: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            names.append(part.id)
        elif isinstance(part, ast.Call):
            if not isinstance(part.func, ast.Name) or part.keywords:
                return None
            called.add(part.func.id)
        elif not isinstance(part, _ALLOWED):
            return None
    code = compile(ast.Expression(node), "<static>", "eval")
    return Plan(code, tuple(dict.fromkeys(names)), frozenset(called))
