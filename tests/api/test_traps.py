"""Traps: their codes, and backtraces."""

import pytest

from fusee import Config, Engine, Func, FuseeError, Instance, Module, Store, Trap, TrapCode
from tests.api.guest import Guest

TRAPS = [
    ("(unreachable)", TrapCode.UNREACHABLE, "unreachable"),
    ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", TrapCode.INTEGER_DIVISION_BY_ZERO, "integer divide by zero"),
    ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapCode.INTEGER_OVERFLOW, "integer overflow"),
    ("(drop (i32.load (i32.const 65533)))", TrapCode.MEMORY_OUT_OF_BOUNDS, "out of bounds memory access"),
    ("(call_indirect (i32.const 0))", TrapCode.INDIRECT_CALL_TO_NULL, "uninitialized element"),
    ("(call_indirect (i32.const 9))", TrapCode.TABLE_OUT_OF_BOUNDS, "undefined element"),
    ("(drop (table.get (i32.const 2)))", TrapCode.TABLE_OUT_OF_BOUNDS, "out of bounds table access"),
    ("(call $f)", TrapCode.STACK_OVERFLOW, "call stack exhausted"),
]


@pytest.mark.parametrize(("body", "code", "message"), TRAPS)
def test_traps(body: str, code: TrapCode, message: str) -> None:
    g = Guest(f'(module (memory 1) (table 2 funcref) (func $f (export "f") {body}))')
    with pytest.raises(Trap) as caught:
        g.f()
    assert caught.value.trap_code is code
    assert caught.value.reason == message
    assert isinstance(caught.value, FuseeError)


def test_backtrace() -> None:
    g = Guest("""(module $watch
      (func $inner (unreachable))
      (func $middle (nop) (call $inner))
      (func (export "outer") (call $middle)))""")
    with pytest.raises(Trap) as caught:
        g.outer()
    frames = caught.value.frames
    assert [(f.func_index, f.func_name, f.module_name) for f in frames] == [
        (0, "inner", "watch"),
        (1, "middle", "watch"),
        (2, None, "watch"),
    ]
    binary = g.module._binary
    assert binary[frames[0].module_offset] == 0x00  # unreachable
    assert [binary[f.module_offset] for f in frames[1:]] == [0x10, 0x10]  # call
    assert frames[1].func_offset > frames[0].func_offset
    assert "watch!inner" in str(caught.value)


@pytest.mark.parametrize("fuel", [False, True])
def test_the_backtrace_of_a_long_function(fuel: bool) -> None:
    """Each of many traps, and of many calls, is where it is; also behind code that nobody reaches, and a long table."""
    check = "(if (i32.eq (local.get 0) (i32.const {0})) (then (unreachable)))"
    call = "(if (i32.eq (local.get 0) (i32.const {0})) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))"
    table = f"(block (br_table {'0 ' * 500} (local.get 0)))"
    parts = [(call if n % 3 == 1 else check).format(n) + ("(nop)" * 5000 if n == 77 else "") for n in range(300)]
    parts[100] += "(block (br 0) " + "(drop (i32.const 1))" * 2000 + ")" + table
    config = Config()
    config.consume_fuel = fuel
    store = Store(Engine(config))
    if fuel:
        store.set_fuel(1 << 40)
    module = Module(store.engine, f'(module (func $f (export "f") (param i32) {" ".join(parts)}))')
    f = Instance(store, module, []).exports(store)["f"]
    assert isinstance(f, Func)
    places: dict[int, int] = {}
    for n in range(300):
        if n % 3 != 2:
            with pytest.raises(Trap) as caught:
                f(store, n)
            frames = caught.value.frames
            assert [module._binary[frame.module_offset] for frame in frames] == ([0x00, 0x10] if n % 3 else [0x00])
            places[n] = frames[-1].module_offset
            assert frames[0].module_offset == places[n - n % 3]
    assert sorted(places.values()) == [places[n] for n in sorted(places)]
    assert len(set(places.values())) == len(places)


def test_a_deep_backtrace_through_many_functions() -> None:
    """Functions that call each other in turn; each frame names its own instruction, however they are mixed."""
    count = 7
    bodies = "".join(
        f"""(func $f{n} (param i32) {"(nop)" * n * 40}
          (if (i32.eqz (local.get 0)) (then (unreachable)))
          (call $f{(n * 3 + 1) % count} (i32.sub (local.get 0) (i32.const 1))) (drop (i32.const {n})))"""
        for n in range(count)
    )
    g = Guest(f'(module {bodies} (export "f" (func $f0)))')
    with pytest.raises(Trap) as caught:
        g.f(50)
    chain = [0]
    for _ in range(50):
        chain.append((chain[-1] * 3 + 1) % count)
    frames, binary = caught.value.frames, g.module._binary
    assert [f.func_index for f in frames] == chain[::-1]
    assert binary[frames[0].module_offset] == 0x00  # unreachable
    assert {binary[f.module_offset] for f in frames[1:]} == {0x10}  # call
    assert [binary[f.module_offset + 1] for f in frames[1:]] == chain[:0:-1]
    assert len({(f.func_index, f.module_offset) for f in frames[1:]}) == len(set(chain[:-1]))
