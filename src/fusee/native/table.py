"""The list of modules that a library has native code of, as an object file: what `engine/natives/linked.py` reads."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from fusee.engine.natives.linked import INTERRUPTIBLE, LAYOUTS, METERED, PLAIN, linked_modules
from fusee.engine.sha256 import HASH_WORDS
from fusee.kernel.machine import Machine
from fusee.kernel.target import Target
from fusee.native.unit import Options
from fusee.native.units import NativeObjects

_FUNCTION = "{i32, ptr, ptr}"  # LinkedFunction
_MODULE = "{i64, i32, i32, i32, ptr, ptr}"  # LinkedModule


@dataclass(frozen=True)
class Linked:
    """A module whose native code is linked."""

    binary: bytes
    options: Options
    code: NativeObjects


def table_object(modules: Sequence[Linked], target: Target) -> bytes:
    """An object file with the list, which may be empty; it mentions the code of all functions."""
    lines, items = [], []
    for number, module in enumerate(modules):
        functions = [_function(module.options, index, type_) for index, type_ in module.code.types.items()]
        symbols = {symbol for pair in functions for symbol in pair[1:]}
        lines += [f"declare hidden void {symbol}()" for symbol in sorted(symbols)]
        words = struct.unpack(f">{HASH_WORDS}I", sha256(module.binary).digest())
        lines.append(_constant(f"hash.{number}", [("i32", f"i32 {word}") for word in words]))
        entries = [f"{_FUNCTION} {{i32 {index}, ptr {entry}, ptr {code}}}" for index, entry, code in functions]
        lines.append(_constant(f"functions.{number}", [(_FUNCTION, entry) for entry in entries]))
        places = f"ptr @hash.{number}, ptr @functions.{number}"
        numbers = len(module.binary), len(functions), _kind(module.options)
        items.append(f"i64 {int(LAYOUTS)}, {', '.join(f'i32 {item}' for item in numbers)}, {places}")
    items.append("i64 0, i32 0, i32 0, i32 0, ptr null, ptr null")
    lines.append(_constant("modules", [(_MODULE, f"{_MODULE} {{{item}}}") for item in items]))
    lines.append(f"define ptr @{linked_modules.external}() {{\n  ret ptr @modules\n}}")
    return Machine(target).object("\n".join(lines) + "\n")


def _kind(options: Options) -> int:
    """`LinkedModule.kind`"""
    if options.is_metered:
        return int(METERED)
    return int(INTERRUPTIBLE if options.polls else PLAIN)


def _function(options: Options, index: int, type_: int) -> tuple[int, str, str]:
    return index, f'@"{options.entry_symbol(type_)}"', f'@"{options.symbol(index)}"'


def _constant(name: str, items: Sequence[tuple[str, str]]) -> str:
    return f"@{name} = internal constant [{len(items)} x {items[0][0]}] [{', '.join(text for _, text in items)}]"
