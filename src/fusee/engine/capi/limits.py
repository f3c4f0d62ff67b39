"""Fuel, deadlines, and what a store may hold (`fusee.h`)."""

from fusee.engine.capi.alarm import deadline_in, set_alarm
from fusee.engine.capi.state import StoreObject, System
from fusee.engine.runtime.heap.collect import collect_for, end_objects
from fusee.engine.runtime.metering import MONOTONIC
from fusee.engine.runtime.store import set_limits, set_total_limits
from fusee.engine.state.heap import STEP_WORDS
from fusee.engine.state.runtime import NO_LIMIT
from fusee.kernel.lang import address, is_null, kernel, u64


@kernel(export="fusee_store_set_fuel")
def set_fuel(s: StoreObject, fuel: u64) -> bool:
    """False if the engine's configuration is not metered."""
    if is_null(s) or s.engine.is_timed:
        return False
    s.store.fuel_at[0] = u64(0)
    s.store.held_fuel = fuel  # the guest comes for it, so that somebody looks whether it shall stop
    return s.engine.is_metered


@kernel(export="fusee_store_fuel")
def get_fuel(s: StoreObject) -> u64:
    return u64(0) if is_null(s) or s.engine.is_timed else s.store.fuel_at[0] + s.store.held_fuel


@kernel(export="fusee_store_set_deadline")
def set_deadline(s: StoreObject, nanoseconds: u64) -> bool:
    """Stop guests that long from now; 0: never. False if the platform has no clock, or lacks what notices.

    Guests of engines that are metered look themselves, for others the platform has to call back.
    """
    if is_null(s):
        return False
    if not s.engine.is_metered:
        can_be_kept = has_timers(s.engine.system) and not s.world.engine.is_deaf
        return (nanoseconds == 0 or can_be_kept) and set_alarm(s, nanoseconds)
    s.store.held_fuel += s.store.fuel_at[0]
    s.store.fuel_at[0] = u64(0)
    s.store.deadline = u64(0)
    if nanoseconds == 0:
        return True
    clock = s.store.clock
    if address(clock) == 0:
        return False
    s.store.deadline = deadline_in(clock(MONOTONIC), nanoseconds)
    return True


@kernel
def has_timers(system: System) -> bool:
    return address(system.clock) != 0 and address(system.after) != 0


@kernel(export="fusee_store_set_limits")
def limit(s: StoreObject, memory_bytes: u64, table_elements: u64, instances: u64) -> None:
    """The size of each memory, the length of each table, the number of instances."""
    if not is_null(s):
        heap_bytes = s.store.heap.maximum_bytes
        set_limits(s.store, memory_bytes, table_elements, instances, NO_LIMIT, NO_LIMIT, heap_bytes)


@kernel(export="fusee_store_set_total_limits")
def limit_totals(s: StoreObject, memory_bytes: u64, table_elements: u64) -> None:
    """The size of all memories together, the length of all tables."""
    if not is_null(s):
        set_total_limits(s.store, memory_bytes, table_elements)


@kernel(export="fusee_store_set_heap_limit")
def limit_heap(s: StoreObject, heap_bytes: u64) -> None:
    """The size of all structs, arrays and exceptions."""
    if not is_null(s):
        s.store.heap.maximum_bytes = heap_bytes


@kernel(export="fusee_store_end")
def end_for_a_while(s: StoreObject, nanoseconds: u64) -> bool:
    """Free the guests' objects, for about that long; whether all are. Not while a guest runs.

    Without a clock that is as many words of objects.
    """
    if is_null(s):
        return True
    if s.depth != 0:
        return False
    s.is_ended = True
    clock = s.engine.system.clock
    if address(clock) == 0:
        return end_objects(s.store, nanoseconds)
    start = clock(MONOTONIC)
    while not end_objects(s.store, STEP_WORDS):
        if clock(MONOTONIC) - start >= nanoseconds:
            return False
    return True


@kernel(export="fusee_store_collect")
def collect_for_a_while(s: StoreObject, nanoseconds: u64) -> bool:
    """Free what guests hold no more, for about that long; whether a search has been completed.

    Without a clock that is as many words of objects.
    """
    if is_null(s):
        return True
    clock = s.engine.system.clock
    if address(clock) == 0:
        return collect_for(s.store, nanoseconds)
    start = clock(MONOTONIC)
    while not collect_for(s.store, STEP_WORDS):
        if clock(MONOTONIC) - start >= nanoseconds:
            return False
    return True
