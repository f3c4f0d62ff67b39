"""Fuel that is held back so that a deadline is noticed (no part of the specification)."""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import kernel, minimum, u32, u64
from fusee.spec.traps import TrapCode

SLICE: Final = 0x1_0000  # instructions between two looks at the clock
MONOTONIC: Final = u32(1)  # the clock's number, as WASI counts them


@kernel(cold=True)
def refuel(store: Store, cost: u64) -> None:
    """Called when fuel is short: release some that is held back, as long as the deadline has not come."""
    if store.held_fuel == 0 or store.fuel + store.held_fuel < cost:
        raise Trap(TrapCode.OUT_OF_FUEL, 0)
    if store.deadline != 0 and store.clock(MONOTONIC) >= store.deadline:
        raise Trap(TrapCode.INTERRUPT, 0)
    released = minimum(store.held_fuel, cost + SLICE)
    store.held_fuel -= released
    store.fuel += released
