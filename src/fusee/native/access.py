"""Loads, stores and globals (spec 4.4.7, 4.4.5)."""

from typing import cast

from fusee.native.function import FunctionCompiler
from fusee.native.module import REFERENCE
from fusee.native.reader import Instruction
from fusee.native.rules import rule
from fusee.native.unit import LLVM
from fusee.spec.op import BY_MNEMONIC, Imm


def place_of(c: FunctionCompiler, ins: Instruction, index: str, width: int) -> str:
    """Where an access goes, checked against the memory's length."""
    number, offset = cast(tuple[int, int], ins.immediates[0])
    at, end = c.inside.index(index), offset + width
    if checked := c.ahead.place(number, index, offset) or c.joined.place(number, index, offset):
        c.inside.note(number, at, end)
        return checked
    if c.inside.has(number, at, end):
        return c.place_inside(number, index, offset)
    c.inside.note(number, at, end)
    _, base, length = c.memories[number]
    bits = 64 if c.unit.module.memories[number] else 32
    base = c.value(f"load ptr, ptr {base}")
    length = c.read_length(length)
    if end > c.unit.module.least_bytes[number]:
        return c.use(f"place_{bits}", base, length, index, str(offset), width=width)
    greatest = c.value(f"sub nuw i64 {length}, {end}")
    return c.use(f"near_place_{bits}", base, greatest, index, str(offset))


def memory_of(ins: Instruction) -> int:
    """The index of the memory that an instruction names."""
    return cast(tuple[int, int], ins.immediates[0])[0]


def _load(c: FunctionCompiler, ins: Instruction) -> None:
    place = place_of(c, ins, c.pop(), ins.op.width)
    c.accessed = c.unit.bytes_of(memory_of(ins))
    value = c.apply(("load", ins.op.mnemonic), place)
    c.accessed = "engine"
    assert ins.op.results is not None
    c.push(ins.op.results[0], value)


def _store(c: FunctionCompiler, ins: Instruction) -> None:
    index, value = c.pop_many(2)
    place = place_of(c, ins, index, ins.op.width)
    c.accessed = c.unit.bytes_of(memory_of(ins))
    c.apply(("store", ins.op.mnemonic), place, value)
    c.accessed = "engine"


_WIDTHS = ("8", "16", "32", "8_s", "8_u", "16_s", "16_u", "32_s", "32_u")


def _is_plain(mnemonic: str, what: str) -> bool:
    """Whether it is a load or store of a number or a whole vector, in one of the forms that `Kernels` knows."""
    op = BY_MNEMONIC[mnemonic]
    name = mnemonic.partition(".")[2].removeprefix(what)
    return op.immediates == (Imm.MEMARG,) and name in ("", *_WIDTHS)


rule(*(name for name in BY_MNEMONIC if ".load" in name and _is_plain(name, "load")))(_load)
rule(*(name for name in BY_MNEMONIC if ".store" in name and _is_plain(name, "store")))(_store)


def _global(c: FunctionCompiler, ins: Instruction) -> tuple[str, str]:
    """Type and place of a global."""
    index = cast(int, ins.immediates[0])
    module = c.unit.module
    kind = module.global_types[index]
    if index < module.imported_globals:
        return kind, c.use("imported_global", "%ctx", str(index))
    return kind, c.use("own_global", "%ctx", str(index - module.imported_globals))


@rule("global.get")
def _global_get(c: FunctionCompiler, ins: Instruction) -> None:
    kind, place = _global(c, ins)
    c.accessed = "global"
    value = c.apply(("load", f"{_number(kind)}.load"), place)
    c.accessed = "engine"
    c.push(kind, value)


@rule("global.set")
def _global_set(c: FunctionCompiler, ins: Instruction) -> None:
    kind, place = _global(c, ins)
    c.accessed = "global"
    c.apply(("store", f"{_number(kind)}.store"), place, c.pop())
    c.accessed = "engine"


def _number(kind: str) -> str:
    """The type of numbers that are as wide."""
    return kind if kind in LLVM and kind not in (REFERENCE, "func") else "i64"
