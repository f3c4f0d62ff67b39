"""Who calls whom in a module, and of which functions there are references: found without looking at each instruction.

Instructions that neither call nor refer to a function are skipped, as many as stand together, by one regular
expression, which is made of the opcode table. It knows the encodings that compilers write; any other instruction, such
as one with a padded opcode, is read by itself.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, cast

import fusee.spec.opcodes  # noqa: F401  # the rows
from fusee.kernel.plain import Plain, field
from fusee.native.module import FuncType, Module
from fusee.native.reader import Instruction, Reader
from fusee.native.sections import read_module
from fusee.spec.op import BY_INDEX, Imm, Op

CALLED_BY_TYPE: Final = frozenset({"call_indirect", "return_call_indirect", "call_ref", "return_call_ref"})
CALLED_BY_INDEX: Final = frozenset({"call", "return_call"})


class Calls(Plain):
    """The calls in a module, all by index in its index space of functions."""

    imported: int
    """How many functions it imports: they are the first ones."""
    types: list[FuncType]
    """Of each function. Functions of one type, or of subtypes of each other, have equal ones here."""
    callers: dict[int, set[int]] = field(default_factory=dict)
    """By function: those that call it directly."""
    by_type: dict[FuncType, set[int]] = field(default_factory=dict)
    """By type: those that call what a table or a reference says."""
    referred: set[int] = field(default_factory=set)
    """Those that may be in tables, or be referred to by other values."""


def calls_of(binary: bytes) -> Calls:
    """The calls of a valid module."""
    module = read_module(binary)
    found = Calls(module.imported_funcs, [module.type_of(index) for index in range(len(module.func_types))])
    found.referred.update(module.references)
    for index in module.defined:
        for instruction in calls_in(module, index):
            _note(module, found, index, instruction)
    return found


def _note(module: Module, found: Calls, index: int, instruction: Instruction) -> None:
    name = instruction.op.mnemonic
    if name in CALLED_BY_INDEX:
        found.callers.setdefault(cast(int, instruction.immediates[0]), set()).add(index)
    elif name in CALLED_BY_TYPE:
        type_ = module.types[cast(int, instruction.immediates[0])]
        assert type_ is not None
        found.by_type.setdefault(type_, set()).add(index)
    elif name == "ref.func":
        found.referred.add(cast(int, instruction.immediates[0]))


def calls_in(module: Module, index: int) -> Iterator[Instruction]:
    """The instructions of a function that call or refer to one, and others that are not skipped."""
    start, end = module.body(index)
    reader = Reader(module.binary, start, end)
    for _ in range(reader.u32()):
        reader.u32()
        reader.value_type()
    skip = _skipped().match
    while True:
        passed = skip(module.binary, reader.position, end)
        assert passed is not None
        reader.position = passed.end()
        if reader.position >= end:
            return
        yield reader.instruction()


# What is skipped

_LEB: Final = rb"[\x80-\xff]*[\x00-\x7f]"
_MEMARG: Final = rb"[\x00-\x3f]" + _LEB  # of the first memory
_BLOCK_TYPE: Final = rb"[\x00-\x62\x65-\x7f]"  # in one byte
_FORMS: Final = {
    **dict.fromkeys(
        (Imm.LABEL, Imm.TYPE, Imm.TABLE, Imm.MEMORY, Imm.TAG, Imm.GLOBAL, Imm.LOCAL, Imm.ELEM, Imm.DATA, Imm.FIELD,
         Imm.COUNT, Imm.HEAP_TYPE, Imm.I32, Imm.I64), _LEB
    ),
    Imm.MEMARG: _MEMARG, Imm.BLOCK_TYPE: _BLOCK_TYPE, Imm.F32: rb".{4}", Imm.F64: rb".{8}", Imm.V128: rb".{16}",
    Imm.LANES: rb".{16}", Imm.LANE: rb".", Imm.CAST_FLAGS: rb".", Imm.ZERO: rb".",
}  # fmt: skip


@cache
def _skipped() -> re.Pattern[bytes]:
    """As many instructions as there are that neither call nor refer to a function."""
    last_bytes: dict[tuple[bytes, bytes], list[bytes]] = {}  # of opcodes, by the bytes before and the immediates' form
    for op in BY_INDEX.values():
        if op.mnemonic not in CALLED_BY_TYPE and all(kind in _FORMS for kind in op.immediates):
            code, form = _encoded(op), b"".join(_FORMS[kind] for kind in op.immediates)
            last_bytes.setdefault((code[:-1], form), []).append(code[-1:])
    ways = [
        re.escape(before) + b"[" + b"".join(map(re.escape, last)) + b"]" + form
        for (before, form), last in sorted(last_bytes.items(), key=lambda item: (item[0][0], -len(item[1])))
    ]
    return re.compile(b"(?:" + b"|".join(ways) + b")*+", re.DOTALL)


def _encoded(op: Op) -> bytes:
    """An opcode as compilers write it."""
    if not op.prefix:
        return bytes([op.code])
    code = op.code & 0xFFF
    return bytes([op.prefix, code] if code < 0x80 else [op.prefix, 0x80 | code & 0x7F, code >> 7])
