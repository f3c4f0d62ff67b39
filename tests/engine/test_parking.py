"""Guests that wait: their frames out of the stack, and in again at another place; un-compiled in both widths."""

from collections.abc import Iterator

import pytest

from fusee.engine.errors import Trap
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.collect import collect_all_for, collect_slice
from fusee.engine.runtime.parking import drop_parked, park, unpark
from fusee.engine.runtime.store import release_store
from fusee.engine.state.agreed import HEADER_SLOTS
from fusee.engine.state.parked import CANNOT_WAIT, MOST_PARKED_BYTES, NO_ROOM, Parked
from fusee.engine.state.runtime import MAY_WAIT
from fusee.kernel.arena import simulate
from fusee.kernel.lang import Ptr, address, cast, u8, u32, u64, usize
from fusee.kernel.target import ILP32, LP64
from fusee.spec.traps import TrapCode
from tests.engine.simulated_heap import Simulated
from tests.engine.simulated_world import live

INSTANCE = usize(0x1000)
LEAVES = HEADER_SLOTS + 1  # words of the outermost frame, with its header
ACROSS = 12  # where the second one is, which is of another instance, and the third
LAST = 20
END = 24


class Frames(Simulated):
    """Three frames at the end of a stack: of a function, of one of another instance, of a host function."""

    def build(self, base: int = 0, mark: usize = MAY_WAIT, is_tail: bool = False) -> Ptr[u64]:
        """`is_tail`: the function in the middle was tail-called by the first, and has its place."""
        cells = self.store.engine.cells
        cells.leave, cells.return_across = cast(Ptr[u8], cells.words + 2), cast(Ptr[u8], cells.words + 3)
        leave, across = address(cells.leave), address(cells.return_across)
        at = self.store.stack_base + base
        for number in range(END):
            at[number] = u64(number)
        first, middle, last = at + HEADER_SLOTS, at + ACROSS, at + LAST
        header(first, 2)[0], header(first, 1)[0] = leave, mark
        header(middle, 2)[0], header(middle, 1)[0] = across, address(middle)
        header(middle, 5)[0], header(middle, 4)[0], header(middle, 3)[0] = usize(77), usize(78), address(first)
        header(last, 2)[0], header(last, 1)[0] = usize(79), address(middle)
        if is_tail:
            header(middle, 4)[0], header(middle, 3)[0] = leave, mark
        self.store.stack_top = at + END
        return last

    def park(self, frame: Ptr[u64]) -> Parked:
        found = park(self.store, INSTANCE, frame)
        assert found == self.store.suspended
        self.store.suspended = usize(0)
        return cast(Parked, found)


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def frames(request: pytest.FixtureRequest) -> Iterator[Frames]:
    with simulate(request.param):
        yield Frames(request.param)


@pytest.mark.parametrize("is_tail", [False, True])
@pytest.mark.parametrize("place", [0, 3, 40])
def test_frames_come_to_another_place(frames: Frames, place: int, is_tail: bool) -> None:
    s = frames
    parked = s.park(s.build(7, is_tail=is_tail))
    base = ACROSS - HEADER_SLOTS if is_tail else 0
    assert (int(parked.count), int(parked.call)) == (END - base, LAST - base)
    assert int(s.store.parked_bytes) == 8 * (END - base)
    for number in range(50):
        s.store.stack_base[number] = u64(0xDEAD)
    s.store.stack_top = s.store.stack_base + place
    last = unpark(s.store, parked)
    at = s.store.stack_base + place
    assert address(last) == address(at + LAST - base) and address(s.store.stack_top) == address(at + END - base)
    middle, first = at + ACROSS - base, at + HEADER_SLOTS
    assert int(header(last, 1)[0]) == address(middle) and int(header(last, 2)[0]) == 79 and int(last[1]) == LAST + 1
    assert int(header(middle, 1)[0]) == address(middle)
    assert int(header(middle, 3)[0]) == (MAY_WAIT if is_tail else address(first))
    assert int(header(middle, 5)[0]) == 77 and int(middle[0]) == ACROSS
    assert int(s.store.parked_bytes) == 0 and s.store.parked == 0


def test_who_cannot_wait(frames: Frames) -> None:
    """Native code or a host function is between: the outermost frame returns to it."""
    s = frames
    assert park(s.store, INSTANCE, s.build(mark=usize(0))) == CANNOT_WAIT
    assert park(s.store, usize(0), s.build()) == CANNOT_WAIT
    s.store.parked_bytes = u64(MOST_PARKED_BYTES - 8 * END + 1)
    assert park(s.store, INSTANCE, s.build()) == NO_ROOM
    assert s.store.parked == 0 and s.store.suspended == 0
    s.store.parked_bytes -= 1
    assert park(s.store, INSTANCE, s.build()) > NO_ROOM


def test_a_stack_that_has_become_too_small(frames: Frames) -> None:
    s = frames
    parked = s.park(s.build())
    s.store.stack_top = s.store.stack_limit - (END - 1)
    with pytest.raises(Trap) as caught:
        unpark(s.store, parked)
    assert caught.value.code == TrapCode.STACK_OVERFLOW
    assert int(s.store.parked_bytes) == 0 and s.store.parked == 0


def test_what_waits_is_freed_in_any_order_and_with_the_store(frames: Frames) -> None:
    s = frames
    before = len(live)
    parked = [s.park(s.build()) for _ in range(5)]
    for number in (2, 4, 0):
        drop_parked(s.store, parked[number])
    assert int(s.store.parked_bytes) == 2 * 8 * END and len(live) == before + 2
    assert s.store.parked == address(parked[3]) and parked[3].next == address(parked[1])
    s.store.suspended = address(parked[1])
    drop_parked(s.store, parked[1])
    assert s.store.suspended == 0
    release_store(s.store)
    assert len(live) < before


def with_object(s: Frames, number: int) -> tuple[Parked, usize, usize]:
    """Frames that wait, of which one word is an object, and what that refers to."""
    inner = s.node()
    at = s.node(inner)
    frame = s.build()
    frame[1] = u64(number << 32 if s.width == 4 else 0) | u64(at)
    parked = s.park(frame)
    s.store.stack_top = s.store.stack_base
    return parked, at, inner


def test_frames_that_wait_keep_objects(frames: Frames) -> None:
    s = frames
    found = [with_object(s, number) for number in range(3)]
    objects = [at for _, *both in found for at in both]
    collect_all_for(s.store)
    assert s.live(*objects) == [True] * 6
    drop_parked(s.store, found[1][0])
    unpark(s.store, found[2][0])
    collect_all_for(s.store)
    assert s.live(*objects) == [True, True, False, False, True, True]
    s.store.stack_top = s.store.stack_base
    collect_all_for(s.store)
    assert s.live(*objects) == [True, True, False, False, False, False]


@pytest.mark.parametrize("steps", range(5))
def test_who_goes_on_while_the_collector_marks(frames: Frames, steps: int) -> None:
    """What frames refer to when marking begins stays, if they go on and are written over before they were searched."""
    s = frames
    found = [with_object(s, number) for number in range(3)]
    objects = [at for _, *both in found for at in both]
    collect_slice(s.store, u64(0))
    assert blocks_of(s.store).marker.parked == address(found[2][0])
    for _ in range(steps):
        collect_slice(s.store, u64(1))
    for parked, *_ in found:
        unpark(s.store, parked)
        s.store.stack_top = s.store.stack_base
        for number in range(END):
            s.store.stack_base[number] = u64(0)
    late = with_object(s, 1)
    while not collect_slice(s.store, u64(1)):
        pass
    assert s.live(*objects, *late[1:]) == [True] * 8
    collect_all_for(s.store)
    assert s.live(*objects, *late[1:]) == [False] * 6 + [True] * 2


def test_a_deep_guest_is_searched_in_pieces(frames: Frames) -> None:
    s = frames
    inner = s.node()
    parked, at, _ = with_object(s, 0)
    s.write(at, 16, inner)
    collect_slice(s.store, u64(0))
    marker = blocks_of(s.store).marker
    marker.parked_index = parked.count - u32(3)  # as if the first words had been searched
    while not collect_slice(s.store, u64(1)):
        pass
    assert s.live(at, inner) == [True, True] and marker.parked_index == 0
