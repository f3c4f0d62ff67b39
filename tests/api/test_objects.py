"""Memories, tables, globals, linkers, modules."""

import ctypes
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import fusee
from fusee import (
    Config,
    Engine,
    Func,
    FuncType,
    FuseeError,
    Global,
    GlobalType,
    Instance,
    LimitError,
    Limits,
    Linker,
    LinkError,
    MalformedError,
    Memory,
    MemoryType,
    Module,
    Store,
    Table,
    TableType,
    Trap,
    ValidationError,
    ValType,
)
from fusee.engine.state.runtime import HANDLE_SHIFT
from tests.api.guest import Guest, engine

I32, FUNCREF, EXTERNREF = ValType.i32(), ValType.funcref(), ValType.externref()
EMPTY = b"\0asm\x01\0\0\0"


def test_memory() -> None:
    g = Guest('(module (memory (export "m") 1 3) (data (i32.const 4) "data"))')
    m, s = g["m"], g.store
    assert (m.size(s), m.data_len(s), m.page_size(s)) == (1, 65536, 65536)
    assert m.read(s, 4, 8) == b"data"
    assert m.read(s, -4) == bytes(4)
    assert m.read(s, 70000) == b""
    assert m.write(s, b"DA", 4) == 2
    assert m.write(s, bytearray(b"end"), -3) == 3
    assert m.read(s, 65533) == b"end"
    for start in (65534, 65536, 70000):
        with pytest.raises(IndexError):
            m.write(s, b"end", start)
    assert ctypes.string_at(m.data_ptr(s), 8) == b"\0\0\0\0DAta"
    assert bytes(m.get_buffer_ptr(s, 2, 4)) == b"DA"
    assert m.type(s) == MemoryType(Limits(1, 3))


def test_memory_growth() -> None:
    g = Guest('(module (memory (export "m") 1 3))')
    m, s = g["m"], g.store
    m.write(s, b"kept", 0)
    assert m.grow(s, 2) == 1
    assert (m.size(s), bytes(m.read(s, 0, 4)), m.read(s, -1)) == (3, b"kept", b"\0")
    with pytest.raises(LimitError):
        m.grow(s, 1)
    with pytest.raises(FuseeError):
        m.grow(s, -1)
    with pytest.raises(LimitError):
        m.grow(s, 1 << 70)


def test_memory_as_a_buffer() -> None:
    g = Guest("""(module (memory (export "m") 1)
      (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))""")
    view = g["m"].buffer(g.store)
    view[3:5] = b"ab"
    assert g.load(3) == ord("a")
    assert (view.format, view.nbytes, view.readonly) == ("B", 65536, False)
    del g
    gc.collect()
    assert bytes(view[3:5]) == b"ab"  # the view keeps the store


def test_memory_of_the_host() -> None:
    store = Store(engine())
    m = Memory(store, MemoryType(Limits(2, 5)))
    g = Guest(
        '(module (import "" "" (memory 1 6)) (func (export "f") (result i32) (memory.grow (i32.const 1))))', [m], store
    )
    assert g.f() == 2
    assert m.size(store) == 3
    with pytest.raises(LimitError):
        Memory(store, MemoryType(Limits(1 << 40), is_64=True))
    small = Memory(store, MemoryType(Limits(5, 9), page_size_log2=0))
    assert (small.data_len(store), small.grow(store, 4)) == (5, 5)


def test_tables() -> None:
    g = Guest("""(module (table (export "t") 2 4 funcref) (elem (i32.const 1) $f)
      (func $f (export "f") (result i32) (i32.const 9))
      (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))""")
    t, s = g["t"], g.store
    assert t.get(s, 0) is None
    assert t.get(s, 1) == g["f"]
    assert t.get(s, 1)(s) == 9
    assert t.get(s, 2) is None
    t.set(s, 0, Func(s, FuncType([], [I32]), lambda: 33))
    assert g.call(0) == 33
    t.set(s, 0, Func(s, FuncType([I32], [I32]), lambda x: x))
    with pytest.raises(Trap, match="indirect call type mismatch"):
        g.call(0)
    assert t.grow(s, 2, g["f"]) == 2
    assert (t.size(s), g.call(3)) == (4, 9)
    with pytest.raises(LimitError):
        t.grow(s, 1, None)
    with pytest.raises(FuseeError):
        t.set(s, 4, None)
    with pytest.raises(TypeError):
        t.set(s, 0, "not a function")
    assert t.type(s) == TableType(FUNCREF, Limits(4, 4))


def test_tables_of_objects() -> None:
    store = Store(engine())
    t = Table(store, TableType(EXTERNREF, Limits(2)), "init")
    g = Guest(
        """(module (import "" "" (table 1 externref))
          (func (export "get") (param i32) (result externref) (table.get (local.get 0))))""",
        [t],
        store,
    )
    assert g.get(1) == "init"
    t.set(store, 1, {"any": "thing"})
    assert g.get(1) == {"any": "thing"}
    t.set(store, 1, None)
    assert g.get(1) is None


class Thing:
    """Something to hold a weak reference to."""


def test_objects_that_guests_hold_no_more_are_collected() -> None:
    store = Store(engine())
    t = Table(store, TableType(EXTERNREF, Limits(1)), None)
    g = Guest("""(module (global (export "g") (mut externref) (ref.null extern)))""", store=store)
    h = Global(store, GlobalType(EXTERNREF, True), None)
    holders: list[Callable[[Any], None]] = [
        lambda x: t.set(store, 0, x),
        lambda x: g["g"].set_value(store, x),
        lambda x: h.set_value(store, x),
    ]
    for hold in holders:
        thing = Thing()
        gone = weakref.ref(thing)
        hold(thing)
        del thing
        store.gc()
        assert gone() is not None
        hold(None)
        store.gc()
        assert gone() is None


def test_fresh_objects_do_not_pile_up() -> None:
    """Without `gc()`: as arguments, as results of host functions, and both ways; references are used again."""
    store = Store(engine())
    alive = most = 0

    class Fresh:
        def __init__(self) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    make = Func(store, FuncType([], [EXTERNREF]), Fresh)
    g = Guest(
        """(module (import "" "make" (func $make (result externref))) (table (export "t") 9 externref)
          (func (export "take") (param externref i32) (result i32) (local.get 1))
          (func (export "give") (result externref) (call $make))
          (func (export "keep") (param externref i32) (table.set (local.get 1) (local.get 0))))""",
        [make],
        store,
    )
    kept = [Fresh() for _ in range(9)]
    for at, thing in enumerate(kept):
        g.keep(thing, at)
    for number in range(100_000):
        if number % 2:
            assert g.take(Fresh(), number) == number
        else:
            assert type(g.give()) is Fresh
    assert most < 5_000
    assert all(g["t"].get(store, at) is thing for at, thing in enumerate(kept))
    references = [store._intern(object()) for _ in range(9)]
    assert max(reference >> HANDLE_SHIFT for reference in references) < 5_000


def test_one_calls_objects_are_let_go_of_while_it_runs() -> None:
    """But neither what is in its frame, nor what it returns."""
    store = Store(engine())
    made: list[weakref.ref[Thing]] = []
    alive: list[int] = []

    def make() -> Thing:
        thing = Thing()
        made.append(weakref.ref(thing))
        if len(made) % 1000 == 0:
            assert g.nothing() is None  # a call inside of the call
            alive.append(sum(thing() is not None for thing in made))
        return thing

    g = Guest(
        """(module (import "" "make" (func $make (result externref)))
          (func (export "nothing"))
          (func (export "many") (param i32) (result externref) (local externref)
            (local.set 1 (call $make))
            (loop (drop (call $make)) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))""",
        [Func(store, FuncType([], [EXTERNREF]), make)],
        store,
    )
    first = g.many(20_000)
    assert first is made[0]()
    assert len(alive) == 20
    assert max(alive) < 2500
    store.gc()
    assert sum(thing() is not None for thing in made) == 1


def test_arguments_stay_while_others_are_converted() -> None:
    """Converting one may run any code, which may look for objects that nobody refers to."""
    store = Store(engine())
    g = Guest("""(module (func (export "f") (param externref i32) (result externref) (local.get 0)))""", store=store)

    class Number(int):
        def __index__(self) -> int:
            store.gc()
            return 7

        def __and__(self, other: int) -> int:
            store.gc()
            return 7 & other

        def __add__(self, other: int) -> int:
            store.gc()
            return 7 + other

    for _ in range(3):
        thing = Thing()
        assert g.f(thing, Number(7)) is thing


def test_what_is_given_while_it_is_looked_for_objects_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may ask for references: for an object that is known, for a number used again, or for a new one."""
    store = Store(engine())
    known, more = Thing(), [Thing() for _ in range(3)]
    reference = store._intern(known)
    given: list[int] = []
    trace = store._trace

    def meanwhile(marks: "ctypes.Array[ctypes.c_ubyte]") -> int:
        looked_at = trace(marks)
        given[:] = [store._intern(known), *map(store._intern, more)]
        return looked_at

    with monkeypatch.context() as patch:
        patch.setattr(store, "_trace", meanwhile)
        store.gc()
    assert given[0] == reference
    assert [store._interned(each) for each in given] == [known, *more]
    store.gc()
    assert not store._objects


def test_looking_for_objects_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a million places is not looked through for a thousand objects."""
    store = Store(engine())
    Table(store, TableType(EXTERNREF, Limits(1_000_000)), None)
    looked: list[int] = []
    trace = store._trace

    def count(marks: Any) -> int:
        looked.append(trace(marks))
        return looked[-1]

    monkeypatch.setattr(store, "_trace", count)
    g = Guest('(module (func (export "f") (param externref)))', store=store)
    for _ in range(20_000):
        g.f(Thing())
    assert len(looked) == 1
    assert looked[0] > 1_000_000


def test_globals() -> None:
    store = Store(engine())
    g = Global(store, GlobalType(I32, True), -5)
    assert g.value(store) == -5
    guest = Guest(
        """(module (import "" "" (global $g (mut i32))) (export "g" (global $g))
          (global (export "x") externref (ref.null extern)) (global (export "d") f64 (f64.const 1.5))
          (func (export "next") (result i32)
            (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))""",
        [g],
        store,
    )
    assert guest.next() == -4
    assert (g.value(store), g.value_raw(store)) == (-4, [0xFFFF_FFFC])
    g.set_value(store, 8)
    assert guest.next() == 9
    assert guest["g"] == g
    assert guest["x"].value(store) is None
    assert guest["d"].value(store) == 1.5
    with pytest.raises(FuseeError, match="immutable"):
        guest["d"].set_value(store, 2.0)
    with pytest.raises(TypeError):
        g.set_value(store, "8")
    assert guest["d"].type(store) == GlobalType(ValType.f64(), False)


def test_exports() -> None:
    g = Guest('(module (func (export "f")) (memory (export "m") 1) (global (export "g") i32 (i32.const 1)))')
    exports = g.instance.exports(g.store)
    assert list(exports) == ["f", "m", "g"]
    assert len(exports) == 3
    assert exports["m"] is exports.by_index[1] is exports[1]
    assert "nothing" not in exports
    with pytest.raises(KeyError):
        exports["nothing"]


def test_types_of_a_module() -> None:
    module = Module(
        engine(),
        """(module (import "a" "f" (func (param i32) (result i64))) (import "a" "t" (table 1 2 funcref))
          (import "b" "m" (memory 1)) (import "b" "g" (global (mut f32)))
          (func (export "e") (result (ref null 0)) (ref.null 0)) (memory (export "big") i64 7))""",
    )
    imports = [(i.module, i.name, i.type) for i in module.imports]
    assert imports == [
        ("a", "f", FuncType([I32], [ValType.i64()])),
        ("a", "t", TableType(FUNCREF, Limits(1, 2))),
        ("b", "m", MemoryType(Limits(1))),
        ("b", "g", GlobalType(ValType.f32(), True)),
    ]
    assert [e.name for e in module.exports] == ["e", "big"]
    assert module.exports[1].type == MemoryType(Limits(7), is_64=True)


def test_modules_that_are_none() -> None:
    with pytest.raises(MalformedError) as malformed:
        Module(engine(), b"\0asm\x02\0\0\0")
    assert malformed.value.message == "unknown binary version"
    with pytest.raises(ValidationError) as invalid:
        Module(engine(), "(module (func (result i32)))")
    assert invalid.value.message == "type mismatch"
    assert invalid.value.offset is not None
    with pytest.raises(FuseeError, match="expected"):
        Module(engine(), "(module (nonsense))")
    with pytest.raises(ValidationError):
        Module.validate(engine(), bytes(fusee.wat2wasm("(module (func (result i32)))")))
    Module.validate(engine(), EMPTY)
    with pytest.raises(TypeError):
        Module(engine(), 5)  # type: ignore[arg-type]


def test_features_can_be_switched_off() -> None:
    config = Config()
    config.wasm_memory64 = False
    text = "(module (memory i64 1))"
    Module(engine(), text)
    with pytest.raises(FuseeError):
        Module(Engine(config), text)


def test_files_and_serialization(tmp_path: Any) -> None:
    path = tmp_path / "a.wasm"
    path.write_bytes(fusee.wat2wasm('(module (func (export "f") (result i32) (i32.const 3)))'))
    (tmp_path / "b.wat").write_text("(module)")
    module = Module.from_file(engine(), path)
    assert Module.from_file(engine(), str(tmp_path / "b.wat")).exports == []
    encoded = module.serialize()
    assert [e.name for e in Module.deserialize(engine(), encoded).exports] == ["f"]
    (tmp_path / "c").write_bytes(encoded)
    assert [e.name for e in Module.deserialize_file(engine(), tmp_path / "c").exports] == ["f"]
    with pytest.raises(FuseeError):
        Module.deserialize(engine(), EMPTY)


def test_linker() -> None:
    linker, store = Linker(engine()), Store(engine())
    linker.define_func("host", "three", FuncType([], [I32]), lambda: 3)
    linker.define(store, "host", "memory", Memory(store, MemoryType(Limits(1))))
    first = linker.instantiate(
        store, Module(engine(), '(module (import "host" "three" (func $f (result i32))) (export "three" (func $f)))')
    )
    linker.define_instance(store, "first", first)
    linker.alias_module("first", "second")
    linker.alias("first", "three", "x", "y")
    module = Module(
        engine(),
        """(module (import "second" "three" (func $f (result i32))) (import "x" "y" (func (result i32)))
          (import "host" "memory" (memory 1))
          (func (export "six") (result i32) (i32.add (call $f) (call 1))))""",
    )
    for instance in (linker.instantiate(store, module), linker.instantiate_pre(module).instantiate(store)):
        six = instance.exports(store)["six"]
        assert isinstance(six, Func)
        assert six(store) == 6
    with pytest.raises(FuseeError, match="defined twice"):
        linker.define_func("host", "three", FuncType([], [I32]), lambda: 4)
    linker.allow_shadowing = True
    linker.define_func("host", "three", FuncType([], [I32]), lambda: 4)
    assert linker.get_default(store, "nobody")(store) is None


def test_imports_that_do_not_fit() -> None:
    linker, store = Linker(engine()), Store(engine())
    module = Module(engine(), '(module (import "a" "b" (func (param i32))))')
    with pytest.raises(LinkError, match="unknown import: `a::b` has not been defined"):
        linker.instantiate(store, module)
    linker.define_func("a", "b", FuncType([], []), lambda: None)
    with pytest.raises(LinkError, match="incompatible import type for `a::b`"):
        linker.instantiate(store, module)
    with pytest.raises(LinkError, match="incompatible import type for `a::b`"):
        Instance(store, module, [Memory(store, MemoryType(Limits(1)))])
    with pytest.raises(LinkError, match="expected 1 imports, found 0"):
        Instance(store, module, [])


def test_unknown_imports() -> None:
    module = Module(
        engine(),
        """(module (type $t (sub (func (result i32))))
          (import "a" "f" (func $f (type $t))) (import "a" "g" (global i64)) (import "a" "t" (table 1 externref))
          (import "a" "m" (memory 2)) (func (export "run") (result i32) (call $f)))""",
    )
    linker, store = Linker(engine()), Store(engine())
    linker.define_unknown_imports_as_default_values(store, module)
    run = linker.instantiate(store, module).exports(store)["run"]
    assert isinstance(run, Func)
    assert run(store) == 0
    linker = Linker(engine())
    twice = '(import "a" "f" (func $f)) (import "a" "f" (func))'
    text = f'(module {twice} (func (export "run") (call $f)))'
    linker.define_unknown_imports_as_traps(Module(engine(), text))
    run = linker.instantiate(store, Module(engine(), text)).exports(store)["run"]
    assert isinstance(run, Func)
    with pytest.raises(LinkError, match="unknown import"):
        run(store)


def test_a_closed_module_ends_although_its_types_were_read() -> None:
    text = '(module (import "a" "f" (func (param i32))) (func (export "g") (param i64)))'
    module = Module(engine(), text)
    assert module.imports[0].type == FuncType([ValType.i32()], [])
    assert module.exports[0].type == FuncType([ValType.i64()], [])
    assert module._lifetime is not None
    lifetime = weakref.ref(module._lifetime)
    module.close()
    gc.collect()
    assert lifetime() is None


def test_commands_and_reactors() -> None:
    linker, store = Linker(engine()), Store(engine())
    counter = """(global $g (mut i32) (i32.const 0))
      (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))"""
    linker.define_module(
        store,
        "reactor",
        Module(engine(), f'(module {counter} (func (export "_initialize") (global.set $g (i32.const 10))))'),
    )
    linker.define_module(store, "command", Module(engine(), f'(module {counter} (func (export "_start")))'))
    reactor, command = (linker.get(store, name, "next") for name in ("reactor", "command"))
    assert isinstance(reactor, Func)
    assert isinstance(command, Func)
    assert [reactor(store) for _ in range(3)] == [11, 12, 13]
    assert [command(store) for _ in range(3)] == [1, 1, 1]
    linker.get_default(store, "command")(store)


def test_limits_of_a_store() -> None:
    store = Store(engine())
    store.set_limits(memory_size=1 << 17, table_elements=5, instances=2, memories=2, tables=1)
    g = Guest(
        """(module (memory (export "m") 1) (table (export "t") 1 funcref)
          (func (export "grow") (result i32) (memory.grow (i32.const 1))))""",
        store=store,
    )
    assert [g.grow() for _ in range(3)] == [1, -1, -1]
    with pytest.raises(LimitError):
        g["t"].grow(store, 5, None)
    with pytest.raises(LimitError):
        Guest("(module (memory 3))", store=store)
    with pytest.raises(LimitError):
        Guest("(module (table 1 funcref))", store=store)
    with pytest.raises(LimitError):
        Guest("(module)", store=store)
    store.set_limits()
    Guest("(module (memory 3))", store=store)


def test_memories_far_over_the_limit() -> None:
    for text in (
        "(memory i64 0x1000000000000)",
        "(table 0xffffffff funcref)",
        "(table i64 0xffffffffffffffff funcref)",
    ):
        with pytest.raises(LimitError):
            Guest(f"(module {text})")


def test_failed_instances_leave_the_store_usable() -> None:
    store = Store(engine())
    t = Table(store, TableType(FUNCREF, Limits(4)), None)
    text = """(module (import "" "" (table 4 funcref)) (elem (i32.const 1) $f)
      (func $f (result i32) (i32.const 77)) (memory 1) (data (i32.const 65536) "x"))"""
    with pytest.raises(Trap, match="out of bounds memory access"):
        Guest(text, [t], store)
    gc.collect()
    assert t.get(store, 1)(store) == 77


def test_modules_belong_to_their_engine() -> None:
    with pytest.raises(FuseeError):
        Instance(Store(Engine()), Module(engine(), EMPTY), [])


class Huge(bytes):
    """Bytes that say that they are more than 32 bits can count."""

    def __len__(self) -> int:
        return (1 << 32) + 8


def test_the_size_of_a_module_does_not_wrap() -> None:
    with pytest.raises(ValidationError, match="larger than 1 GiB"):
        engine()._compile(Huge(EMPTY))
