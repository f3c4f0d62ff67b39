"""Static values: what is known while a kernel is compiled, and how a specialisation is named after it."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Mapping
from typing import Any

from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.plain import Plain
from fusee.kernel.tree.expressions import Node

try:
    from _sha1 import sha1  # type: ignore[import-not-found]  # where CPython has its own, which takes less to load
except ImportError:
    from hashlib import sha1


class Static(Plain):
    """The result of an expression that is known at compile time."""

    value: Any


Value = Node | Static


class NotDescribable(TypeError):
    """A static argument by which no symbol can be named."""


def describe(value: Any) -> str:
    """A text that tells this value from every other, the same in every process."""
    if isinstance(value, enum.Enum):
        return f"{_qualified(type(value))}.{value.name}"
    if value is None or isinstance(value, int | float | str | bytes):
        return repr(value)
    return _describe_compound(value)


def _describe_compound(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"({','.join(map(describe, value))})"
    if isinstance(value, set | frozenset):
        return f"{{{','.join(sorted(map(describe, value)))}}}"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{describe(k)}:{describe(v)}' for k, v in value.items())}}}"
    if isinstance(value, types.GenericAlias) or typing.get_origin(value) is not None:
        return f"{describe(typing.get_origin(value))}[{','.join(map(describe, typing.get_args(value)))}]"
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return _qualified(value)
    if isinstance(value, Kernel | Handler):
        return _qualified(value.function)
    if isinstance(value, Instance):
        return f"{describe(value.kernel)}({','.join(f'{name}={describe(item)}' for name, item in value.static)})"
    if hasattr(value, "__dataclass_fields__"):
        return _describe_dataclass(value)
    number = getattr(value, "value", None)  # a fixed-width constant such as `u32(7)`
    if isinstance(number, int | float):
        return f"{_qualified(type(value))}({number!r})"
    raise NotDescribable(f"a static argument cannot be a {type(value).__name__}")


_dataclasses: dict[int, tuple[Any, str]] = {}  # by identity, kept alive: the same few rows come again and again


def _describe_dataclass(value: Any) -> str:
    known = _dataclasses.get(id(value))
    if known is None:
        from dataclasses import fields  # which takes long to load, and has made the value's class

        parts = (describe(getattr(value, f.name)) for f in fields(value))
        # A row of an instruction set has other rows in it: what was their text is asked for a hundred thousand times.
        digest = sha1(",".join(parts).encode(), usedforsecurity=False).hexdigest()
        known = _dataclasses[id(value)] = value, f"{_qualified(type(value))}({digest})"
    return known[1]


def _qualified(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def short_name(value: Any) -> str:
    """The name of a static argument for people."""
    for attribute in ("__name__", "name", "_name_"):
        name = getattr(value, attribute, None)
        if isinstance(name, str):
            return name
    if isinstance(value, int | float | str):
        return repr(value)
    return type(value).__name__


def symbol_for(module: str, qualname: str, statics: tuple[Any, ...]) -> str:
    """The linker's name of a kernel with these static arguments."""
    plain = f"{module.removeprefix('fusee.')}.{qualname}".replace("<locals>.", "")
    if not statics:
        return plain
    digest = sha1("|".join(map(describe, statics)).encode(), usedforsecurity=False).hexdigest()
    return f"{plain}.{digest[:12]}"
