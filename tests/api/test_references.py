"""Structures, arrays and i31 numbers: what guests do with them, and as values of Python's."""

import copy
import gc
import pickle
from typing import Any

import pytest

from fusee import (
    I31,
    ArgumentError,
    ArrayRef,
    Func,
    FuncType,
    Global,
    GlobalType,
    Store,
    StoreError,
    StructRef,
    Table,
    TableType,
    Tag,
    TagType,
    Trap,
    ValType,
    WasmException,
)
from fusee.api.externtypes import Limits
from tests.api.guest import Guest, engine

ANY = ValType.anyref()

TREES = """(module
  (type $tree (sub (struct (field $left (ref null $tree)) (field $right (ref null $tree)) (field $weight (mut i32)))))
  (type $named (sub final $tree (struct (field (ref null $tree)) (field (ref null $tree)) (field (mut i32))
    (field $name externref))))
  (type $list (array (mut (ref null $tree))))
  (global $best (export "best") (mut (ref null $tree)) (ref.null none))
  (table $all (export "all") 4 anyref)
  (func $grow (export "grow") (param $depth i32) (result (ref null $tree))
    (if (result (ref null $tree)) (local.get $depth)
      (then (struct.new $tree
        (call $grow (i32.sub (local.get $depth) (i32.const 1)))
        (call $grow (i32.sub (local.get $depth) (i32.const 1)))
        (local.get $depth)))
      (else (ref.null none))))
  (func $sum (export "sum") (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else (i32.add (struct.get $tree $weight (local.get $tree))
        (i32.add (call $sum (struct.get $tree $left (local.get $tree)))
                 (call $sum (struct.get $tree $right (local.get $tree))))))))
  (func (export "name") (param externref) (result (ref $named))
    (struct.new $named (ref.null none) (ref.null none) (i32.const 11) (local.get 0)))
  (func (export "named") (param anyref) (result externref)
    (block $other (result anyref)
      (return (struct.get $named $name (br_on_cast_fail $other anyref (ref $named) (local.get 0)))))
    (drop) (ref.null extern))
  (func (export "kind") (param anyref) (result i32)
    (if (ref.test (ref $named) (local.get 0)) (then (return (i32.const 1))))
    (if (ref.test (ref $tree) (local.get 0)) (then (return (i32.const 2))))
    (if (ref.test (ref array) (local.get 0)) (then (return (i32.const 3))))
    (if (ref.test (ref i31) (local.get 0)) (then (return (i32.const 4))))
    (if (ref.test (ref any) (local.get 0)) (then (return (i32.const 5))))
    (i32.const 0))
  (func (export "weigh") (param (ref $tree) i32)
    (struct.set $tree $weight (local.get 0) (local.get 1)))
  (func (export "list") (param (ref $tree) i32) (result (ref $list))
    (array.new $list (local.get 0) (local.get 1)))
  (func (export "at") (param arrayref i32) (result eqref)
    (array.get $list (ref.cast (ref null $list) (local.get 0)) (local.get 1)))
  (func (export "length") (param arrayref) (result i32) (array.len (local.get 0)))
  (func (export "i31") (param i32) (result i31ref) (ref.i31 (local.get 0)))
  (func (export "number") (param i31ref) (result i32) (i31.get_s (local.get 0)))
  (func (export "same") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
  (func (export "out") (param anyref) (result externref) (extern.convert_any (local.get 0)))
  (func (export "in") (param externref) (result anyref) (any.convert_extern (local.get 0))))"""


@pytest.fixture
def trees() -> Guest:
    return Guest(TREES)


def test_structures(trees: Guest) -> None:
    tree = trees.grow(5)
    assert type(tree) is StructRef
    assert trees.sum(tree) == sum(depth << (5 - depth) for depth in range(1, 6))
    trees.weigh(tree, -100)
    assert trees.sum(tree) == sum(depth << (5 - depth) for depth in range(1, 5)) - 100
    assert trees.grow(0) is None
    assert trees.sum(None) == 0


def test_hosts_objects_in_structures(trees: Guest) -> None:
    thing = object()
    named = trees.name(thing)
    gc.collect()
    trees.store.gc()
    assert trees.named(named) is thing
    assert trees.named(trees.grow(1)) is None
    assert trees.sum(named) == 11


def test_kinds(trees: Guest) -> None:
    list_ = trees.list(trees.grow(1), 3)
    assert type(list_) is ArrayRef
    values = [trees.name(None), trees.grow(1), list_, I31(5), object(), None]
    assert [trees.kind(value) for value in values] == [1, 2, 3, 4, 5, 0]


def test_arrays(trees: Guest) -> None:
    tree = trees.grow(2)
    list_ = trees.list(tree, 3)
    assert trees.length(list_) == 3
    assert trees.at(list_, 2) is tree
    for index in (3, -1):
        with pytest.raises(Trap, match="out of bounds array access"):
            trees.at(list_, index)
    with pytest.raises(Trap) as caught:
        trees.length(None)
    assert caught.value.reason == "null array reference"
    with pytest.raises(Trap) as caught:
        trees.list(tree, -1)
    assert caught.value.reason == "out of memory"
    assert trees.length(trees.list(tree, 0)) == 0


@pytest.mark.parametrize(("given", "held"), [(0, 0), (-1, -1), (2**30 - 1, 2**30 - 1), (2**30, -(2**30)), (2**31, 0)])
def test_i31(trees: Guest, given: int, held: int) -> None:
    number = trees.i31(given)
    assert number == I31(held)
    assert (number.value, number.unsigned) == (held, held & 0x7FFF_FFFF)
    assert trees.number(number) == held
    assert trees.out(number) == number
    assert trees.same(number, I31(held)) == 1


def test_i31_is_a_value() -> None:
    assert {I31(3): "three"}[I31(3)] == "three"
    assert I31(3) != 3
    assert I31(2**31 - 1) == I31(-1)
    assert int(I31(-7)) == -7
    assert pickle.loads(pickle.dumps(I31(9))) == I31(9)
    with pytest.raises(AttributeError):
        I31(1).value = 2
    bad: Any
    for bad in (2**31, -(2**30) - 1, 1.5, None):
        with pytest.raises(ArgumentError):
            I31(bad)


def test_identity(trees: Guest) -> None:
    tree, other = trees.grow(1), trees.grow(1)
    assert trees.same(tree, tree) == 1
    assert trees.same(tree, other) == 0
    assert trees.out(tree) is tree
    assert getattr(trees, "in")(tree) is tree
    thing = object()
    assert trees.out(thing) is thing
    assert getattr(trees, "in")(thing) is thing
    assert trees.out(None) is None


def test_copies_are_the_object_itself(trees: Guest) -> None:
    """One that held no place in the store would outlive the object."""
    tree = trees.grow(2)
    for copied in (copy.copy(tree), copy.deepcopy(tree), copy.deepcopy([tree])[0]):
        assert copied is tree
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(tree)
    thrown = WasmException(Tag(trees.store, TagType(FuncType([], []))))
    assert copy.copy(thrown) is thrown and copy.deepcopy(thrown) is thrown
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(thrown)


def test_globals_and_tables(trees: Guest) -> None:
    tree, store = trees.grow(3), trees.store
    trees["best"].set_value(store, tree)
    assert trees["best"].value(store) is tree
    table = trees["all"]
    for index, value in enumerate((tree, I31(4), "anything")):
        table.set(store, index, value)
    assert [table.get(store, index) for index in range(4)] == [tree, I31(4), "anything", None]
    own = Table(store, TableType(ValType.eqref(), Limits(2)), tree)
    assert own.get(store, 1) is tree
    made = Global(store, GlobalType(ValType.structref(), True), tree)
    assert made.value(store) is tree
    with pytest.raises(TypeError):
        made.set_value(store, I31(1))
    with pytest.raises(TypeError):
        own.set(store, 0, "a str is not comparable")


def test_values_of_other_types_are_refused(trees: Guest) -> None:
    tree, list_ = trees.grow(1), trees.list(trees.grow(1), 1)
    bad: Any
    for bad in (list_, I31(1), object(), 5, trees["sum"]):
        with pytest.raises(TypeError):
            trees.sum(bad)
    with pytest.raises(TypeError):
        trees.weigh(None, 1)
    with pytest.raises(TypeError):
        trees.length(tree)
    with pytest.raises(TypeError):
        trees.number(3)
    with pytest.raises(StoreError):
        Guest(TREES).sum(tree)
    for kind in (StructRef, ArrayRef):
        with pytest.raises(TypeError):
            kind()


def test_host_functions(trees: Guest) -> None:
    seen: list[Any] = []

    def look(value: Any) -> Any:
        seen.append(value)
        return value

    host = Func(trees.store, FuncType([ANY], [ANY]), look)
    g = Guest(
        """(module (type $box (struct (field i64)))
          (import "" "" (func $look (param anyref) (result anyref)))
          (func (export "f") (result i64)
            (struct.get $box 0 (ref.cast (ref $box) (call $look (struct.new $box (i64.const 99)))))))""",
        [host],
        trees.store,
    )
    assert g.f() == 99
    assert type(seen[0]) is StructRef
    assert host(trees.store, seen[0]) is seen[0]


LOOP = """(module
  (type $node (struct (field $next (mut (ref null $node))) (field $value i64)))
  (type $box (struct (field i32) (field i64) (field (ref null $node))))
  (type $some (array (mut (ref null $node))))
  (func (export "list") (param $n i32) (result i64)
    (local $head (ref null $node)) (local $i i32) (local $sum i64)
    (local $box (ref null $box)) (local $some (ref null $some))
    (loop $next
      (local.set $head (struct.new $node (local.get $head) (i64.extend_i32_u (local.get $i))))
      (local.set $box (struct.new $box (local.get $i) (i64.const 7) (local.get $head)))
      (local.set $some (array.new $some (struct.get $box 2 (local.get $box)) (i32.and (local.get $i) (i32.const 15))))
      (if (array.len (local.get $some))
        (then (local.set $head (array.get $some (local.get $some) (i32.const 0)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (struct.get $node $value (local.get $head))))
      (br_if $next (i32.eqz (ref.is_null (local.tee $head (struct.get $node $next (local.get $head)))))))
    (local.get $sum)))"""


def test_objects_in_registers_stay() -> None:
    """A loop without calls has its locals in registers, while what it makes is looked through many times."""
    g = Guest(LOOP)
    g.store.set_limits(heap_size=8 << 20)
    for count in (1, 1000, 60_000, 60_000):
        assert g.list(count) == count * (count - 1) // 2


def test_stores_end_with_their_objects() -> None:
    store = Store(engine())
    tree = Guest(TREES, store=store).grow(8)
    store.close()
    assert repr(tree).startswith("<StructRef")
