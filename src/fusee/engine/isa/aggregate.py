"""Rows that reach structures, arrays and i31 references, and those that test types."""

from typing import Final

from fusee.engine.isa.forms import (
    ACC_ONLY,
    ARRAY_STORE,
    BINARY_CONST,
    EVERYWHERE,
    FIELD_STORE,
    FLOAT_ARRAY_STORE,
    FLOAT_INIT,
    INIT,
    NO_RESULT,
    NULLARY,
    RARE_ARRAY_STORE,
    RARE_BINARY_CONST,
    RARE_UNARY,
    ROOMY,
    UNARY,
    VECTOR_ARRAY_STORE,
    VECTOR_FIELD_STORE,
    VECTOR_INIT,
    WITH_CONST,
)  # fmt: skip
from fusee.engine.isa.row import Row
from fusee.engine.numeric.reference import i31_get_s, i31_get_u, ref_i31

READS: Final = {
    "get8_u": "u8", "get8_s": "i8", "get16_u": "u16", "get16_s": "i16", "get32": "u32", "get64": "u64",
    "getf32": "f32", "getf64": "f64", "getv": "v128",
}  # fmt: skip
"""What a field or element is read as; integers are extended to 64 bits. A reference is as wide as a pointer."""

WRITES: Final = {
    "set8": "u8", "set16": "u16", "set32": "u32", "set64": "u64", "setref": "usize", "setf32": "f32", "setf64": "f64",
    "setv": "v128",
}  # fmt: skip
FREQUENT: Final = ("u32", "u64")
RARE: Final = ("u16", "i16", "v128")


def _reads() -> list[Row]:
    rows = []
    for name, stored in READS.items():
        kind, is_rare = _value_type(stored), stored in RARE
        shape, places = (RARE_UNARY, ACC_ONLY) if is_rare else (UNARY, EVERYWHERE)
        rows.append(Row(f"struct_{name}", "field_get", ("i64",), kind, shape, places, ("u32",), detail=stored))
        shape = RARE_BINARY_CONST if is_rare else BINARY_CONST
        places = EVERYWHERE if ROOMY and stored in FREQUENT else ACC_ONLY
        rows.append(Row(f"array_{name}", "element_get", ("i64", "i32"), kind, shape, places, detail=stored))
    return rows


def _writes() -> list[Row]:
    rows = []
    for name, stored in WRITES.items():
        kind = _value_type(stored)
        shapes = _WRITE_SHAPES["rare" if stored in RARE and kind == "i64" else kind]
        rows += [
            Row(f"struct_{name}", "field_set", ("i64", kind), "", shapes[0], NO_RESULT, ("u32",), detail=stored),
            Row(f"array_{name}", "element_set", ("i64", "i32", kind), "", shapes[1], NO_RESULT, detail=stored),
        ]
    return rows


def _value_type(stored: str) -> str:
    return stored if stored.startswith(("f", "v")) else "i64"


_INIT_SHAPES: Final = {"f32": FLOAT_INIT, "f64": FLOAT_INIT, "v128": VECTOR_INIT}
_WRITE_SHAPES: Final = {
    "i64": (BINARY_CONST, ARRAY_STORE), "rare": (RARE_BINARY_CONST, RARE_ARRAY_STORE),
    "f32": (FIELD_STORE, FLOAT_ARRAY_STORE), "f64": (FIELD_STORE, FLOAT_ARRAY_STORE),
    "v128": (VECTOR_FIELD_STORE, VECTOR_ARRAY_STORE),
}  # fmt: skip

I31: Final = [
    Row("ref_i31", "compute", ("i32",), "i64", UNARY, EVERYWHERE, evaluate=ref_i31),
    Row("i31_get_s", "compute", ("i64",), "i32", UNARY, ACC_ONLY, evaluate=i31_get_s),
    Row("i31_get_u", "compute", ("i64",), "i32", UNARY, ACC_ONLY, evaluate=i31_get_u),
]

# The second operand is a canonical reference type. `sub`: of a structure or an array; `exact`: of one that is final.
TEST_KINDS: Final = ("ref", "ref_sub", "ref_exact")
TESTS: Final = ("is", "is_not")


def _tests() -> list[Row]:
    """Whether a reference is of a type: as a value, as a branch, or else a trap."""
    rows = []
    for kind in TEST_KINDS:
        for test in TESTS:
            name, sources = f"{kind}_{test}", ("i64", "i32")
            rows += [
                Row(name, "ref_test", sources, "i32", WITH_CONST, ACC_ONLY, detail=(kind, test)),
                Row(f"br_{name}", "branch_ref", sources, "", WITH_CONST, NO_RESULT, ("label",), detail=(kind, test)),
            ]
        rows.append(Row(f"cast_{kind}", "ref_cast", ("i64", "i32"), "", WITH_CONST, NO_RESULT, detail=(kind, "is")))
    return rows


# A new structure in the accumulator, and its fields, which nobody can have seen.
NEW: Final = [
    Row("new_struct", "new_struct", (), "i64", NULLARY, ACC_ONLY, ("u32", "slot", "slot")),  # type, size class and size
    *(
        Row(f"init_{name}", "field_init", ("i64", _value_type(stored)), "",
            _INIT_SHAPES.get(_value_type(stored), INIT), NO_RESULT, ("u32",), detail=stored)
        for name, stored in (("8", "u8"), ("16", "u16"), ("32", "u32"), ("64", "u64"), ("f32", "f32"), ("f64", "f64"),
                             ("v", "v128"))
    ),
]  # fmt: skip

ROWS: Final = [
    *_reads(),
    *_writes(),
    Row("array_len", "array_len", ("i64",), "i32", UNARY, EVERYWHERE),
    *I31,
    *NEW,
    *_tests(),
]
