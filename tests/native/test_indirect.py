"""Calls through tables and references natively: who may be called is known, or not; each is what it is interpreted."""

from typing import Any

import pytest
from wasmtime import wat2wasm

from fusee import Engine, Func, FuncType, Instance, Limits, Module, Store, Table, TableType, Trap, TrapCode, ValType
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, Options, plan
from fusee.native.module import FuncType as NativeType
from fusee.native.sections import read_module
from tests.native.parts import natively

ALONE = """(module
  (type $t (func (param i32) (result i32)))
  (type $u (func (result i32)))
  {table}
  (global $count (mut i32) (i32.const 0))
  {functions}
  (func (export "call") (param i32 i32) (result i32)
    (call_indirect (type $t) (local.get 1) (local.get 0)))
  (func (export "tail") (param i32 i32) (result i32)
    (return_call_indirect (type $t) (local.get 1) (local.get 0)))
  (func (export "loop") (param i32 i32) (result i32)
    (loop $more
      (local.set 1 (call_indirect (type $t) (local.get 1) (local.get 0)))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (br_if $more (i32.lt_u (global.get $count) (i32.const 3))))
    (local.get 1)))"""
DOUBLE = "(func $double (type $t) (i32.mul (local.get 0) (i32.const 2)))"
THRICE = "(func $thrice (type $t) (i32.mul (local.get 0) (i32.const 3)))"
FAULTY = "(func $faulty (type $t) (i32.div_u (i32.const 1) (local.get 0)))"
OTHER = "(func $other (type $u) (i32.const 5))"
TWIN = "(type $v (func (param i32) (result i32))) (func $twin (type $v) (i32.const 9))"
CASES = {
    "one": ("(table 4 4 funcref) (elem (i32.const 1) $double)", DOUBLE),
    "two": ("(table 4 4 funcref) (elem (i32.const 1) $double $faulty)", DOUBLE + FAULTY),
    "types": ("(table 4 4 funcref) (elem (i32.const 1) $double $other)", DOUBLE + OTHER),
    "types of several": ("(table 4 4 funcref) (elem (i32.const 0) $double $thrice $other)", DOUBLE + THRICE + OTHER),
    "an equal type": ("(table 4 4 funcref) (elem (i32.const 1) $twin)", TWIN),
    "none": ("(table 4 4 funcref) (elem (i32.const 1) $other)", OTHER),
    "it grows": ("(table 2 9 funcref) (elem (i32.const 1) $double)", DOUBLE),
    "64 bits": ("(table i64 4 4 funcref) (elem (i64.const 1) $double $other)", DOUBLE + OTHER),
    "empty": ("(table 0 0 funcref)", DOUBLE),
}


def outcome(store: Store, called: Any, *operands: int) -> Any:
    try:
        return called(store, *operands)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]


def outcomes(text: str) -> list[Any]:
    """Of the three functions, with each element and a few that are none."""
    found = []
    for name in ("call", "tail", "loop"):
        for element in (0, 1, 2, 3, 4, 5, -1):
            store = Store(Engine())
            exports: Any = Instance(store, Module(store.engine, text), []).exports(store)
            found += [outcome(store, exports[name], element, operand) for operand in (0, 7)]
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_same_as_interpreted(name: str) -> None:
    table, functions = CASES[name]
    text = ALONE.format(table=table, functions=functions)
    if name == "64 bits":
        text = text.replace("(local.get 1) (local.get 0)))", "(local.get 1) (i64.extend_i32_u (local.get 0))))")
    with natively("none"):
        expected = outcomes(text)
    for part in ("all", "second", "half:3"):
        with natively(part):
            assert outcomes(text) == expected, part
    assert any(isinstance(one, int) for one in expected) == (name not in ("none", "empty"))
    assert any(not isinstance(one, int) for one in expected)


def written(table: str, functions: str) -> str:
    binary = bytes(wat2wasm(ALONE.format(table=table, functions=functions)))
    return Compiler(plan(binary), Options(Target.host())).text(0)


def test_the_only_one_is_called_directly() -> None:
    direct = '@"native.f0"(ptr %ctx, ptr %top'
    assert written(*CASES["one"]).count(direct) == 2  # the third is a jump
    assert written(*CASES["types"]).count(direct) == 2


REFERRED = """(module
  (type $t (func (param i32) (result i32)))
  (import "" "host" (func $host (type $t)))
  (func $a (type $t) (local.get 0))
  (func $b (result i32) (i32.const 1))
  (func $c (type $t) (local.get 0))
  (table 3 3 funcref) (elem (i32.const 0) $a)
  (global funcref (ref.func $b))
  (export "host" (func $host))
  {more})"""
T, U = NativeType(("i32",), ("i32",)), NativeType((), ("i32",))


def referred(more: str) -> dict[NativeType, list[int]] | None:
    found = read_module(bytes(wat2wasm(REFERRED.format(more=more)))).referred
    return found and {type_: sorted(indices) for type_, indices in found.items()}


def test_whom_references_may_be_to() -> None:
    assert referred("") == {T: [0, 1], U: [2]}
    assert referred("(elem declare func $c)") == {T: [0, 1, 3], U: [2]}
    assert referred('(export "c" (func $c))') == {T: [0, 1, 3], U: [2]}
    assert referred("(table 1 1 funcref (ref.func $c))") == {T: [0, 1, 3], U: [2]}
    assert referred('(memory (export "memory") 1) (global (export "g") i32 (i32.const 0))') == {T: [0, 1], U: [2]}


@pytest.mark.parametrize("more", [
    '(table (export "table") 1 funcref)',
    '(export "table" (table 0))',
    '(global (export "global") (mut funcref) (ref.null func))',
    '(func (export "put") (param funcref) (table.set (i32.const 0) (local.get 0)))',
    "(type $result (func (result (ref null $t))))",
    "(type $structure (struct (field (mut funcref))))",
    "(type $array (array (mut (ref null $t))))",
    "(tag (param funcref))",
])  # fmt: skip
def test_references_from_outside(more: str) -> None:
    assert referred(more) is None


def test_imported_tables_and_globals() -> None:
    for imported in ("(table 1 1 funcref)", "(global funcref)"):
        module = read_module(bytes(wat2wasm(f'(module (import "" "" {imported}) (func $a) (elem declare func $a))')))
        assert module.referred is None
    module = read_module(bytes(wat2wasm('(module (import "" "" (table 1 1 externref)) (func (export "a")))')))
    assert module.referred == {NativeType((), ()): [0]}


SHARED = """(module
  (type $t (func (param i32) (result i32)))
  (table (export "table") 4 4 funcref)
  (elem (i32.const 0) $own)
  (global $factor i32 (i32.const {factor}))
  (func $own (export "own") (type $t) (i32.mul (local.get 0) (global.get $factor)))
  (func (export "call") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 1) (local.get 0))))"""


@pytest.mark.parametrize("part", ["none", "all", "second"])
def test_functions_of_others_in_a_table(part: str) -> None:
    """Another instance's function, which has globals of its own, and a host function."""
    with natively(part):
        store = Store(Engine())
        first, second = (
            Instance(store, Module(store.engine, SHARED.format(factor=factor)), []).exports(store) for factor in (3, 5)
        )
        table: Any = first["table"]
        assert isinstance(table, Table)
        table.set(store, 1, second["own"])
        table.set(store, 2, Func(store, FuncType([ValType.i32()], [ValType.i32()]), lambda number: number + 100))
        call: Any = first["call"]
        assert [call(store, element, 7) for element in (0, 1, 2)] == [21, 35, 107]


IMPORTED = """(module
  (type $t (func (param i32) (result i32)))
  (import "" "host" (func $host (type $t)))
  (table 2 2 funcref) (elem (i32.const 0) $host {more})
  {functions}
  (func (export "call") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 1) (local.get 0))))"""


@pytest.mark.parametrize("part", ["none", "all"])
@pytest.mark.parametrize("more", [("", ""), ("$double", DOUBLE)])
def test_imported_functions_in_a_table(part: str, more: tuple[str, str]) -> None:
    """A host function, and a function of an instance that has globals of its own."""
    text = IMPORTED.format(more=more[0], functions=more[1])
    with natively(part):
        store = Store(Engine())
        host = Func(store, FuncType([ValType.i32()], [ValType.i32()]), lambda number: number + 100)
        own = Instance(store, Module(store.engine, SHARED.format(factor=3)), []).exports(store)["own"]
        for given, expected in ((host, 107), (own, 21)):
            exports: Any = Instance(store, Module(store.engine, text), [given]).exports(store)
            assert exports["call"](store, 0, 7) == expected
            if more[0]:
                assert exports["call"](store, 1, 7) == 14


HANDING_OVER = """(module
  (type $t (func (param i32) (result i32)))
  (import "" "host" (func $host (type $t)))
  (table 2 2 funcref) (elem (i32.const 0) $handing {more})
  {functions}
  (func $handing (type $t) (return_call $host (i32.add (local.get 0) (i32.const 1))))
  (func (export "call") (param i32 i32) (result i32)
    (i32.add (call_indirect (type $t) (local.get 1) (local.get 0)) (i32.const 1000)))
  (func (export "loop") (param i32 i32) (result i32) (local $turns i32)
    (loop $more
      (local.set 1 (call_indirect (type $t) (local.get 1) (local.get 0)))
      (br_if $more (i32.lt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 3))))
    (local.get 1))
  (func (export "reference") (param i32 i32) (result i32)
    (i32.add (call_ref $t (local.get 1) (ref.func $handing)) (i32.const 1000))))"""


@pytest.mark.parametrize("part", ["none", "all", "second"])
@pytest.mark.parametrize("more", [("", ""), ("$double", DOUBLE)])
def test_who_is_known_may_hand_over_a_tail_call(part: str, more: tuple[str, str]) -> None:
    """To a host function, which native code cannot jump to: whoever has called calls that then."""
    with natively(part):
        store = Store(Engine())
        host = Func(store, FuncType([ValType.i32()], [ValType.i32()]), lambda number: number + 100)
        text = HANDING_OVER.format(more=more[0], functions=more[1])
        exports: Any = Instance(store, Module(store.engine, text), [host]).exports(store)
        assert exports["call"](store, 0, 7) == 1108
        assert exports["loop"](store, 0, 7) == 310
        assert exports["reference"](store, 0, 7) == 1108
        if more[0]:
            assert exports["call"](store, 1, 7) == 1014


GROWING = """(module
  (type $t (func (param i32) (result i32)))
  {table}
  (elem declare func $double)
  (func $double (type $t) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "grow") (param i32) (result i32) (table.grow (ref.func $double) (local.get 0)))
  (func (export "call") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 1) (local.get 0)))
  (func (export "around") (param i32 i32) (result i32) (local $turns i32)
    (loop $more
      (drop (table.grow (ref.func $double) (i32.const 1)))
      (local.set 1 (call_indirect (type $t) (local.get 1) (local.get 0)))
      (br_if $more (i32.lt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 2))))
    (local.get 1)))"""


@pytest.mark.parametrize("part", ["none", "all"])
@pytest.mark.parametrize("table", ["(table {} funcref)", '(import "" "table" (table {} funcref))'])
@pytest.mark.parametrize("limits", ["2", "2 2000"])
def test_a_table_that_grows(part: str, table: str, limits: str) -> None:
    """By the guest, also in the loop that calls; an imported one is longer than its type says from the beginning."""
    with natively(part):
        store = Store(Engine())
        is_imported = "import" in table
        given = [Table(store, TableType(ValType.funcref(), Limits(3, 1000)), None)] if is_imported else []
        length = 3 if is_imported else 2
        module = Module(store.engine, GROWING.format(table=table.format(limits)))
        exports: Any = Instance(store, module, given).exports(store)
        assert outcome(store, exports["call"], 1, 7)[0] is TrapCode.INDIRECT_CALL_TO_NULL
        assert outcome(store, exports["call"], length - 1, 7)[0] is TrapCode.INDIRECT_CALL_TO_NULL
        assert outcome(store, exports["call"], length, 7)[0] is TrapCode.TABLE_OUT_OF_BOUNDS
        assert exports["grow"](store, 500) == length
        assert exports["call"](store, length + 499, 7) == 14
        assert exports["around"](store, length + 500, 7) == 28
        assert outcome(store, exports["call"], length + 502, 7)[0] is TrapCode.TABLE_OUT_OF_BOUNDS
