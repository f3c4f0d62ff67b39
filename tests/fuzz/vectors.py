"""Random modules that compute with vectors, between scalars, through locals, blocks, calls, globals and memory.

As in `programs`, of which this is a variant with one type more. Every operator of SIMD and of relaxed SIMD occurs, with
lanes at which something changes. Where an operator makes lanes that are NaN, these are made zero: their bits are open.
"""

import random
import struct

from fusee.spec.features import Feature
from fusee.spec.op import Imm, Op, rows
from tests.fuzz import programs
from tests.fuzz.programs import CODES, COUNTERS, PARAMETERS, FunctionMaker, opcode_bytes
from tests.hostile.encoding import (
    CODE,
    ELEMENT,
    EXPORT,
    FUNCREF,
    FUNCTION,
    GLOBAL,
    MEMORY,
    TABLE,
    TYPE,
    body,
    function_type,
    module,
    section,
    signed,
    sized,
    unsigned,
    vector,
)

TYPES = (*programs.TYPES, "v128")
VECTOR_PARAMETERS = (*PARAMETERS, "v128")
SCRATCH = 2 * len(VECTOR_PARAMETERS) + COUNTERS  # a local of its own, in which NaNs are made zero
SHOWN = 0xFF00  # where a result that is a vector is left in memory
WIDE = (Feature.SIMD, Feature.RELAXED_SIMD)
EXACT = ("eq", "ne", "lt", "gt", "le", "ge", "abs", "neg", "pmin", "pmax", "extract_lane")
NAN_CHECK = {"f32x4": b"\xfd\x41", "f64x2": b"\xfd\x47"}  # eq
EDGES = {
    1: (0, 1, 0x7F, 0x80, 0xFF, 15, 16),
    2: (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x00FF, 0x4000),
    4: (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x3F80_0000, 0x4F00_0000, 0x7F80_0000, 0x7FA0_0000, 0x0000_0001),
    8: (0, 1, 1 << 63, (1 << 63) - 1, (1 << 64) - 1, 0x41E0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0x3FF8 << 48),
}  # fmt: skip


def lanes(choice: random.Random) -> bytes:
    """Sixteen bytes: lanes of some width, each an edge or the same as the one before, or anything."""
    width = choice.choice((1, 2, 4, 8, 16))
    if width == 16:
        return choice.randbytes(16)
    return b"".join(choice.choice(EDGES[width]).to_bytes(width, "little") for _ in range(16 // width))


def shuffles() -> list[bytes]:
    """Lane numbers that compilers write: interleaved, joined, repeated, reversed, turned, widened; and any."""
    made = [bytes(n // 2 + 16 * (n % 2) for n in range(16)), bytes(8 + n // 2 + 16 * (n % 2) for n in range(16))]
    made += [bytes(range(start, start + 16)) for start in (0, 1, 4, 8, 15, 16)]
    made += [bytes([lane] * 16) for lane in (0, 7, 20)]
    for size in (2, 4, 8):
        pieces = [list(range(start, start + size)) for start in range(0, 32, size)]
        count = 16 // size
        made.append(bytes(n for piece in pieces[:count] for n in reversed(piece)))
        made.append(bytes(n for at in range(count // 2) for half in (0, count) for n in pieces[at + half]))
        made.append(bytes(n for piece in pieces[::2] for n in piece))
        made.append(bytes(n for piece in pieces[1::2] for n in piece))
        made.append(bytes(n for piece in [pieces[1]] * count for n in piece))
    made.append(bytes(n // 2 if n % 2 == 0 else 16 for n in range(16)))
    choice = random.Random(16)
    return made + [bytes(choice.choices(range(32), k=16)) for _ in range(4)]


def without_nans(row: Op, code: bytes) -> bytes:
    """The instruction, and zero in the lanes that it made a NaN in."""
    kind, _, name = row.mnemonic.partition(".")
    if kind not in NAN_CHECK or name in EXACT:
        return code
    scratch = unsigned(SCRATCH)
    return code + b"\x22" + scratch + b"\x20" + scratch + b"\x20" + scratch + NAN_CHECK[kind] + b"\xfd\x4e"


def forms(row: Op) -> list[bytes]:
    """The instruction with each choice of its immediates."""
    code = opcode_bytes(row.code)
    if row.immediates == (Imm.LANES,):
        return [code + numbers for numbers in shuffles()]
    if Imm.LANE not in row.immediates:
        return [without_nans(row, code)]
    return [without_nans(row, code + bytes([lane])) for lane in sorted({0, row.lanes // 2, row.lanes - 1})]


OPERATORS = {**programs.OPERATORS, "v128": []}
VECTOR_ROWS = [row for row in rows() if row.feature in WIDE and row.params is not None and row.results]
for _row in VECTOR_ROWS:
    assert _row.params is not None and _row.results is not None
    if not _row.width and _row.params:
        kind_ = _row.results[0]
        OPERATORS[kind_] = [*OPERATORS[kind_], *((form, _row.params, False) for form in forms(_row))]
LOADS = {**programs.LOADS, "v128": [(opcode_bytes(r.code), r.width) for r in VECTOR_ROWS if r.params == ("addr",)]}
STORES = {**programs.STORES, "v128": [(b"\xfd\x0b", 16)]}
LANE_LOADS = [row for row in VECTOR_ROWS if row.params == ("addr", "v128")]
LANE_STORES = [row for row in rows() if row.feature in WIDE and Imm.LANE in row.immediates and row.results == ()]


class VectorMaker(FunctionMaker):
    """Writes the body of one function, with vectors among its values."""

    types = TYPES
    parameters = VECTOR_PARAMETERS
    operators = OPERATORS
    loads = LOADS
    stores = STORES

    def constant(self, kind: str) -> bytes:
        if kind != "v128":
            return super().constant(kind)
        return b"\xfd\x0c" + lanes(self.choice)

    def load(self, kind: str, depth: int) -> bytes:
        if kind != "v128" or self.choice.random() < 0.6:
            return super().load(kind, depth)
        row = self.choice.choice(LANE_LOADS)
        return self.address(depth) + self.expression("v128", depth) + self.of_lane(row)

    def of_lane(self, row: Op) -> bytes:
        offset = unsigned(self.choice.choice([0, 1, 8]))
        return opcode_bytes(row.code) + b"\0" + offset + bytes([self.choice.randrange(row.lanes)])

    def store(self) -> bytes:
        if self.choice.random() < 0.7:
            return super().store()
        return self.address(2) + self.expression("v128", 2) + self.of_lane(self.choice.choice(LANE_STORES))

    def multiple(self) -> bytes:
        """A block that takes a number and a vector and gives them back in the other order."""
        code = self.expression("i32", 2) + self.expression("v128", 2)
        inner = b"\x21\x04\x21\x00\x20\x04\x20\x00"
        return code + b"\x02" + unsigned(len(TYPES)) + inner + b"\x0b\x21\x00\x21\x04"


def entry(index: int, argument: bytes) -> bytes:
    """Calls a function from outside: a vector goes in as a constant, and comes out through memory."""
    arguments = b"".join(b"\x20" + unsigned(number) for number in range(len(PARAMETERS))) + b"\xfd\x0c" + argument
    call = arguments + b"\x10" + unsigned(index)
    if TYPES[index % len(TYPES)] != "v128":
        return call
    place = b"\x41" + signed(SHOWN)
    return place + call + b"\xfd\x0b\0\0" + place + b"\xfd\x00\0\0\xfd\x53"


def make_vectors(seed: int, functions: int = 6) -> bytes:
    """A module of functions that call earlier ones, and for each one that is called from outside."""
    choice = random.Random(seed)
    makers = [VectorMaker(choice, index) for index in range(functions)]
    parameters = b"".join(CODES[kind] for kind in VECTOR_PARAMETERS)
    outside = b"".join(CODES[kind] for kind in PARAMETERS)
    types = [function_type(parameters, CODES[kind]) for kind in TYPES]
    types.append(function_type(CODES["i32"] + CODES["v128"], CODES["v128"] + CODES["i32"]))
    types += [function_type(outside, CODES[kind] if kind != "v128" else CODES["i32"]) for kind in TYPES]
    more = [(1, CODES[kind]) for kind in (*VECTOR_PARAMETERS, *("i32",) * COUNTERS, "v128")]
    zeros = {"i32": b"\x41\0", "i64": b"\x42\0", "f32": b"\x43" + bytes(4), "f64": b"\x44" + bytes(8)}
    zeros["v128"] = b"\xfd\x0c" + struct.pack("<2Q", 1, 1 << 63)
    numbers = [*(index % len(TYPES) for index in range(functions))]
    bodies = [body(maker.make(), more) for maker in makers]
    bodies += [body(entry(index, lanes(choice))) for index in range(functions)]
    return module(
        section(TYPE, vector(types)),
        section(FUNCTION, vector(map(unsigned, [*numbers, *(number + len(TYPES) + 1 for number in numbers)]))),
        section(TABLE, vector([FUNCREF + b"\0" + unsigned(functions)])),
        section(MEMORY, vector([b"\1\2\2"])),
        section(GLOBAL, vector(CODES[kind] + b"\1" + zeros[kind] + b"\x0b" for kind in TYPES)),
        section(EXPORT, vector(
            [sized(b"f%d" % i) + b"\0" + unsigned(functions + i) for i in range(functions)]
            + [sized(b"memory") + b"\2\0"]
            + [sized(b"g%d" % i) + b"\3" + unsigned(i) for i in range(len(programs.TYPES))]
        )),
        section(ELEMENT, vector([b"\0\x41\0\x0b" + vector(unsigned(i) for i in range(functions))])),
        section(CODE, vector(bodies)),
    )  # fmt: skip
