"""Memories as Python has them: sizes, growth, bytes, views, and what a store may have together."""

import ctypes
import gc

import pytest

from fusee import FuseeError, LimitError, Limits, Memory, MemoryType, Store
from tests.api.guest import Guest, engine


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
    assert m.write(s, memoryview(b"e-n-d")[::2], -6) == 3
    assert m.read(s, 65530) == b"endend"
    for start in (65534, 65536, 70000):
        with pytest.raises(IndexError):
            m.write(s, b"end", start)
    assert ctypes.string_at(m.data_ptr(s), 8) == b"\0\0\0\0DAta"
    assert m.write(s, b"", 65536) == 0
    with pytest.raises(IndexError):
        m.write(s, b"", 65537)
    assert bytes(m.get_buffer_ptr(s, 2, 4)) == b"DA"
    assert len(m.get_buffer_ptr(s, 0, 65536)) == 0 and len(m.get_buffer_ptr(s, 65535, 1)) == 65535
    for size, offset in ((2, -1), (-1, 1), (65537, 0), (65536, 1), (1, 65536), (None, 65537)):
        with pytest.raises(IndexError, match="index out of range"):
            m.get_buffer_ptr(s, size, offset)
    assert m.type(s) == MemoryType(Limits(1, 3))


def test_memory_growth() -> None:
    g = Guest('(module (memory (export "m") 1 3))')
    m, s = g["m"], g.store
    m.write(s, b"kept", 0)
    assert m.grow(s, 2) == 1
    assert (m.size(s), bytes(m.read(s, 0, 4)), m.read(s, -1)) == (3, b"kept", b"\0")
    with pytest.raises(LimitError):
        m.grow(s, 1)
    with pytest.raises(FuseeError, match="negative"):
        m.grow(s, -1)
    with pytest.raises(LimitError):
        m.grow(s, 1 << 70)


@pytest.mark.parametrize("ty", [MemoryType(Limits(0, 0)), MemoryType(Limits(1, 1), is_64=True), MemoryType(Limits(1))])
def test_a_memory_has_the_type_that_it_was_made_with(ty: MemoryType) -> None:
    store = Store(engine())
    memory = Memory(store, ty)
    assert memory.type(store) == ty
    if ty.limits.max is not None:
        with pytest.raises(LimitError):
            memory.grow(store, 1)


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
