"""Exceptions: throwing, and finding who catches (spec 4.2.14, 4.6.9).

An exception is an object of the heap. One that is caught without a reference to it is over, and serves the next throw.
"""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.runtime.codes import recall_code
from fusee.engine.runtime.frames import Walk, find_frame, to_caller
from fusee.engine.runtime.heap.allocate import new_array
from fusee.engine.runtime.heap.collect import note_embedder
from fusee.engine.runtime.heap.roots import new_root
from fusee.engine.runtime.metering import is_late
from fusee.engine.runtime.payload import exn_bytes, payload
from fusee.engine.state.code import (
    CATCH,
    CATCH_ALL,
    CATCH_ALL_REF,
    CATCH_REF,
    DELEGATE,
    NO_SLOT,
    Clause,
    Clauses,
    Code,
)
from fusee.engine.state.heap import EXCEPTION
from fusee.engine.state.module import VAL_V128
from fusee.engine.state.runtime import Exn, Instance, Store, Tag
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, size_of, span, stack_array, u8, u32, u64, usize
from fusee.spec.traps import TrapCode

SMALLEST_CAPACITY: Final = u32(4)  # slots
ANY_DEPTH: Final = u32(0xFFFF_FFFF)


# Making and unmaking


@kernel(inline=True)
def has_spare(world: Store, tag: Tag) -> bool:
    """Whether an exception with the tag can be made without memory, and so without looking for what is unreachable."""
    return world.spare_exn != 0 and cast(Exn, world.spare_exn).capacity >= tag.slot_count


@kernel
def new_exn(world: Store, tag: Tag) -> Exn:
    """An exception whose values are still missing, and to which nothing refers."""
    if has_spare(world, tag):
        spare = cast(Exn, world.spare_exn)
        world.spare_exn = usize(0)
        spare.tag = tag
        return spare
    capacity = tag.slot_count if tag.slot_count > SMALLEST_CAPACITY else SMALLEST_CAPACITY
    exn = cast(Exn, new_array(world, EXCEPTION, exn_bytes(capacity), capacity))
    exn.tag = tag
    return exn


@kernel
def discard(world: Store, exn: Exn) -> None:
    """What nothing refers to is kept for the next throw."""
    if not exn.is_shared:
        world.spare_exn = address(exn)


# Throwing


@kernel
def capture(instance: Instance, index: u32, values: Ptr[u64], spread: u32) -> None:
    """`throw`: a new exception of an instance's tag is under way; its values are in canonical slots."""
    world = instance.store
    tag = cast(Tag, instance.tags[index])
    exn = new_exn(world, tag)
    into = payload(exn)
    for place in span(tag.param_count):
        value = values + (place << spread)
        into[0] = value[0]
        if tag.params[place] == VAL_V128:
            into[1] = value[1]
            into = into + 1
        into = into + 1
    world.exception = address(exn)


@kernel
def land(instance: Instance, place: Ptr[u8], frame: Ptr[u64]) -> None:
    """Find who catches the exception under way, thrown at `place`, and leave in `Store.landing` how to go on there.

    Raises `Trap` if nobody does up to the call from the embedder, who finds the exception in the store.
    """
    world = instance.store
    exn = cast(Exn, world.exception)
    w = stack_array(Walk, 1)[0]
    w.cells = world.engine.cells
    w.instance = instance
    w.frame = frame
    w.place = place
    while find_frame(w):
        code = recall_code(w.instance.module, world.engine.platform, address(w.place))
        if not is_null(code) and code.clauses != 0 and lands_in(world, exn, w, code):
            return
        to_caller(w)
    raise Trap(TrapCode.UNCAUGHT_EXCEPTION, 0)


@kernel
def lands_in(world: Store, exn: Exn, w: Walk, code: Code) -> bool:
    """Whether a clause of the frame's function catches the exception: the innermost one that covers the place."""
    table = cast(Clauses, cast(Ptr[u8], code) + code.clauses)
    clauses = cast(Ptr[Clause], cast(Ptr[u8], table) + size_of(Clauses))
    at = u32(address(w.place) - address(code))
    depth = ANY_DEPTH
    for number in span(table.count):
        clause = clauses[number]
        if at >= clause.start and at < clause.end and clause.depth <= depth:
            if clause.kind == DELEGATE:
                depth = clause.tag
            elif clause.kind >= CATCH_ALL or w.instance.tags[clause.tag] == address(exn.tag):
                world.landing.clauses = table
                enter_clause(world, exn, w, code, clause)
                return True
    return False


@kernel
def enter_clause(world: Store, exn: Exn, w: Walk, code: Code, clause: Clause) -> None:
    """The exception is caught: its values go where the clause's target expects them."""
    world.landing.pc = cast(Ptr[u8], code) + clause.target
    world.landing.frame = w.frame
    world.landing.instance = address(w.instance)
    world.exception = usize(0)
    slot = w.frame + clause.slot
    if clause.kind == CATCH or clause.kind == CATCH_REF:
        spread = world.landing.clauses.spread
        values = payload(exn)
        for place in span(exn.tag.param_count):
            slot[0] = values[0]
            if exn.tag.params[place] == VAL_V128:
                slot[1] = values[1]
                values = values + 1
            values = values + 1
            slot = slot + (u32(1) << spread)
    if clause.kind == CATCH_REF or clause.kind == CATCH_ALL_REF:
        slot[0] = address(exn)
        exn.is_shared = True
    elif clause.reference != NO_SLOT:
        w.frame[clause.reference] = address(exn)
        exn.is_shared = True
    else:
        discard(world, exn)


@kernel
def take_caught(world: Store, kind: u32, into: Ptr[u64]) -> None:
    """The same in native code: the values one behind the other, and then the reference."""
    exn = cast(Exn, world.exception)
    world.exception = usize(0)
    place = into
    if kind == CATCH or kind == CATCH_REF:
        values = payload(exn)
        for number in span(exn.tag.slot_count):
            into[number] = values[number]
        place = into + exn.tag.slot_count
    if kind == CATCH_REF or kind == CATCH_ALL_REF:
        place[0] = address(exn)
        exn.is_shared = True
    else:
        discard(world, exn)


@kernel(cold=True)
def stop_throwing(world: Store) -> None:
    """If the guest shall stop, whoever would catch its exception is not looked for."""
    if is_late(world):
        drop_exn(world)
        raise Trap(TrapCode.INTERRUPT, 0)


# For the embedder


@kernel
def make_exn(world: Store, tag: Tag, values: Ptr[u64]) -> usize:
    """A new exception of the embedder's own, which has to say at once that it holds it."""
    note_embedder(world)
    exn = new_exn(world, tag)
    into = payload(exn)
    for place in span(tag.slot_count):
        into[place] = values[place]
    exn.is_shared = True
    return address(exn)


@kernel
def make_kept_exn(world: Store, tag: Tag, values: Ptr[u64]) -> Ptr[u64]:
    """The same in a place that keeps it (`new_root`)."""
    return new_root(world, make_exn(world, tag, values))


@kernel
def throw_exn(world: Store, exn: usize) -> None:
    """From within a host function: what its guest catches when it returns with an error."""
    world.exception = exn


@kernel
def drop_exn(world: Store) -> None:
    """End what nobody has caught, if there is something: the embedder does not want it."""
    if world.exception != 0:
        discard(world, cast(Exn, world.exception))
        world.exception = usize(0)


@kernel
def take_exn(world: Store) -> usize:
    """What nobody has caught, for the embedder, who has to say at once that it holds it."""
    exn = world.exception
    cast(Exn, exn).is_shared = True
    world.exception = usize(0)
    return exn
