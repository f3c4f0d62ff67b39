"""Structures, arrays and casts as kernels, un-compiled, with 32-bit and 64-bit pointers."""

from collections.abc import Iterator

import pytest

from fusee.engine.decode.module import release_module
from fusee.engine.errors import Trap
from fusee.engine.layouts import Layout, is_mutable, layout_of
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime import aggregates, fields
from fusee.engine.runtime.casts import is_of_type, type_of
from fusee.engine.runtime.store import release_engine, release_store
from fusee.engine.state.module import ABSTRACT, AGGREGATE, NULLABLE, REF, Module
from fusee.engine.state.runtime import TAG_HOST, Global, Instance
from fusee.kernel.arena import new_array, simulate
from fusee.kernel.lang import Ptr, cast, u8, u32, u64, usize
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from fusee.spec.types import Heap
from tests.engine.simulated_world import World, live

TYPES = """(module
  (type $bytes (array (mut i8)))
  (type $point (sub (struct (field i8) (field (mut i16)) (field i64))))
  (type $named (sub $point (struct (field i8) (field (mut i16)) (field i64) (field (mut anyref)) (field i8))))
  (type $leaf (sub final $named (struct (field i8) (field (mut i16)) (field i64) (field (mut anyref)) (field i8)
    (field funcref) (field (ref null $bytes)) (field v128) (field exnref) (field externref))))
  (type $words (array (mut i64)))
  (type $refs (array (mut anyref)))
  (data $d "0123456789")
  (elem $e anyref (ref.null none) (ref.i31 (i32.const 7)) (struct.new_default $point))
  (global (ref null $leaf) (struct.new_default $leaf))
  (global (ref $point) (struct.new $point (i32.const -1) (i32.const 0x12345) (i64.const -2)))
  (global (ref $refs) (array.new_fixed $refs 3 (ref.null none) (ref.i31 (i32.const -1)) (global.get 1)))
  (global (ref $words) (array.new $words (i64.const 5) (i32.const 4)))
  (global anyref (any.convert_extern (extern.convert_any (ref.i31 (i32.const 3))))))"""
BYTES, POINT, NAMED, LEAF, WORDS, REFS = range(6)


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def pointer_bytes(request: pytest.FixtureRequest) -> Iterator[int]:
    target: Target = request.param
    with simulate(target):
        yield 4 if target is ILP32 else 8


def layout(m: Module, index: int) -> Layout:
    return layout_of(cast(TypeRegistry, m.registry), m.types[index].canonical)


def words(pointer: Ptr[u32], count: u32) -> list[int]:
    return [int(pointer[i]) for i in range(int(count))]


def value(instance: Instance, index: int) -> int:
    return int(cast(Global, instance.globals[index]).value)


def field(reference: int, of: Layout, index: int) -> int:
    cells = new_array(u64, 2)
    at = cast(Ptr[u8], usize(reference + int(of.offsets[index])))
    fields.read_field(at, of.storage[index], cells)
    return int(cells[0])


def test_layouts(pointer_bytes: int) -> None:
    m = World().module(TYPES)
    point, named, leaf = (layout(m, index) for index in (POINT, NAMED, LEAF))
    assert words(point.offsets, point.field_count) == [8, 10, 16]
    assert int(point.size_bytes) == 24
    assert words(named.offsets, named.field_count) == [8, 10, 16, 24, 24 + pointer_bytes]
    assert words(named.references, named.reference_count) == [24]
    at = 32 if pointer_bytes == 4 else 40
    assert words(leaf.offsets, u32(10))[5:] == [
        at, at + pointer_bytes, 40 if pointer_bytes == 4 else 56, at + 24 if pointer_bytes == 4 else 72,
        at + 28 if pointer_bytes == 4 else 80,
    ]  # fmt: skip
    offsets = words(leaf.offsets, leaf.field_count)
    assert words(leaf.references, leaf.reference_count) == [offsets[3], offsets[6], offsets[8], offsets[9]]
    assert [bool(is_mutable(named, u32(i))) for i in range(5)] == [False, True, False, True, False]
    assert (bool(named.is_final), bool(leaf.is_final)) == (False, True)
    assert [int(layout(m, index).element_log2) for index in (BYTES, WORDS)] == [0, 3]
    assert 1 << int(layout(m, REFS).element_log2) == pointer_bytes
    assert words(layout(m, REFS).references, layout(m, REFS).reference_count) == [8]


def test_displays(pointer_bytes: int) -> None:
    m = World().module(TYPES)
    types = cast(TypeRegistry, m.registry).types
    point, named, leaf = (m.types[index].canonical for index in (POINT, NAMED, LEAF))
    assert [int(types[index].depth) for index in (point, named, leaf)] == [0, 1, 2]
    assert words(types[leaf].display, u32(types[leaf].depth)) == [int(point), int(named)]
    assert words(types[named].display, u32(types[named].depth + 1)) == [int(point), int(named)]


def test_constant_expressions(pointer_bytes: int) -> None:
    world = World()
    m = world.module(TYPES)
    instance = world.instantiate(m)
    leaf, point, refs, numbers = (value(instance, index) for index in range(4))
    assert type_of(u64(leaf)) == m.types[LEAF].canonical
    assert [field(leaf, layout(m, LEAF), index) for index in range(10)] == [0] * 10
    assert [field(point, layout(m, POINT), index) for index in range(3)] == [0xFF, 0x2345, 2**64 - 2]
    held = cast(Ptr[usize], usize(refs + 8))
    assert [int(held[i]) for i in range(3)] == [0, 0xFFFF_FFFF, point]
    assert int(fields.length_of(u64(numbers))) == 4
    assert [int(cast(Ptr[u64], usize(numbers + 8))[i]) for i in range(4)] == [5] * 4
    assert value(instance, 4) == 7
    assert int(world.store.heap.held) == 0


def test_arrays_of_segments(pointer_bytes: int) -> None:
    world = World()
    m = world.module(TYPES)
    instance = world.instantiate(m)
    made = aggregates.make_array_of_data(instance, u32(WORDS), u32(0), u32(2), u32(1))
    assert int(cast(Ptr[u64], usize(int(made) + 8))[0]).to_bytes(8, "little") == b"23456789"
    for start, length in ((3, 1), (11, 0), (0, 0xFFFF_FFFF)):
        with pytest.raises(Trap) as caught:
            aggregates.make_array_of_data(instance, u32(WORDS), u32(0), u32(start), u32(length))
        assert caught.value.code == TrapCode.MEMORY_OUT_OF_BOUNDS
    elements = aggregates.make_array_of_elements(instance, u32(REFS), u32(0), u32(0), u32(3))
    held = cast(Ptr[usize], usize(int(elements) + 8))
    assert (int(held[0]), int(held[1])) == (0, 15)
    assert type_of(u64(held[2])) == m.types[POINT].canonical
    with pytest.raises(Trap) as caught:
        aggregates.make_array_of_elements(instance, u32(REFS), u32(0), u32(1), u32(3))
    assert caught.value.code == TrapCode.TABLE_OUT_OF_BOUNDS


def test_copies_and_fills(pointer_bytes: int) -> None:
    world = World()
    instance = world.instantiate(world.module(TYPES))
    array = aggregates.make_default_array(instance, u32(BYTES), u32(9))
    cells = new_array(u64, 1)
    cells[0] = u64(0x1AB)
    aggregates.fill_array(instance, u32(BYTES), array, u32(1), cells, u32(5))
    aggregates.write_data(instance, u32(BYTES), u32(0), array, u32(0), u32(4), u32(2))
    aggregates.copy_array(instance, u32(BYTES), array, u32(3), array, u32(0), u32(6))
    assert bytes(int(cast(Ptr[u8], usize(int(array) + 8))[i]) for i in range(9)) == b"45\xab45\xab\xab\xab\xab"
    for to, count in ((9, 1), (0, 10), (10, 0), (0xFFFF_FFFF, 2)):
        with pytest.raises(Trap) as caught:
            aggregates.fill_array(instance, u32(BYTES), array, u32(to), cells, u32(count))
        assert caught.value.code == TrapCode.ARRAY_OUT_OF_BOUNDS
    with pytest.raises(Trap) as caught:
        aggregates.copy_array(instance, u32(BYTES), array, u32(0), u64(0), u32(0), u32(0))
    assert caught.value.code == TrapCode.NULL_ARRAY


def abstract(heap: Heap, nullable: bool = False) -> u32:
    return u32(REF | ABSTRACT | int(heap) | (NULLABLE if nullable else 0))


def test_types_at_run_time(pointer_bytes: int) -> None:
    world = World()
    m = world.module(TYPES)
    instance = world.instantiate(m)
    leaf, point, refs = (value(instance, index) for index in range(3))
    i31, host, null = 0xFFFF_FFFF, 5 << 2 | TAG_HOST, 0
    everything = (leaf, point, refs, i31, host, null)

    def matching(value_type: u32) -> set[int]:
        return {reference for reference in everything if is_of_type(world.engine, u64(reference), value_type)}

    assert matching(abstract(Heap.ANY, True)) == set(everything)
    assert matching(abstract(Heap.EXTERN)) == {leaf, point, refs, i31, host}
    assert matching(abstract(Heap.EQ)) == {leaf, point, refs, i31}
    assert matching(abstract(Heap.I31, True)) == {i31, null}
    assert matching(abstract(Heap.STRUCT)) == {leaf, point}
    assert matching(abstract(Heap.ARRAY)) == {refs}
    assert matching(abstract(Heap.NONE, True)) == {null}
    concrete = {index: u32(REF | AGGREGATE | int(m.types[index].canonical)) for index in range(6)}
    assert matching(concrete[POINT]) == {leaf, point}
    assert matching(concrete[NAMED]) == matching(concrete[LEAF]) == {leaf}
    assert matching(concrete[WORDS]) == set()
    assert matching(concrete[REFS] | u32(NULLABLE)) == {refs, null}


def test_nothing_is_left(pointer_bytes: int) -> None:
    world = World()
    m = world.module(TYPES)
    world.instantiate(m)
    release_store(world.store)
    release_module(m)
    release_engine(world.engine)
    assert live == set()
