"""Three small modules that together use most of the binary format; they are cut and mutated."""

from tests.hostile.encoding import (
    CODE,
    DATA,
    DATA_COUNT,
    ELEMENT,
    EXPORT,
    F64,
    FUNCREF,
    FUNCTION,
    GLOBAL,
    I32,
    I64,
    IMPORT,
    MEMORY,
    TABLE,
    TAG,
    TYPE,
    body,
    function_type,
    module,
    section,
    sized,
    unsigned,
    vector,
)

# (func (export "fac") (param i64) (result i64) …): a loop, a branch table, conversions, a name section.
ARITHMETIC = module(
    section(TYPE, vector([function_type(I64, I64), function_type(I32 + F64, F64)])),
    section(FUNCTION, vector([unsigned(0), unsigned(1)])),
    section(EXPORT, vector([sized(b"fac") + b"\0\0", sized(b"mix") + b"\0\1"])),
    section(
        CODE,
        vector(
            [
                body(
                    b"\x42\x01\x21\x01"  # i64.const 1, local.set 1
                    b"\x02\x40\x03\x40"  # block, loop
                    b"\x20\x00\x50\x0d\x01"  # local.get 0, i64.eqz, br_if 1
                    b"\x20\x01\x20\x00\x7e\x21\x01"  # local 1 *= local 0
                    b"\x20\x00\x42\x01\x7d\x21\x00\x0c\x00"  # local 0 -= 1, br 0
                    b"\x0b\x0b\x20\x01",
                    [(1, I64)],
                ),
                body(
                    b"\x02\x40\x02\x40\x02\x40\x20\x00\x0e\x02\x00\x01\x02\x0b"  # block × 3, br_table 0 1 2
                    b"\x20\x01\x9f\x0f\x0b"  # f64.sqrt, return
                    b"\x44\0\0\0\0\0\0\xf0\x3f\x20\x01\xa0\x0f\x0b"  # f64.const 1, f64.add, return
                    b"\x20\x00\xb7"  # f64.convert_i32_s
                ),
            ]
        ),
    ),
    section(0, sized(b"name") + b"\x01" + sized(vector([b"\0" + sized(b"fac"), b"\1" + sized(b"mix")]))),
)

# A memory with data, a table with functions, globals, an indirect call, bulk operations.
STORAGE = module(
    section(TYPE, vector([function_type(), function_type(I32, I32)])),
    section(FUNCTION, vector([unsigned(0), unsigned(1), unsigned(1)])),
    section(TABLE, vector([FUNCREF + b"\x01\x02\x04"])),
    section(MEMORY, vector([b"\x01\x01\x02"])),
    section(GLOBAL, vector([I32 + b"\x01\x41\x2a\x0b", I64 + b"\x00\x42\x01\x42\x02\x7c\x0b"])),
    section(EXPORT, vector([sized(b"memory") + b"\2\0", sized(b"pick") + b"\0\1", sized(b"answer") + b"\3\0"])),
    section(ELEMENT, vector([b"\0\x41\0\x0b" + vector([b"\1", b"\2"]), b"\1\0" + vector([b"\0"])])),
    section(DATA_COUNT, unsigned(2)),
    section(
        CODE,
        vector(
            [
                body(b"\x41\x10\x41\x00\x41\x04\xfc\x08\x01\x00\xfc\x09\x01"),  # memory.init 1, data.drop 1
                body(b"\x20\x00\x41\x01\x20\x00\x11\x01\x00\x6a"),  # call_indirect, i32.add
                body(b"\x20\x00\x28\x02\x08\x20\x00\x41\x07\x36\x02\x00\x23\x00\x6a"),  # load, store, global.get
            ]
        ),
    ),
    section(DATA, vector([b"\0\x41\x08\x0b" + sized(b"tick"), b"\1" + sized(b"tock")])),
)

# Wasm 3.0: a recursion group with a subtype, a tag, a handler, a tail call, vectors, a 64-bit memory.
MODERN = module(
    section(
        TYPE,
        vector(
            [
                b"\x4e"
                + vector(
                    [b"\x50\x00\x5f" + vector([I32 + b"\1"]), b"\x4f\x01\x00\x5f" + vector([I32 + b"\1", b"\x78\0"])]
                ),
                function_type(I32),
                function_type(b"", I32),
            ]
        ),
    ),
    section(IMPORT, vector([sized(b"host") + sized(b"log") + b"\0\2"])),
    section(FUNCTION, vector([unsigned(3), unsigned(3), unsigned(3)])),
    section(MEMORY, vector([b"\x04\x01"])),
    section(TAG, vector([b"\0\2"])),
    section(EXPORT, vector([sized(b"go") + b"\0\1", sized(b"vector") + b"\0\3"])),
    section(
        CODE,
        vector(
            [
                body(b"\x02\x7f\x1f\x40\x01\x00\x00\x00\x41\x05\x08\x00\x0b\x41\x01\x0b"),  # try_table, throw
                body(b"\x41\x03\x41\x04\xfb\x00\x01\xfb\x02\x00\x00\x10\x00\x12\x01"),  # struct.new, get, return_call
                body(
                    b"\x42\x00\xfd\x00\x04\x00\x41\x07\xfd\x11\xfd\xae\x01\xfd\x1b\x02"
                ),  # v128.load, splat, add, lane
            ]
        ),
    ),
)

SAMPLES = {"arithmetic": ARITHMETIC, "storage": STORAGE, "modern": MODERN}
