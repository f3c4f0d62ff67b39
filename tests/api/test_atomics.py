"""Atomic instructions on memories of one thread: what each gives and leaves, where it traps, and how it is written."""

import re
from typing import Any

import pytest

from fusee import Config, Engine, Func, Instance, Module, Store, Trap, TrapCode, ValidationError
from fusee.spec import atomic_opcodes
from fusee.spec.op import Op

PLACE, OFFSET = 40, 24
BEFORE = 0x8899_AABB_CCDD_EEFF
OPERAND = 0xF1E2_D3C4_B5A6_9788

MEMORIES = {
    "first": ("(memory 1)", "", "i32"),
    "another": ("(memory 0) (memory 1)", "1 ", "i32"),
    "64-bit": ("(memory i64 1)", "", "i64"),
    "another 64-bit": ("(memory 0) (memory i64 1)", "1 ", "i64"),
}
ROWS = [op for op in vars(atomic_opcodes).values() if isinstance(op, Op) and op.mnemonic[0] == "i"]


def function(op: Op, name: str, memory: str, address: str, wide: bool) -> str:
    """A function that executes one instruction, with a vector among its locals or without."""
    types = [address if kind == "addr" else kind for kind in op.params or ()]
    result = f"(result {op.results[0]})" if op.results else ""
    gets = " ".join(f"(local.get {place})" for place in range(len(types)))
    return (
        f'(func (export "{name}") (param {" ".join(types)}) {result} {"(local v128)" if wide else ""}'
        f" ({op.mnemonic} {memory}offset={OFFSET} {gets}))"
    )


def expected(op: Op) -> tuple[int | None, int]:
    """What an instruction gives, and what is in memory then."""
    bits = 8 * op.width
    mask = (1 << bits) - 1
    old, value = BEFORE & mask, OPERAND & mask
    found = re.search(r"(load|store|add|sub|and|or|xor|xchg|cmpxchg)", op.mnemonic.partition("atomic")[2])
    assert found is not None
    new = {
        "load": old, "store": value, "add": old + value, "sub": old - value, "and": old & value, "or": old | value,
        "xor": old ^ value, "xchg": value, "cmpxchg": value,
    }[found[1]] & mask  # fmt: skip
    return (None if found[1] == "store" else old), BEFORE & ~mask | new


def unsigned(number: Any, bits: int) -> Any:
    return number if number is None else int(number) & (1 << bits) - 1


@pytest.fixture(params=MEMORIES)
def exports(request: pytest.FixtureRequest) -> tuple[Store, Any]:
    declaration, memory, address = MEMORIES[request.param]
    body = [function(op, f"{op.mnemonic}{'+' * wide}", memory, address, wide) for op in ROWS for wide in (False, True)]
    number = memory.strip() or "0"
    text = f'(module {declaration} (export "memory" (memory {number})) {" ".join(body)})'
    store = Store(engine := Engine())
    return store, Instance(store, Module(engine, text), []).exports(store)


def test_all_of_them(exports: tuple[Store, Any]) -> None:
    """63 instructions; compare-exchange where it finds what it expects, of which only the low bytes count."""
    store, items = exports
    assert len(ROWS) == 63
    for op in ROWS:
        bits = int(op.mnemonic[1:3])
        operands = [OPERAND & (1 << bits) - 1] * (len(op.params or ()) - 1)
        if "cmpxchg" in op.mnemonic:
            operands[0] = BEFORE & (1 << bits) - 1
        for wide in ("", "+"):
            items["memory"].write(store, BEFORE.to_bytes(8, "little"), PLACE + OFFSET)
            given = items[op.mnemonic + wide](store, PLACE, *operands)
            after = int.from_bytes(items["memory"].read(store, PLACE + OFFSET, PLACE + OFFSET + 8), "little")
            assert (op.mnemonic, unsigned(given, bits), after) == (op.mnemonic, *expected(op))


def test_exchange_only_if_equal(exports: tuple[Store, Any]) -> None:
    store, items = exports
    items["memory"].write(store, BEFORE.to_bytes(8, "little"), PLACE + OFFSET)
    for op in ROWS:
        if "cmpxchg" in op.mnemonic:
            bits = int(op.mnemonic[1:3])
            given = items[op.mnemonic](store, PLACE, 0x11, OPERAND & (1 << bits) - 1)
            assert unsigned(given, bits) == BEFORE & (1 << 8 * op.width) - 1
    assert int.from_bytes(items["memory"].read(store, PLACE + OFFSET, PLACE + OFFSET + 8), "little") == BEFORE


def test_traps(exports: tuple[Store, Any]) -> None:
    """What is not aligned traps, before anybody looks whether it is inside of the memory."""
    store, items = exports
    for op in ROWS:
        operands = [0] * (len(op.params or ()) - 1)
        crooked = [place for place in (65535 - OFFSET, 65537 - OFFSET) if (place + OFFSET) % op.width]
        outside = [place for place in (65536 - OFFSET, -8, -OFFSET) if (place + OFFSET) % op.width == 0]
        for place, code in [(place, TrapCode.HEAP_MISALIGNED) for place in crooked] + [
            (place, TrapCode.MEMORY_OUT_OF_BOUNDS) for place in outside
        ]:
            with pytest.raises(Trap) as caught:
                items[op.mnemonic](store, place, *operands)
            assert (op.mnemonic, place, caught.value.trap_code) == (op.mnemonic, place, code)


WAITING = """(module (memory 1)
  (func (export "notify") (param i32) (result i32) (memory.atomic.notify offset=4 (local.get 0) (i32.const -1)))
  (func (export "wait32") (param i32) (result i32)
    (memory.atomic.wait32 offset=4 (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "wait64") (param i32) (result i32)
    (memory.atomic.wait64 offset=8 (local.get 0) (i64.const 0) (i64.const 0)))
  (func (export "fence") (result i32) (atomic.fence) (i32.const 5) (atomic.fence)))"""


@pytest.mark.parametrize("checked", [False, True])
def test_waiting_for_nobody(checked: bool) -> None:
    config = Config()
    config.checked = checked
    store = Store(engine := Engine(config))
    items: Any = Instance(store, Module(engine, WAITING), []).exports(store)
    assert (items["notify"](store, 0), items["fence"](store)) == (0, 5)
    for name, place, code in (
        ("wait32", 0, TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY),
        ("wait64", 8, TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY),
        ("wait32", 2, TrapCode.HEAP_MISALIGNED),
        ("wait64", 4, TrapCode.HEAP_MISALIGNED),
        ("notify", 1, TrapCode.HEAP_MISALIGNED),
        ("notify", 65536, TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("wait32", -4, TrapCode.MEMORY_OUT_OF_BOUNDS),
    ):
        with pytest.raises(Trap) as caught:
            items[name](store, place)
        assert caught.value.trap_code == code


def test_alignment_must_be_natural() -> None:
    engine = Engine()
    for text in (
        "(i64.atomic.load align=4 (i32.const 0))",
        "(i64.atomic.rmw16.add_u align=1 (i32.const 0) (i64.const 0))",
    ):
        with pytest.raises(ValidationError, match="alignment"):
            Module(engine, f"(module (memory 1) (func (drop {text})))")


def test_operands_are_evaluated_once_and_in_order() -> None:
    """A counter's values are taken by a host function among the operands of nested instructions."""
    text = """(module (import "" "next" (func $next (result i32))) (memory 1)
      (func (export "f") (result i32)
        (i32.atomic.rmw.cmpxchg
          (i32.atomic.rmw.add (i32.const 0) (call $next))
          (i32.atomic.rmw8.xchg_u (i32.const 1) (call $next))
          (i32.atomic.rmw16.or_u (i32.const 2) (call $next)))))"""
    store = Store(engine := Engine())
    numbers = iter((4, 6, 9))
    module = Module(engine, text)
    next_number = Func(store, module.imports[0].type, lambda: next(numbers))  # type: ignore[arg-type]
    f: Any = Instance(store, module, [next_number]).exports(store)["f"]
    assert f(store) == 0x0009_0604
