"""Loads and stores of lanes, and loads that make a vector of a number: in every lane, from every kind of memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fusee import Config, Engine, Instance, Module, Store, Trap
from fusee.disasm.listing import list_function, own_functions
from fusee.engine.isa.lanes import ACCESSES, has_row, row_of
from fusee.spec.op import Imm, Op

BYTES = 16
PLACE, OFFSET = 40, 5
CONTENTS = bytes((37 * n + 11) & 0xFF for n in range(256))  # half of them above 127
VECTOR = bytes(range(0xE0, 0xF0))
MEMORIES = {"the first": ("", "i32"), "another": ("$other", "i32"), "a wide one": ("$wide", "i64")}
ADDRESSES = {
    "a parameter": "(local.get 0)",
    "a constant": f"({{kind}}.const {PLACE})",
    "a sum": "({kind}.add (local.get 0) ({kind}.const 0))",
    "computed": "({kind}.xor (local.get 0) (local.get 0)) (local.get 0) {kind}.add",
}


def loaded(op: Op) -> bytes:
    """What a load that takes no vector gives."""
    data = CONTENTS[PLACE + OFFSET : PLACE + OFFSET + op.width]
    name = op.mnemonic.partition("load")[2]
    if name.endswith("_splat"):
        return data * (BYTES // op.width)
    if name.endswith("_zero"):
        return data.ljust(BYTES, b"\0")
    narrow = int(name.partition("x")[0]) // 8
    lanes = [data[n : n + narrow] for n in range(0, op.width, narrow)]
    is_signed = name.endswith("_s")
    return b"".join(
        int.from_bytes(lane, "little", signed=is_signed).to_bytes(2 * narrow, "little", signed=is_signed)
        for lane in lanes
    )


def functions(op: Op, memory: str, address: str) -> Iterator[str]:
    """One for each lane, with the lane's number for a name."""
    kind = MEMORIES[memory][1]
    where = ADDRESSES[address].format(kind=kind)
    for lane in range(op.lanes or 1):
        immediates = f"{MEMORIES[memory][0]} offset={OFFSET} {lane if Imm.LANE in op.immediates else ''}"
        vector = "(local.get 1)" if Imm.LANE in op.immediates else ""
        result = "(result v128)" if op.results else ""
        yield f'(func (export "{lane}") (param {kind} v128) {result} {where} {vector} ({op.mnemonic} {immediates}))'


def module_of(op: Op, memory: str, address: str) -> str:
    data = "".join(f"\\{byte:02x}" for byte in CONTENTS)
    first, rest = '(memory (export "memory") 1)', "(memory $other 1) (memory $wide i64 1)"
    named = {"another": '(export "observed" (memory $other))', "a wide one": '(export "observed" (memory $wide))'}
    segments = "".join(f'(data (memory {n}) ({kind}.const 0) "{data}")' for n, kind in enumerate(("i32", "i32", "i64")))
    observed = named.get(memory, '(export "observed" (memory 0))')
    return f"(module {first} {rest} {observed} {segments} {' '.join(functions(op, memory, address))})"


def opened(text: str) -> tuple[Store, Any]:
    config = Config()
    config.wasm_memory64 = config.wasm_multi_memory = True
    store = Store(engine := Engine(config))
    return store, Instance(store, Module(engine, text), []).exports(store)


def check_lane(op: Op, lane: int, store: Store, exports: Any) -> None:
    at, first = PLACE + OFFSET, lane * op.width
    found = exports[str(lane)](store, PLACE, VECTOR)
    if op.results:
        expected = loaded(op) if not op.lanes else (
            VECTOR[:first] + CONTENTS[at : at + op.width] + VECTOR[first + op.width :]
        )  # fmt: skip
        assert bytes(found) == expected, (op.mnemonic, lane)
    else:
        expected = CONTENTS[:at] + VECTOR[first : first + op.width] + CONTENTS[at + op.width :]
        memory = exports["observed"]
        assert bytes(memory.read(store, 0, 256)) == expected, (op.mnemonic, lane)
        memory.write(store, CONTENTS, 0)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("memory", MEMORIES)
def test_every_lane(memory: str, address: str) -> None:
    for op in ACCESSES:
        store, exports = opened(module_of(op, memory, address))
        for lane in range(op.lanes or 1):
            check_lane(op, lane, store, exports)


def test_the_last_byte_and_the_one_behind() -> None:
    for op in ACCESSES:
        store, exports = opened(module_of(op, "the first", "a parameter"))
        call: Callable[..., Any] = exports["0"]
        last = 0x1_0000 - OFFSET - op.width
        call(store, last, VECTOR)
        for beyond in (last + 1, -1):
            with pytest.raises(Trap, match="out of bounds memory access"):
                call(store, beyond, VECTOR)


def test_it_is_one_instruction() -> None:
    """Also with a sum for its address, if vectors have many forms in this process's engine."""
    for op in filter(has_row, ACCESSES):
        module = Module(Engine(), module_of(op, "the first", "a parameter"))
        for lane, index in enumerate(own_functions(module)):
            names = list_function(module, index).names
            assert any(name.startswith(row_of(op.mnemonic, lane)) for name in names), (op.mnemonic, lane, names)


LANES = [(width, lane) for width in (8, 16, 32, 64) for lane in range(128 // width)]


@pytest.mark.parametrize("address", ["i32", "i64"])
def test_memory_by_lanes(address: str) -> None:
    """Loads and stores of each lane, in the first memory and in another one."""
    functions = []
    for memory in (0, 1):
        for width, lane in LANES:
            functions.append(f"""
              (func (export "load{memory} {width} {lane}") (param {address} v128) (result v128)
                (v128.load{width}_lane {memory} offset=3 {lane} (local.get 0) (local.get 1)))
              (func (export "store{memory} {width} {lane}") (param {address} v128)
                (v128.store{width}_lane {memory} offset=2 {lane} (local.get 0) (local.get 1)))""")
    kind = "i64 " if address == "i64" else ""
    memories = f'(memory (export "m0") {kind}1) (memory (export "m1") {kind}1)'
    store = Store(engine := Engine())
    module = Module(engine, f"(module {memories} {''.join(functions)})")
    exports: Any = Instance(store, module, []).exports(store)
    other = bytes(range(BYTES))
    for memory in (0, 1):
        view = exports[f"m{memory}"]
        for width, lane in LANES:
            size = width // 8
            view.write(store, VECTOR, 1000)
            loaded = exports[f"load{memory} {width} {lane}"](store, 1000, other)
            assert loaded == other[: lane * size] + VECTOR[3 : 3 + size] + other[(lane + 1) * size :]
            exports[f"store{memory} {width} {lane}"](store, 1000, other)
            stored = VECTOR[:2] + other[lane * size : (lane + 1) * size] + VECTOR[2 + size :]
            assert view.read(store, 1000, 1016) == stored
