"""Fields and elements of objects: storage types, and Python's access to them."""

import pytest

from fusee import ArgumentError, ArrayType, FieldType, Store, StoreError, Trap, ValType, WasmtimeError
from tests.api.guest import Guest, engine

PACKED = """(module
  (type $s (struct (field (mut i8)) (field (mut i16)) (field (mut f32)) (field (mut f64)) (field (mut v128))))
  (type $v (array (mut v128)))
  (type $d (array (mut f64)))
  (type $h (array (mut i16)))
  (func (export "s") (param i32 i32 f32 f64 v128) (result i32 i32 i32 i32 f32 f64 v128) (local $s (ref $s))
    (local.set $s (struct.new_default $s))
    (struct.set $s 4 (local.get $s) (local.get 4))
    (struct.set $s 3 (local.get $s) (local.get 3))
    (struct.set $s 2 (local.get $s) (local.get 2))
    (struct.set $s 1 (local.get $s) (local.get 1))
    (struct.set $s 0 (local.get $s) (local.get 0))
    (struct.get_s $s 0 (local.get $s)) (struct.get_u $s 0 (local.get $s))
    (struct.get_s $s 1 (local.get $s)) (struct.get_u $s 1 (local.get $s))
    (struct.get $s 2 (local.get $s)) (struct.get $s 3 (local.get $s)) (struct.get $s 4 (local.get $s)))
  (func (export "v") (param v128 i32) (result v128 v128) (local $v (ref $v))
    (local.set $v (array.new_fixed $v 2 (local.get 0) (v128.const i64x2 1 2)))
    (array.set $v (local.get $v) (local.get 1) (i64x2.add (local.get 0) (v128.const i64x2 1 1)))
    (array.get $v (local.get $v) (i32.const 0)) (array.get $v (local.get $v) (i32.const 1)))
  (func (export "d") (param i32) (result f64) (local $d (ref $d)) (local $i i32)
    (local.set $d (array.new $d (f64.const 0.5) (local.get 0)))
    (loop $next
      (array.set $d (local.get $d) (local.get $i)
        (f64.add (array.get $d (local.get $d) (local.get $i)) (f64.convert_i32_s (local.get $i))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (f64.add (array.get $d (local.get $d) (i32.const 0))
      (array.get $d (local.get $d) (i32.sub (local.get 0) (i32.const 1)))))
  (func (export "h") (param i32) (result i32 i32) (local $h (ref $h))
    (local.set $h (array.new $h (i32.const 0) (i32.const 3)))
    (array.set $h (local.get $h) (i32.const 1) (local.get 0))
    (array.get_s $h (local.get $h) (i32.const 1))
    (i32.add (array.get_u $h (local.get $h) (i32.const 1))
             (i32.add (array.get_u $h (local.get $h) (i32.const 0)) (array.get_u $h (local.get $h) (i32.const 2))))))"""


def test_storage_types() -> None:
    g = Guest(PACKED)
    vector = bytes(range(16))
    assert g.s(0x1F0, 0x18001, 0.1, 0.2, vector) == [
        -16, 240, -32767, 32769, 0.10000000149011612, 0.2, vector,
    ]  # fmt: skip
    one = (1).to_bytes(8, "little") + (2).to_bytes(8, "little")
    more = bytes([vector[0] + 1, *vector[1:8], vector[8] + 1, *vector[9:]])
    assert g.v(vector, 0) == [more, one]
    assert g.v(vector, 1) == [vector, more]
    with pytest.raises(Trap, match="out of bounds array access"):
        g.v(vector, 2)
    assert g.d(1000) == 0.5 + 999.5
    assert g.h(0x1FFFE) == [-2, 65534]


FIELDS = """(module
  (type $all (sub (struct (field i8) (field (mut i16)) (field (mut i32)) (field (mut f32)) (field (mut f64))
    (field (mut v128)) (field (mut funcref)) (field (mut externref)) (field (mut eqref)))))
  (type $bytes (array (mut i8)))
  (type $frozen (array i64))
  (type $refs (array (mut (ref null $all))))
  (func (export "all") (result (ref $all)) (struct.new_default $all))
  (func (export "first") (param (ref $all)) (result i32) (struct.get_s $all 1 (local.get 0)))
  (func (export "bytes") (param i32) (result (ref $bytes)) (array.new $bytes (i32.const -1) (local.get 0)))
  (func (export "frozen") (result (ref $frozen)) (array.new_fixed $frozen 2 (i64.const -5) (i64.const 6)))
  (func (export "refs") (result (ref $refs)) (array.new_default $refs (i32.const 2))))"""


def test_fields_from_outside() -> None:
    g = Guest(FIELDS)
    struct, s = g.all(), g.store
    kinds = struct.type(s).fields
    assert [str(kind.storage) for kind in kinds] == [
        "i8", "i16", "i32", "f32", "f64", "v128", "funcref", "externref", "eqref",
    ]  # fmt: skip
    assert [kind.mutable for kind in kinds] == [False] + [True] * 8
    assert [struct.field(s, i) for i in range(9)] == [0, 0, 0, 0.0, 0.0, bytes(16), None, None, None]
    thing = object()
    values = [0x8001, -7, 0.5, 1e300, bytes(range(16)), g["all"], thing, struct]
    for index, value in enumerate(values, 1):
        struct.set_field(s, index, value)
    assert [struct.field(s, i) for i in range(1, 9)] == values
    assert struct.field(s, 7) is thing
    assert struct.field(s, 8) is struct
    assert g.first(struct) == 0x8001 - 0x10000
    with pytest.raises(WasmtimeError, match="immutable"):
        struct.set_field(s, 0, 1)
    for index in (9, -1, 1 << 40):
        with pytest.raises(IndexError):
            struct.field(s, index)
    with pytest.raises(ArgumentError):
        struct.field(s, "0")
    with pytest.raises(TypeError):
        struct.set_field(s, 8, "not comparable")
    with pytest.raises(StoreError):
        struct.field(Store(engine()), 0)


def test_elements_from_outside() -> None:
    g = Guest(FIELDS)
    s, bytes_, frozen, refs = g.store, g.bytes(3), g.frozen(), g.refs()
    assert bytes_.type(s) == ArrayType(FieldType("i8", True))
    assert [bytes_.size(s), frozen.size(s), refs.size(s), g.bytes(0).size(s)] == [3, 2, 2, 0]
    bytes_.set(s, 1, 0x107)
    assert [bytes_.get(s, i) for i in range(3)] == [255, 7, 255]
    assert [frozen.get(s, i) for i in range(2)] == [-5, 6]
    assert frozen.type(s).element == FieldType(ValType.i64(), False)
    struct = g.all()
    refs.set(s, 1, struct)
    assert [refs.get(s, i) for i in range(2)] == [None, struct]
    with pytest.raises(TypeError):
        refs.set(s, 0, bytes_)
    with pytest.raises(WasmtimeError, match="immutable"):
        frozen.set(s, 0, 1)
    for index in (3, -1, 1 << 32, 1 << 70):
        with pytest.raises(Trap, match="out of bounds array access"):
            bytes_.get(s, index)
        with pytest.raises(Trap, match="out of bounds array access"):
            bytes_.set(s, index, 1)
