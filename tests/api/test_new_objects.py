"""Structures and arrays that the host makes."""

import gc

import pytest

from fusee import (
    I31,
    ArgumentError,
    ArrayRef,
    ArrayType,
    Engine,
    FieldType,
    Module,
    Store,
    StoreError,
    StructRef,
    StructType,
    Trap,
    UnsupportedError,
    ValType,
)  # fmt: skip
from fusee.kernel.lang import u32
from tests.api.guest import Guest, engine

GUEST = """(module
  (type $plain (struct (field (mut i32)) (field i8) (field f64)))
  (type $base (sub (struct (field i32))))
  (type $node (sub final $base (struct (field i32) (field (mut (ref null $node))) (field (mut anyref)))))
  (type $bytes (array (mut i8)))
  (type $nodes (array (mut (ref null $node))))
  (type $wide (struct (field v128) (field funcref) (field externref) (field (ref eq))))
  (type $f (func (param i32)))
  (func (export "plain") (param (ref $plain)) (result i32 i32 f64)
    (struct.get $plain 0 (local.get 0)) (struct.get_s $plain 1 (local.get 0)) (struct.get $plain 2 (local.get 0)))
  (func (export "next") (param (ref $node)) (result (ref null $node)) (struct.get $node 1 (local.get 0)))
  (func (export "is_base") (param anyref) (result i32) (ref.test (ref $base) (local.get 0)))
  (func (export "sum") (param (ref $bytes)) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (array.get_u $bytes (local.get 0) (local.get $i))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get 0)))))
    (local.get $sum))
  (func (export "wide") (param (ref $wide)) (result v128) (struct.get $wide 0 (local.get 0)))
  (func (export "make") (param i32) (result (ref $node))
    (struct.new $node (local.get 0) (ref.null none) (ref.null none))))"""

I32 = FieldType(ValType.i32(), True)
PLAIN = StructType([I32, FieldType("i8"), FieldType(ValType.f64())])


def test_of_types_made_up() -> None:
    g = Guest(GUEST)
    made = StructRef.new(g.store, PLAIN, [7, 0x1FE, 0.5])
    assert g.plain(made) == [7, -2, 0.5]
    made.set_field(g.store, 0, -1)
    assert g.plain(made)[0] == -1
    assert [made.field(g.store, i) for i in range(3)] == [-1, 0xFE, 0.5]
    assert made.type(g.store) == PLAIN
    bytes_ = ArrayType(FieldType("i8", True))
    assert g.sum(ArrayRef.new(g.store, bytes_, range(300))) == sum(i % 256 for i in range(300))
    assert g.sum(ArrayRef.filled(g.store, bytes_, 3, 1000)) == 3000
    assert ArrayRef.new(g.store, ArrayType(I32), []).size(g.store) == 0
    assert ArrayRef.new(g.store, ArrayType(I32), [5]).get(g.store, 0) == 5
    assert StructRef.new(g.store, StructType([]), []).type(g.store) == StructType([])


def test_of_declared_types() -> None:
    g = Guest(GUEST)
    plain, base, node, bytes_, nodes, wide, function = Module(engine(), GUEST).types[:7]
    assert plain == PLAIN
    assert isinstance(node, StructType) and isinstance(base, StructType) and isinstance(nodes, ArrayType)
    assert bytes_ == ArrayType(FieldType("i8", True)) and function.params == [ValType.i32()]  # type: ignore[union-attr]
    first = StructRef.new(g.store, node, [1, None, I31(5)])
    second = StructRef.new(g.store, node, [2, first, "anything"])
    assert g.next(second) is first and g.next(first) is None
    assert second.field(g.store, 2) == "anything" and first.field(g.store, 2) == I31(5)
    assert [g.is_base(value) for value in (first, StructRef.new(g.store, base, [1]), None)] == [1, 1, 0]
    assert g.is_base(StructRef.new(g.store, StructType([FieldType(ValType.i32())]), [1])) == 0  # is final
    listed = ArrayRef.new(g.store, nodes, [first, None, second])
    assert [listed.get(g.store, i) for i in range(3)] == [first, None, second]
    again = StructRef.new(g.store, g.make(3).type(g.store), [4, first, None])
    assert g.next(again) is first
    assert isinstance(wide, StructType)
    vector = StructRef.new(g.store, wide, [bytes(range(16)), None, g, I31(1)])
    assert g.wide(vector) == bytes(range(16))
    assert vector.field(g.store, 2) is g


def test_what_is_refused() -> None:
    g = Guest(GUEST)
    node = g.make(1).type(g.store)
    with pytest.raises(ArgumentError, match="2 values given for 3 fields"):
        StructRef.new(g.store, PLAIN, [1, 2])
    with pytest.raises(TypeError):
        StructRef.new(g.store, node, [1, StructRef.new(g.store, PLAIN, [1, 2, 3]), None])
    with pytest.raises(ArgumentError):
        ArrayRef.new(g.store, ArrayType(I32), [1, "2"])
    with pytest.raises(ArgumentError):
        ArrayRef.filled(g.store, ArrayType(I32), 0, -1)
    with pytest.raises(ArgumentError):
        FieldType("i4")
    with pytest.raises(StoreError):
        StructRef.new(Store(engine()), node, [1, None, None])
    with pytest.raises(UnsupportedError):
        StructRef.new(g.store, StructType(node.fields), [1, None, None])
    with pytest.raises(TypeError, match="has no null"):
        StructRef.new(g.store, StructType([FieldType(ValType._from_code(0xA000_0000 | 0x6E))]), [None])
    g.store.set_limits(heap_size=1 << 20)
    with pytest.raises(Trap):
        ArrayRef.filled(g.store, ArrayType(I32), 0, 1 << 30)
    with pytest.raises(Trap):
        ArrayRef.filled(g.store, ArrayType(I32), 0, 0xFFFF_FFFF)
    for number in range(3000):
        ArrayRef.filled(g.store, ArrayType(I32), number, 500)
    assert ArrayRef.filled(g.store, ArrayType(I32), 9, 500).get(g.store, 499) == 9


@pytest.mark.parametrize("stress", [0, 1])
def test_types_live_as_long_as_objects(stress: int) -> None:
    """The module that has declared a type may end before the objects."""
    own = Engine()
    store = Store(own)
    store._state.heap.stress = u32(stress)
    module = Module(own, "(module (type $t (sub (struct (field (mut anyref)) (field i64)))))")
    declared = module.types[0]
    assert isinstance(declared, StructType)
    made = StructRef.new(store, declared, [None, 1])
    module.close()
    del module, declared
    gc.collect()
    others = [Module(own, f"(module (type (array i64)) (type (struct {'(field f64)' * i})))") for i in range(20)]
    for number in range(100):
        made = StructRef.new(store, made.type(store), [made, number])
    store.gc()
    seen: list[int] = []
    following: StructRef | None = made
    while following is not None:
        seen.append(following.field(store, 1))
        following = following.field(store, 0)
    assert seen == [*range(99, -1, -1), 1]
    assert len(others) == 20
