"""Vector operators under wasmtime, with the same operands in the same places as the kernels here have them."""

from functools import cache
from typing import Any

from wasmtime import Config, Engine, Instance, Memory, Module, Store

from fusee.spec.op import BY_MNEMONIC, Imm
from tests.engine.vector_kernels import KERNELS, SLOT_BYTES, lane_of
from tests.hostile.encoding import (
    CODE,
    EXPORT,
    FUNCTION,
    MEMORY,
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

LOADS = {"i32": b"\x28\x00", "i64": b"\x29\x00", "f32": b"\x2a\x00", "f64": b"\x2b\x00", "v128": b"\xfd\x00\x00"}
STORES = {"i32": b"\x36\x00", "i64": b"\x37\x00", "f32": b"\x38\x00", "f64": b"\x39\x00", "v128": b"\xfd\x0b\x00"}
RESULT = 4 * SLOT_BYTES
SHUFFLES = 8
"""How many functions there are for the shuffle, whose lane numbers are immediates."""


def constant(value: int) -> bytes:
    """`i32.const` of a small number."""
    return b"\x41" + signed(value)


def instruction(mnemonic: str, immediates: bytes) -> bytes:
    return b"\xfd" + unsigned(BY_MNEMONIC[mnemonic].code & 0xFFF) + immediates


def operand(kind: str, slot: int) -> bytes:
    return constant(slot * SLOT_BYTES) + LOADS[kind] + b"\0"


def code(mnemonic: str) -> bytes:
    """Operands from slots, the instruction, and the result to memory."""
    row = BY_MNEMONIC[mnemonic]
    lane = bytes(lane_of(mnemonic))
    if row.width:
        return _access(mnemonic, lane)
    assert row.params is not None and row.results is not None
    operands = b"".join(operand(kind, slot) for slot, kind in enumerate(row.params))
    return constant(RESULT) + operands + instruction(mnemonic, lane) + STORES[row.results[0]] + b"\0"


def _access(mnemonic: str, lane: bytes) -> bytes:
    """A load takes its number from where the kernel has it: of a lane after the vector."""
    row = BY_MNEMONIC[mnemonic]
    if "store" in mnemonic:
        return constant(RESULT) + operand("v128", 0) + instruction(mnemonic, b"\0\0" + lane)
    has_vector = Imm.LANE in row.immediates
    place = constant(SLOT_BYTES if has_vector else 0) + (operand("v128", 0) if has_vector else b"")
    return constant(RESULT) + place + instruction(mnemonic, b"\0\0" + lane) + STORES["v128"] + b"\0"


def _shuffle(lanes: bytes) -> bytes:
    both = operand("v128", 0) + operand("v128", 1)
    return constant(RESULT) + both + instruction("i8x16.shuffle", lanes) + STORES["v128"] + b"\0"


class Oracle:
    """An instance with a function for each operator."""

    def __init__(self, shuffles: list[bytes]) -> None:
        config = Config()
        config.wasm_relaxed_simd_deterministic = True
        engine = Engine(config)
        self.store = Store(engine)
        codes = {name: code(name) for name in KERNELS if name != "i8x16.shuffle"}
        codes |= {f"shuffle {lanes.hex()}": _shuffle(lanes) for lanes in shuffles}
        wasm = module(
            section(TYPE, vector([function_type()])),
            section(FUNCTION, vector([unsigned(0)] * len(codes))),
            section(MEMORY, vector([b"\0\1"])),
            section(EXPORT, vector([
                sized(b"memory") + b"\2\0",
                *(sized(name.encode()) + b"\0" + unsigned(number) for number, name in enumerate(codes)),
            ])),
            section(CODE, vector(map(body, codes.values()))),
        )  # fmt: skip
        self.exports: Any = Instance(self.store, Module(engine, wasm), []).exports(self.store)
        memory = self.exports["memory"]
        assert isinstance(memory, Memory)
        self.memory = memory

    def run(self, mnemonic: str, slots: bytes) -> bytes:
        """The first sixteen bytes of the result; what the instruction does not write is zero."""
        name = f"shuffle {slots[32:48].hex()}" if mnemonic == "i8x16.shuffle" else mnemonic
        self.memory.write(self.store, slots.ljust(RESULT + SLOT_BYTES, b"\0"), 0)
        self.exports[name](self.store)
        return bytes(self.memory.read(self.store, RESULT, RESULT + SLOT_BYTES))


@cache
def oracle(shuffles: tuple[bytes, ...]) -> Oracle:
    return Oracle(list(shuffles))
