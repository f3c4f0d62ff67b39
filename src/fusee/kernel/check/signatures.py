"""What kernels declare: their parameters, and which of them are static."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from fusee.kernel.declare import STATIC
from fusee.kernel.diagnostic import CompileError, span_of
from fusee.kernel.plain import Plain
from fusee.kernel.source import source_file, syntax_of


class Signature(Plain, frozen=True):
    """A kernel's parameters as declared; types of generic ones depend on the static arguments."""

    order: tuple[str, ...]
    annotations: dict[str, Any]  # of parameters at run time
    statics: dict[str, Any]
    result: Any


def read_signature(function: FunctionType) -> Signature:
    hints = get_type_hints(function, include_extras=True)
    code = function.__code__
    order = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    syntax = syntax_of(function)
    if function.__defaults__ or function.__kwdefaults__ or syntax.args.vararg or syntax.args.kwarg:
        where = span_of(source_file(function), syntax.args.defaults[0] if syntax.args.defaults else syntax)
        raise CompileError("a kernel has neither default values nor `*` parameters", where)
    annotations: dict[str, Any] = {}
    statics: dict[str, Any] = {}
    for name in order:
        if name not in hints:
            where = span_of(source_file(function), parameter_node(syntax, name))
            raise CompileError(f"`{name}` has no type", where, f"write `{name}: u32`")
        hint = hints[name]
        is_static = get_origin(hint) is Annotated and STATIC in get_args(hint)
        (statics if is_static else annotations)[name] = get_args(hint)[0] if is_static else hint
    if "return" not in hints:
        where = span_of(source_file(function), syntax)
        raise CompileError(f"`{function.__name__}` does not say what it returns", where, "write `-> None` or a type")
    return Signature(tuple(order), annotations, statics, hints["return"])


def type_arguments(signature: Signature, given: dict[str, Any]) -> dict[TypeVar, Any]:
    """What the type variables of a generic kernel stand for: `t: Static[type[T]]`."""
    found: dict[TypeVar, Any] = {}
    for name, annotation in signature.statics.items():
        parameters = get_args(annotation)
        if get_origin(annotation) is type and parameters and isinstance(parameters[0], TypeVar):
            found[parameters[0]] = given[name]
    return found


def parameter_node(syntax: ast.FunctionDef, name: str) -> ast.AST:
    for argument in [*syntax.args.args, *syntax.args.kwonlyargs]:
        if argument.arg == name:
            return argument
    return syntax


def annotation_node(syntax: ast.FunctionDef, name: str) -> ast.AST:
    argument = parameter_node(syntax, name)
    return getattr(argument, "annotation", None) or argument
