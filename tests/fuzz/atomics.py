"""Random modules that compute with atomic instructions, in one thread: a variant of `programs`.

Of every other module the memory is shared, and then not exported; all of them grow. Addresses are aligned but for some,
and inside of the memory but for some. Who waits finds another word than is expected, or waits for no time.
"""

from fusee.spec.features import Feature
from fusee.spec.op import Imm, Op, rows
from tests.fuzz.programs import ADDRESS_MASK, FunctionMaker, make_program, opcode_bytes
from tests.hostile.encoding import signed, unsigned

ROWS = [row for row in rows() if row.feature == Feature.THREADS and row.immediates == (Imm.MEMARG,)]
VALUES = {kind: [row for row in ROWS if row.results == (kind,)] for kind in ("i32", "i64")}
STORES = [row for row in ROWS if row.results == ()]
FENCE = b"\xfe\x03\0"
LEAST_PAGES, MOST_PAGES = 2, 4
SHARED = 3  # flags of limits: with a maximum, too


class AtomicMaker(FunctionMaker):
    """Writes the body of one function, with atomic instructions among its loads and stores."""

    def load(self, kind: str, depth: int) -> bytes:
        if kind not in VALUES or self.choice.random() < 0.2:
            return super().load(kind, depth)
        if kind == "i32" and self.choice.random() < 0.1:
            return b"\x3f\0" if self.choice.random() < 0.7 else b"\x41\1\x40\0"  # memory.size, memory.grow
        return self.atomic(self.choice.choice(VALUES[kind]), depth)

    def store(self) -> bytes:
        if self.choice.random() < 0.1:
            return FENCE
        return super().store() if self.choice.random() < 0.3 else self.atomic(self.choice.choice(STORES), 2)

    def atomic(self, row: Op, depth: int) -> bytes:
        assert row.params is not None
        log2 = row.width.bit_length() - 1
        offset = self.choice.choice([0, 8, 0x100, 0x1_0000, LEAST_PAGES << 16])
        if self.choice.random() < 0.02:
            offset = self.choice.choice([1, 4, 0xFFFF_FFF8])
        operands = [self.expression(kind, min(depth, 2)) for kind in row.params[1:]]
        if ".wait" in row.mnemonic:
            operands[-1] = b"\x42\0"  # no time: what has no end traps
        code = opcode_bytes(row.code) + unsigned(log2) + unsigned(offset)
        return self.place(row.width, depth) + b"".join(operands) + code

    def place(self, width: int, depth: int) -> bytes:
        mask = ADDRESS_MASK | (8 - width) if self.choice.random() < 0.98 else -1
        return self.expression("i32", depth) + b"\x41" + signed(mask) + b"\x71"


def make_atomics(seed: int) -> bytes:
    """A module as those of `programs`, whose memory grows."""
    is_shared = seed % 2 == 1
    limits = bytes([SHARED if is_shared else 1, LEAST_PAGES, MOST_PAGES])
    return make_program(seed, maker=AtomicMaker, memory=limits, exports_memory=not is_shared)
