"""What guests of a store may use: fuel, time, memory."""

from collections.abc import Callable
from typing import Final

from fusee.api._living import LivingStore
from fusee.api.errors import WasmtimeError
from fusee.api.hold import Hold
from fusee.api.managed import expect
from fusee.engine.state.runtime import MOST_FUEL, NO_LIMIT
from fusee.kernel.scalars import u32, u64

_NO_LIMIT: Final = int(NO_LIMIT)


class LimitedStore(LivingStore):
    """A store with clocks and limits."""

    def set_fuel(self, fuel: int) -> None:
        """Let guests execute `fuel` instructions, an int, before they trap with `OUT_OF_FUEL`; then nothing is left.

        They pay for a straight line of instructions before its first one, as docs/python-api.md says.
        Raises `WasmtimeError` unless `Config.consume_fuel` is set, and if `fuel` does not fit 64 bits.
        """
        expect(fuel, int, "an int")
        if fuel != fuel & 0xFFFF_FFFF_FFFF_FFFF:
            raise WasmtimeError("fuel is a number of 64 bits, without a sign")
        _held = self._metered()
        self._fill(fuel)

    def _fill(self, fuel: int) -> None:
        """Guests that look for themselves whether they shall stop come for their fuel in slices, and look then."""
        released = 0 if self._native.polls else min(fuel, int(MOST_FUEL))
        self._state.fuel_at[0], self._state.held_fuel = u64(released), u64(fuel - released)

    def get_fuel(self) -> int:
        """What is left of the fuel, in instructions. Raises `WasmtimeError` unless `Config.consume_fuel` is set."""
        _held = self._metered()
        return int(self._state.fuel_at[0]) + int(self._state.held_fuel)

    def _metered(self) -> Hold:
        """What keeps the store's memory in place for who reads or writes its fuel."""
        held = self._hold()
        if not self.engine._consume_fuel:
            raise WasmtimeError("fuel is not configured in this store")
        return held

    def set_epoch_deadline(self, ticks_after_current: int) -> None:
        """Let guests trap with `INTERRUPT` once `Engine.increment_epoch` has been called that often from now.

        `ticks_after_current` is an int. Takes effect with `Config.epoch_interruption` or `consume_fuel`.
        """
        expect(ticks_after_current, int, "an int")
        self._opened()
        with self.engine._gate.clock:
            self._deadline = self.engine._epoch + ticks_after_current
            self._check_deadline()

    def _check_deadline(self) -> None:
        """Have guests stop if the deadline has passed; called whenever one of the two clocks is set."""
        with self.engine._gate.clock:
            if self.engine._has_deadlines:
                self._interrupt()

    def _stop(self) -> None:
        """Have guests stop for good. May be called from any thread."""
        with self.engine._gate.clock:
            self._is_stopped = True
            self._interrupt()

    def _interrupt(self) -> None:
        """Tell guests whether they shall stop."""
        with self.engine._gate.clock:
            if self._is_closed:  # meanwhile, by another thread
                return
            self._state.interrupt = u32(self._is_overdue())
            while (self._state.interrupt != 0) is not self._is_overdue():  # a signal handler has set a clock meanwhile
                self._state.interrupt = u32(self._is_overdue())
            if self._state.interrupt != 0:
                self._native.interrupt_store(self._address)
                if self._waiter is not None:
                    self._waiter.wake()
            if self._wasi_context is not None:
                self._wasi_context.interrupt(self._is_overdue())

    def _is_overdue(self) -> bool:
        if self._is_stopped:
            return True
        return self._deadline is not None and self.engine._epoch >= self._deadline

    def set_limits(
        self,
        memory_size: int = -1,
        table_elements: int = -1,
        instances: int = -1,
        tables: int = -1,
        memories: int = -1,
        heap_size: int = -1,
    ) -> None:
        """Limit what the store may hold from now on; negative: no limit. Raises `ArgumentError`.

        `memory_size` is the size in bytes of each memory, `table_elements` the length of each table, `heap_size` that
        of all structs, arrays and exceptions, in bytes of the blocks that they are in; the others are numbers of
        objects. What goes beyond raises `LimitError`; a guest gets -1 from `memory.grow`, and a `Trap` with
        `OUT_OF_MEMORY` where it makes a struct or an array. `heap_size` is not in wasmtime-py.
        """
        limits = _checked((memory_size, table_elements, instances, tables, memories, heap_size))
        self._limit(self._native.set_limits, limits)

    def set_total_limits(self, memory_size: int, table_elements: int) -> None:
        """Limit what all memories of the store may take together, in bytes, and all tables, in elements.

        A new store allows 64 GiB and 33,554,432 elements. Negative: no limit. What a limit keeps from being made
        raises `LimitError`; `memory.grow` and `table.grow` give -1. Raises `ArgumentError`. Not in wasmtime-py.
        """
        self._limit(self._native.set_total_limits, _checked((memory_size, table_elements)))

    def _limit(self, entry: Callable[..., object], limits: list[int]) -> None:
        """Beside a guest that may run: only that nobody closes the store meanwhile."""
        with self.engine._gate.clock:
            self._opened()
            entry(self._address, *limits)


def _checked(limits: tuple[int, ...]) -> list[int]:
    """Limits as the engine has them. Raises `ArgumentError`."""
    for limit in limits:
        expect(limit, int, "an int")
    return [min(limit, _NO_LIMIT) if limit >= 0 else _NO_LIMIT for limit in limits]
