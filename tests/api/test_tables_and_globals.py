"""Tables and globals as Python has them."""

import pytest

from fusee import (
    Func,
    FuncType,
    FuseeError,
    Global,
    GlobalType,
    LimitError,
    Limits,
    Store,
    Table,
    TableType,
    Trap,
    ValType,
)
from tests.api.guest import Guest, engine

I32, FUNCREF, EXTERNREF = ValType.i32(), ValType.funcref(), ValType.externref()


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
    assert t.get(s, -1) is t.get(s, 4) is t.get(s, 1 << 64) is None
    for index in (4, -1, 1 << 64):
        with pytest.raises(FuseeError, match="out of bounds"):
            t.set(s, index, None)
    with pytest.raises(FuseeError, match="negative"):
        t.grow(s, -1, None)
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


def test_globals_that_are_vectors() -> None:
    store = Store(engine())
    given = Global(store, GlobalType(ValType.v128(), True), bytes(range(16)))
    assert given.value(store) == bytes(range(16))
    given.set_value(store, 1 << 127)
    assert given.value(store) == bytes(15) + b"\x80"
