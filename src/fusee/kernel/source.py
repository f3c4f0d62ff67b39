"""Finds the syntax tree of a decorated function; each file is parsed once."""

from __future__ import annotations

import ast
import linecache
from functools import cache
from types import FunctionType

_STATEMENTS = ("body", "orelse", "handlers", "finalbody", "cases")
"""Where statements have others in them."""


@cache
def _functions_by_line(file: str) -> dict[int, ast.FunctionDef]:
    """Every function of a file by the line where it starts: its first decorator's."""
    tree = ast.parse("".join(linecache.getlines(file)), file)
    found: dict[int, ast.FunctionDef] = {}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef):
            found[min([node.lineno, *(d.lineno for d in node.decorator_list)])] = node
        for part in _STATEMENTS:  # `ast.walk` looks through all expressions, too, for ten times as long
            waiting += getattr(node, part, ())
    return found


def source_file(function: FunctionType) -> str:
    return function.__code__.co_filename


def syntax_of(function: FunctionType) -> ast.FunctionDef:
    """The definition of `function`; raises `OSError` if its source cannot be read."""
    file = source_file(function)
    definition = _functions_by_line(file).get(function.__code__.co_firstlineno)
    if definition is None or definition.name != function.__name__:
        raise OSError(f"the source of {function.__qualname__} is not in {file}")
    return definition
