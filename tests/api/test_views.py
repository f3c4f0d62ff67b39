"""Views of memory: safe to keep while the guest's memory grows, moves and ends, and safe to give back."""

import ctypes
import gc
from array import array
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from fusee import Config, Engine, Func, FuncType, Limits, Memory, MemoryType, Store
from fusee.api import _load
from fusee.api import lease as leasing
from fusee.api.lease import Lease
from fusee.engine.python.state import Places
from fusee.kernel.layout import layout
from fusee.kernel.target import Target
from tests.api.guest import Guest

PAGE = 1 << 16
GROWING = """(module (import "" "look" (func $look)) (memory (export "m") 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "look_and_grow") (result i32)
    (call $look) (drop (memory.grow (i32.const 3))) (i32.load8_u (i32.const 9)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"""


MAP = ctypes.CFUNCTYPE(ctypes.c_size_t, *[ctypes.c_size_t] * 2, *[ctypes.c_int] * 3, ctypes.c_int64)
UNMAP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t)
CALLOC = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t)
FREE = ctypes.CFUNCTYPE(None, ctypes.c_size_t)


class LimitedPlaces:
    """Address space for what is asked and no more, as under `ulimit -v`; notes what is given back."""

    def __init__(self, has_mappings: bool) -> None:
        self.returned: list[int] = []
        self._places = cast(Any, _load.load(False, None)).places
        self._fields = layout(Places, Target.host()).fields
        take, give, calloc, free = (self._old(*pair) for pair in (("map", MAP), ("unmap", UNMAP),
            ("allocate", CALLOC), ("release", FREE)))  # fmt: skip
        small = 64 * PAGE

        def take_some(hint: int, size: int, *rest: int) -> int:
            return int(take(hint, size, *rest)) if has_mappings and size <= small else ctypes.c_size_t(-1).value

        def give_back(address: int, size: int) -> int:
            self.returned.append(address)
            return int(give(address, size))

        def calloc_some(size: int, one: int) -> int:
            return int(calloc(size, one)) if size <= small + 2 * PAGE else 0

        def free_block(block: int) -> None:
            self.returned.append((block + 4095 & ~4095) + 16)
            free(block)

        self._before = bytes(self._places.raw)
        self._new = (MAP(take_some), UNMAP(give_back), CALLOC(calloc_some), FREE(free_block))
        for name, function in zip(("map", "unmap", "allocate", "release"), self._new, strict=True):
            self._field(name).value = ctypes.cast(function, ctypes.c_void_p).value or 0

    def _field(self, name: str) -> ctypes.c_size_t:
        return ctypes.c_size_t.from_buffer(self._places, self._fields[name].offset)

    def _old(self, name: str, kind: Any) -> Any:
        return kind(self._field(name).value)

    def restore(self) -> None:
        """The system's own functions again."""
        ctypes.memmove(self._places, self._before, len(self._before))


@pytest.fixture(params=[True, False], ids=["mappings", "heap"])
def places(request: pytest.FixtureRequest) -> Iterator[LimitedPlaces]:
    limited = LimitedPlaces(request.param)
    yield limited
    gc.collect()  # what the tests leave ends before the system's own functions are back
    limited.restore()


VIEWS: dict[str, Callable[[Memory, Store], Any]] = {
    "buffer": lambda m, s: m.buffer(s),
    "part of a buffer": lambda m, s: m.buffer(s)[0:100],
    "view of a view": lambda m, s: memoryview(m.buffer(s)),
    "get_buffer_ptr": lambda m, s: m.get_buffer_ptr(s),
    "part by get_buffer_ptr": lambda m, s: m.get_buffer_ptr(s, 50, 0),
    "data_ptr": lambda m, s: m.data_ptr(s),
}


def guest(config: Config | None = None) -> Guest:
    store = Store(Engine(config))
    return Guest(GROWING, [Func(store, FuncType([], []), lambda: None)], store)


@pytest.mark.parametrize("take", VIEWS.values(), ids=VIEWS)
def test_a_view_outlives_the_move_of_its_memory(places: LimitedPlaces, take: Callable[[Memory, Store], Any]) -> None:
    g = guest()
    m, s = g["m"], g.store
    m.write(s, b"seven", 5)
    view = take(m, s)
    base = ctypes.addressof(m.data_ptr(s).contents)
    assert g.grow(2) == 1
    assert ctypes.addressof(m.data_ptr(s).contents) != base
    m.write(s, b"eight", 5)
    assert bytes(view[5:10]) == b"seven"  # as it was; a new view shows the memory as it is
    assert bytes(m.buffer(s)[5:10]) == b"eight"
    view[5] = 0
    assert g.load(5) == ord("e")
    assert base not in places.returned
    del view
    gc.collect()
    assert base in places.returned


def test_memory_that_nobody_looks_at_is_returned_when_it_moves(places: LimitedPlaces) -> None:
    g = guest()
    for pages in range(1, 6):
        assert g.grow(1) == pages
    assert len(places.returned) >= 1
    assert g["m"].read(g.store, -1) == b"\0"


@pytest.mark.parametrize("take", VIEWS.values(), ids=VIEWS)
def test_a_view_outlives_its_store(places: LimitedPlaces, take: Callable[[Memory, Store], Any]) -> None:
    g = guest()
    m = g["m"]
    m.write(g.store, b"kept", 0)
    base = ctypes.addressof(m.data_ptr(g.store).contents)
    view = take(m, g.store)
    del g, m
    gc.collect()
    assert bytes(view[0:4]) == b"kept"
    view[0] = 1
    assert base not in places.returned
    del view
    gc.collect()
    assert base in places.returned


def test_a_view_that_was_given_back_is_nobody_elses() -> None:
    g = guest()
    m, s = g["m"], g.store
    with m.buffer(s) as view:
        view[0] = 1
    with pytest.raises(ValueError, match="released"):
        view[0]
    assert m.read(s, 0, 1) == b"\1"
    assert m.write(s, b"\2", 0) == 1
    with m.buffer(s) as first, m.buffer(s) as second:
        first.release()
        assert second[0] == 2


def test_a_view_taken_before_growth_in_place_shows_what_is_written_after() -> None:
    g = guest()  # address space is reserved: the memory stays where it is
    view = g["m"].buffer(g.store)
    g.grow(1)
    g["m"].write(g.store, b"new", 0)
    assert (bytes(view[0:3]), len(view), len(g["m"].buffer(g.store))) == (b"new", PAGE, 2 * PAGE)


def test_a_host_function_may_keep_a_view(places: LimitedPlaces) -> None:
    store, kept = Store(Engine()), []

    def look() -> None:
        kept.append(g["m"].buffer(store))
        kept[-1][9] = 33
        assert g.grow(4) == 1  # a call within the call
        kept[-1][9] = 44  # too late: the memory is elsewhere

    g = Guest(GROWING, [Func(store, FuncType([], []), look)], store)
    assert g.look_and_grow() == 33
    assert kept[0][9] == 44


def test_views_in_the_checked_build() -> None:
    """Its memories move whenever they grow, on a heap that notices what is used after its end."""
    config = Config()
    config.checked = True
    g = guest(config)
    view = g["m"].buffer(g.store)
    view[7] = 7
    assert g.grow(1) == 1
    assert (view[7], g.load(7)) == (7, 7)
    del g
    gc.collect()
    assert view[7] == 7


def test_empty_memories_have_views() -> None:
    store = Store(Engine())
    m = Memory(store, MemoryType(Limits(0, 1)))
    view, array = m.buffer(store), m.get_buffer_ptr(store)
    assert (len(view), len(array), bytes(m.read(store))) == (0, 0, b"")
    m.data_ptr(store)
    m.grow(store, 1)
    assert (len(view), len(m.buffer(store))) == (0, PAGE)


class Record(ctypes.BigEndianStructure):
    """A format that Python's own buffers do not have."""

    _fields_ = (("small", ctypes.c_uint16), ("large", ctypes.c_uint32))


BUFFERS: dict[str, tuple[Any, bytes]] = {
    "bytes in reverse": (memoryview(b"abcd")[::-1], b"dcba"),
    "every second byte": (memoryview(bytearray(b"abcde"))[::2], b"ace"),
    "numbers": (array("H", [1, 0x203]), b"\1\0\3\2"),
    "numbers of C": ((ctypes.c_uint32 * 2)(7, 1 << 24), b"\7\0\0\0\0\0\0\1"),
    "a structure of C": (Record(1, 2), b"\0\1\0\0\0\0\0\2"),
    "nothing": (b"", b""),
    "no numbers": (array("d"), b""),
    "a table": (memoryview(bytes(range(6))).cast("B", (2, 3)), bytes(range(6))),
    "ints": ([1, 2, 255], b"\1\2\xff"),
    "a range": (range(3, 6), b"\3\4\5"),
    "ints one by one": ((n * n for n in range(4)), b"\0\1\4\x09"),
}


@pytest.mark.parametrize(("value", "wanted"), BUFFERS.values(), ids=BUFFERS)
def test_whatever_has_bytes_can_be_written(value: Any, wanted: bytes) -> None:
    g = guest()
    g["m"].write(g.store, b"\xee" * 20)
    assert g["m"].write(g.store, value, 3) == len(wanted)
    assert g["m"].read(g.store, 0, 20) == (b"\xee" * 3 + wanted).ljust(20, b"\xee")


def test_what_has_no_bytes_is_not_written() -> None:
    g = guest()
    released = memoryview(b"ab")
    released.release()
    for value, error in (("ab", TypeError), (5, TypeError), (None, TypeError), ([1.5], TypeError), ([256], ValueError)):
        with pytest.raises(error):
            g["m"].write(g.store, value)
    with pytest.raises(ValueError, match="released"):
        g["m"].write(g.store, released)
    assert not any(g["m"].read(g.store))


def test_a_handler_may_take_the_view_that_it_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are of one lease: with two, the memory would be returned when the first of them ends."""
    taken: list[Lease] = []

    class Interrupted(Lease):
        __slots__ = ()

        def __init__(self) -> None:
            if not taken:
                monkeypatch.setattr(leasing, "Lease", Lease)
                taken.append(leasing.lease(0x7777_0000))

    monkeypatch.setattr(leasing, "Lease", Interrupted)
    assert leasing.lease(0x7777_0000) is taken[0]
    taken.clear()
    assert 0x7777_0000 not in leasing.leases


def test_a_handler_may_take_a_view_while_the_last_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes does not end with the other."""
    taken: list[Lease] = []

    class Interrupted(dict[int, Any]):
        def get(self, address: int, default: Any = None) -> Any:
            found = super().get(address, default)
            if not taken:
                monkeypatch.setattr(leasing, "leases", places := dict(self))
                taken.append(leasing.lease(address))
                self.update(places)
                monkeypatch.setattr(leasing, "leases", self)
            return found

    last = leasing._Place(Lease(), lambda place: None, 0x7777_0000)
    monkeypatch.setattr(leasing, "leases", leases := Interrupted({0x7777_0000: last}))
    leasing._end(last)
    assert leases[0x7777_0000]() is taken[0]
