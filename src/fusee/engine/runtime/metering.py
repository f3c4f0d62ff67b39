"""Fuel, deadlines and pauses (no part of the specification; `docs/bytecode.md`, metering).

Whatever works long for a guest pays by its length with `charge`, before its first effect, and after every
`CHUNK_BYTES` of work calls `look`, which may stop the guest, or let it pause.
"""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.runtime.codes import slots_at
from fusee.engine.state.runtime import RESERVED_STACK_SLOTS, SAVED_REGISTERS, Instance, Store
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    minimum,
    null,
    offset_of,
    span,
    u8,
    u32,
    u64,
    unlikely,
)
from fusee.spec import opcodes
from fusee.spec.traps import TrapCode

FREE: Final = frozenset({
    opcodes.NOP, opcodes.DROP, opcodes.UNREACHABLE, opcodes.RETURN, opcodes.BLOCK, opcodes.LOOP, opcodes.ELSE,
    opcodes.END, opcodes.CATCH, opcodes.CATCH_ALL, opcodes.DELEGATE,
})  # fmt: skip
"""Instructions that cost nothing, as in wasmtime: they say where others are, or go where these do anyway."""

PLACELESS: Final = frozenset({opcodes.NOP, opcodes.BLOCK, opcodes.END})
"""Those of them before which one is where one is behind them, if one is just behind a block's `end`."""

ENTRY_COST: Final = 1  # of a function
MANY_VALUES: Final = 8  # a branch or return with more of them shares the code that moves them

SLICE: Final = u64(0x4000)  # of fuel between two looks at the clock
CHUNK_BYTES: Final = u64(0x4_0000)  # of work between two looks: some ten microseconds
CHUNK_ELEMENTS: Final = u64(0x4_0000 // 8)
MONOTONIC: Final = u32(1)  # the clock's number, as WASI counts them


@kernel(inline=True)
def fuel_of(guest: Instance) -> Ptr[u64]:
    """Where an instance's fuel is."""
    return cast(Ptr[u64], cast(Ptr[u8], guest) + offset_of(Instance, "fuel"))


@kernel(cold=True)
def come_for_fuel(guest: Instance, cost: u64) -> None:
    """Called when an instance has too little fuel at hand: it gets what the one has that has paid last."""
    store = guest.store
    found = store.fuel_at[0]
    store.fuel_at[0] = u64(0)
    store.fuel_at = fuel_of(guest)
    guest.fuel = found
    if found < cost:
        refuel(store, cost)


@kernel(cold=True)
def refuel(store: Store, cost: u64) -> None:
    """Called when fuel is short: release some that is held back, as long as nobody wants the guest to stop."""
    fuel = store.fuel_at[0]
    if store.held_fuel == 0 or (store.held_fuel < cost and fuel + store.held_fuel < cost):
        store.fuel_at[0] = u64(0)
        store.held_fuel = u64(0)
        raise Trap(TrapCode.OUT_OF_FUEL, 0)
    if is_late(store):
        raise Trap(TrapCode.INTERRUPT, 0)
    released = store.held_fuel
    if released - minimum(released, cost) > SLICE:
        released = cost + SLICE
    store.held_fuel -= released
    store.fuel_at[0] = fuel + released


@kernel
def is_late(store: Store) -> bool:
    """Whether somebody wants the guest to stop, or its time is over."""
    if store.interrupt != 0:
        return True
    return store.deadline != 0 and store.clock(MONOTONIC) >= store.deadline


@kernel(inline=True)
def charge(store: Store, length: u64) -> None:
    """Before an instruction that takes the longer the more it is about: pay one for each byte or element of it."""
    if unlikely(store.engine.is_metered):
        pay_for(store, length)


@kernel(cold=True)
def pay_for(store: Store, length: u64) -> None:
    if store.fuel_at[0] < length:
        refuel(store, length)
    store.fuel_at[0] -= length


@kernel(cold=True)
def look(world: Store) -> None:
    """Stop the guest if it shall, or let it pause. While it pauses other guests run, and memories and tables move."""
    if is_late(world):
        raise Trap(TrapCode.INTERRUPT, 0)
    if world.is_wanted != 0 and not is_null(world.place_fp):
        pause(world)


@kernel(cold=True)
def leave_registers(world: Store, top: Ptr[u64]) -> None:
    """Put saved registers behind a frame, where the collector finds them: others use `saved` while a guest pauses.

    A function that is paused before it has asked for its frame may have no room for one: then it traps a bit earlier.
    """
    if top > world.stack_limit + (RESERVED_STACK_SLOTS - SAVED_REGISTERS):
        raise Trap(TrapCode.STACK_OVERFLOW, 0)
    for number in span(SAVED_REGISTERS):
        top[number] = world.saved[number]
    world.stack_top = top + SAVED_REGISTERS


@kernel(cold=True)
def pause(world: Store) -> None:
    """Let the embedder do what there is to do."""
    step_aside(world, u32(0), null(Ptr[u64]))


@kernel(cold=True)
def step_aside(world: Store, request: u32, words: Ptr[u64]) -> None:
    """Pause, or have the embedder do what a request of `state.platform` says.

    It may call guests, whose frames are built behind the one that `note_place` has noted.
    """
    frame = world.place_fp
    place = world.place_pc
    instance = world.place_instance
    top = frame
    if instance != 0:
        top = frame + slots_at(cast(Instance, instance).module, address(place))
    leave_registers(world, top)
    world.place_fp = null(Ptr[u64])
    if request == 0:
        shall_stop = world.engine.pause(address(world)) != 0
    else:
        shall_stop = world.engine.platform.call_host(address(world), request, instance, words) != 0
    world.place_fp = frame
    world.place_pc = place
    world.place_instance = instance
    if shall_stop:
        raise Trap(TrapCode.EMBEDDER, 0)


@kernel(cold=True)
def shall_give_up(world: Store) -> bool:
    """Whether what can be begun again shall not go on now. Only guests are in a hurry."""
    if is_null(world.place_fp):
        return False
    if is_late(world) or (world.is_wanted != 0 and not world.is_patient):
        world.has_given_up = True
    return world.has_given_up


@kernel(cold=True)
def try_again(world: Store) -> None:
    """After something was given up: stop or pause; the next time pauses have to wait."""
    world.has_given_up = False
    world.is_patient = False
    look(world)
    world.is_patient = True
