"""Rows that reach linear memories, globals and tables."""

from dataclasses import dataclass
from typing import Final

from fusee.engine.isa.forms import (
    ACC_ONLY,
    BANKS,
    BINARY,
    CONSTS,
    EVERYWHERE,
    NO_RESULT,
    NULLARY,
    RARE_BINARY,
    RARE_UNARY,
    UNARY,
    UNARY_ACC,
    UNARY_CONST,
    VECTOR_STORE,
    Shape,
)  # fmt: skip
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.kernel.lang import u64


@dataclass(frozen=True)
class Access:
    """How a load or store reaches memory: the type in memory and the address's type.

    `memory` is "0" for the one in registers, "any" for those reached through the instance.
    """

    stored: str
    address: str
    memory: str = "0"


LOADS: Final = {
    "load8_u": "u8", "load8_s": "i8", "load16_u": "u16", "load16_s": "i16", "load32_u": "u32", "load32_s": "i32",
    "load64": "u64", "loadf32": "f32", "loadf64": "f64", "loadv": "v128",
}  # fmt: skip
STORES: Final = {
    "store8": "u8", "store16": "u16", "store32": "u32", "store64": "u64", "storef32": "f32", "storef64": "f64",
    "storev": "v128",
}  # fmt: skip

LOAD_OF: Final = {
    "i32.load": "load32_u", "i64.load": "load64", "f32.load": "loadf32", "f64.load": "loadf64",
    "i32.load8_s": "load8_s", "i32.load8_u": "load8_u", "i32.load16_s": "load16_s", "i32.load16_u": "load16_u",
    "i64.load8_s": "load8_s", "i64.load8_u": "load8_u", "i64.load16_s": "load16_s", "i64.load16_u": "load16_u",
    "i64.load32_s": "load32_s", "i64.load32_u": "load32_u", "v128.load": "loadv",
}  # fmt: skip
"""The rows that serve the Wasm loads: sign extension always reaches 64 bits, upper halves of an i32 do not matter."""

STORE_OF: Final = {
    "i32.store": "store32", "i64.store": "store64", "f32.store": "storef32", "f64.store": "storef64",
    "i32.store8": "store8", "i32.store16": "store16", "i64.store8": "store8", "i64.store16": "store16",
    "i64.store32": "store32", "v128.store": "storev",
}  # fmt: skip


def _value_type(stored: str) -> str:
    return stored if stored.startswith(("f", "v")) else "i64"


def is_rare(stored: str) -> bool:
    """Whether it is a vector, where these have few forms."""
    return stored == "v128" and not chosen().has_vector_forms


def _accesses(suffix: str, address: str, memory: str) -> list[Row]:
    """All loads and stores of one kind of memory. The usual one, a 32-bit memory 0, has every form."""
    usual = suffix == ""
    immediates = ("u32",) if usual else ("u64", "u32") if memory == "any" else ("u64",)
    load_shape: Shape = UNARY_CONST if usual else UNARY if memory == "0" else UNARY_ACC
    rows = [
        Row(name + suffix, "load", (address,), _value_type(stored), RARE_UNARY if is_rare(stored) else load_shape,
            EVERYWHERE if usual and not is_rare(stored) else ACC_ONLY, immediates,
            detail=Access(stored, address, memory))
        for name, stored in LOADS.items()
    ]  # fmt: skip
    for name, stored in STORES.items():
        kind = _value_type(stored)
        shape = (BANKS if kind != "i64" else CONSTS) if usual else RARE_BINARY if suffix == "_any64" else BINARY
        if kind == "v128":
            shape = VECTOR_STORE if usual else RARE_BINARY
        rows.append(
            Row(name + suffix, "store", (address, kind), "", shape, NO_RESULT, immediates,
                detail=Access(stored, address, memory))
        )  # fmt: skip
    return rows


MEMORY_KINDS: Final = {"": ("i32", "0"), "_m64": ("i64", "0"), "_any": ("i32", "any"), "_any64": ("i64", "any")}

GLOBALS: Final = [
    Row("global_get", "global_get", (), "i64", NULLARY, EVERYWHERE, ("u32",)),
    Row("global_get_import", "global_get_import", (), "i64", NULLARY, EVERYWHERE, ("u32",)),
    Row("global_set", "global_set", ("i64",), "", UNARY_CONST, NO_RESULT, ("u32",)),
    Row("global_set_import", "global_set_import", ("i64",), "", UNARY_CONST, NO_RESULT, ("u32",)),
    Row("global_get_v", "global_get", (), "v128", NULLARY, EVERYWHERE, ("u32",)),
    Row("global_get_import_v", "global_get_import", (), "v128", NULLARY, EVERYWHERE, ("u32",)),
    Row("global_set_v", "global_set", ("v128",), "", UNARY, NO_RESULT, ("u32",)),
    Row("global_set_import_v", "global_set_import", ("v128",), "", UNARY, NO_RESULT, ("u32",)),
]

TABLE_ELEMENTS: Final = [
    Row("ref_func", "ref_func", (), "i64", NULLARY, ACC_ONLY, ("u32",)),
    Row("ref_as_non_null", "ref_as_non_null", ("i64",), "", UNARY, NO_RESULT),
    Row("memory_size", "memory_size", (), "i64", NULLARY, ACC_ONLY, ("u32",)),
    Row("table_size", "table_size", (), "i64", NULLARY, ACC_ONLY, ("u32",)),
]

ALLOCATING: Final = (
    "struct_new", "struct_new_default", "array_new", "array_new_default", "array_new_fixed", "array_new_data",
    "array_new_elem",
)  # fmt: skip
"""Those of the following that make an object."""

ON_SLOTS: Final = (
    "memory_grow", "memory_init", "memory_copy", "memory_fill", "data_drop", "table_get", "table_set", "table_grow",
    "table_init", "table_copy", "table_fill", "elem_drop", "i64_add128", "i64_sub128", "i64_mul_wide_s",
    "i64_mul_wide_u", *ALLOCATING, "array_fill", "array_copy", "array_init_data", "array_init_elem",
)  # fmt: skip
"""Instructions that take their operands from consecutive slots and leave their results there:
immediates are the instruction's own two, the first slot, and a mask of the operands that are i32, with `SPREAD`."""

NO_LENGTH: Final = -1
PAUSING: Final = {
    "memory_grow": NO_LENGTH, "memory_init": 2, "memory_copy": 2, "memory_fill": 2,
    "table_grow": NO_LENGTH, "table_init": 2, "table_copy": 2, "table_fill": 2,
    "array_fill": 3, "array_copy": 4, "array_init_data": 3, "array_init_elem": 3,
}  # fmt: skip
"""Those in which a guest can pause, and the operand that says how much there is to do, if it depends on that alone."""

SPREAD: Final = u64(0x8000)  # in that mask: there are vectors, and each operand has two slots

ROWS: Final = [
    *(row for suffix, (address, memory) in MEMORY_KINDS.items() for row in _accesses(suffix, address, memory)),
    *GLOBALS,
    *TABLE_ELEMENTS,
    *(
        Row(name, "on_slots", (), "", NULLARY, NO_RESULT, ("u32", "u32", "slot", "slot"), detail=name)
        for name in ON_SLOTS
    ),
]
