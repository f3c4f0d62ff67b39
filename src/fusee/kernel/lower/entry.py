"""C functions around kernels, for those who call from outside.

A kernel that neither raises nor gives several results already is a C function. For every other,
the wrapper takes one more argument, where the results are stored in cells of eight bytes, and
returns the status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusee.kernel.lower.types import extension, llvm_type, memory_type, result_items, result_type
from fusee.kernel.tree.functions import Specialised
from fusee.kernel.tree.types import Boolean, Several

if TYPE_CHECKING:
    from fusee.kernel.lower.module import ModuleWriter


_ATTRIBUTES = "nounwind optsize minsize"  # a wrapper is a call, and no place to repeat what it calls

NOT_ITSELF = '"no-builtins"'
"""Keeps LLVM from finding that the body of `memmove` does what `memmove` does, and calling it."""


def needs_status(function: Specialised, checked: bool) -> bool:
    """Whether the wrapper returns a status and stores the results."""
    if function.libcall:  # LLVM takes several results in registers
        return False
    return checked or function.may_raise or isinstance(function.result, Several)


def entry_symbol(function: Specialised) -> str:
    """The C name of an entry."""
    return function.export or f"entry.{function.symbol}"


def write_entry(module: ModuleWriter, function: Specialised, symbol: str) -> str:
    """The text of the wrapper with that C name."""
    parameters = [f"{llvm_type(p.type)}{extension(p.type)} %p{p.index}" for p in function.parameters]
    arguments = ", ".join(parameters)
    checked = module.checks is not None
    name = f'@"{symbol}"'
    result = f"{'' if function.may_raise else extension(function.result)} {result_type(function)}".strip()
    call = f"call {result} {module.symbol(function)}({arguments})"
    if not needs_status(function, checked):
        if result_items(function):
            lines = [f"  %r = {call}", f"  ret {llvm_type(function.result)} %r"]
        else:
            lines = [f"  {call}", "  ret void"]
        linkage, attributes = ("weak hidden ", f"nounwind {NOT_ITSELF}") if function.libcall else ("", _ATTRIBUTES)
        attributes += module.entry_section(symbol)
        linkage = "weak " if function.weak else linkage
        return "\n".join([f"define {linkage}{result} {name}({arguments}) {attributes} {{", *lines, "}"])
    lines = module.checks.guard() if module.checks else []
    lines += _call_and_store(function, call, module.checks.release() if module.checks else [])
    head = f"define i64 {name}({', '.join([*parameters, 'ptr %out'])}) {_ATTRIBUTES} {{"
    return "\n".join([head, "entry:", *lines, "}"])


def _call_and_store(function: Specialised, call: str, release: list[str]) -> list[str]:
    items = result_items(function)
    if not items:
        if function.may_raise:
            return [f"  %r = {call}", *release, "  ret i64 %r"]
        return [f"  {call}", *release, "  ret i64 0"]
    lines = [f"  %r = {call}", *release]
    shape = result_type(function)
    aggregate = function.may_raise or len(items) > 1
    for index, item in enumerate(items):
        source = "%r"
        if aggregate:
            source = f"%x{index}"
            lines.append(f"  {source} = extractvalue {shape} %r, {index + function.may_raise}")
        if isinstance(item, Boolean):
            lines.append(f"  %b{index} = zext i1 {source} to i8")
            source = f"%b{index}"
        lines.append(f"  %o{index} = getelementptr i8, ptr %out, i64 {8 * index}")
        lines.append(f"  store {memory_type(item)} {source}, ptr %o{index}")
    if not function.may_raise:
        return [*lines, "  ret i64 0"]
    return [*lines, f"  %status = extractvalue {shape} %r, 0", "  ret i64 %status"]
