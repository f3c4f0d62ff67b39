"""Counts executed instructions, exactly and at nearly full speed.

Unicorn calls `count_block` at the start of each stretch of straight-line code. Like the engine it is
a kernel, compiled for this process: a Python function would take a hundred times as long.

Where a handler starts, the interpreter's register `pc` tells which instruction of the guest's code is
running, and what follows is charged to that.
"""

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from unicorn.unicorn_py3.unicorn import uclib

from fusee.emulator.hooks import BLOCK, hook
from fusee.kernel.build import Library, Program, load
from fusee.kernel.checking import reserve
from fusee.kernel.lang import Fn, Ptr, cast, kernel, struct, u8, u32, u64, usize
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.emulator.device import Device
    from fusee.emulator.link import Image

_STEP_BYTES: Final = 2  # instructions start at multiples of this, or of twice as much
_LONG_BYTES: Final = 4
_UNIT_BYTES: Final = 4  # of guest code; each has a cell of its own
_CELL_BYTES: Final = 8


@struct
class Counter:
    """What `count_block` is given."""

    total: u64
    start: u64  # addresses of code; what is outside of it is not the device's
    end: u64
    is_handler: Ptr[u8]  # by step
    before: Ptr[u32]  # by step: how many instructions start below it
    read_register: Fn[[usize, u32, Ptr[u64]], u32]  # Unicorn's uc_reg_read
    pc_register: u32
    memory_start: u64
    pc: u64  # of the guest; 0: none runs
    cells: Ptr[u64]  # by unit of memory
    outside: u64  # instructions while no guest ran


@kernel
def count_block(processor: usize, address: u64, size: u32, counter: usize) -> None:
    """A hook (`emulator.hooks`)."""
    c = cast(Counter, counter)
    if address < c.start or address >= c.end:
        return
    first = (address - c.start) // _STEP_BYTES
    count = u64(c.before[first + u64(size) // _STEP_BYTES] - c.before[first])
    c.total += count
    if c.is_handler[first] != 0:
        pc = cast(Ptr[u64], counter) + PC_WORD
        c.read_register(processor, c.pc_register, pc)
    if c.pc == 0:
        c.outside += count
    else:
        c.cells[(c.pc - c.memory_start) // _UNIT_BYTES] += count


@kernel
def number_instructions(code: Ptr[u8], size: u32, has_short: bool, before: Ptr[u32]) -> None:
    """Fill `Counter.before` for a section. Short ones of RISC-V have something else than ones in their lowest two bits.

    A section may begin where the one before ends, and then goes on from the number that it finds there.
    """
    place, count = u32(0), before[0]
    while place < size:
        before[place // _STEP_BYTES] = count
        count += 1
        place += _STEP_BYTES
        if not (has_short and code[place - _STEP_BYTES] & 3 != 3):
            before[place // _STEP_BYTES] = count
            place += _LONG_BYTES - _STEP_BYTES
    before[size // _STEP_BYTES] = count


PC_WORD: Final = layout(Counter, Target.host()).fields["pc"].offset // 8


@cache
def _library() -> Library:
    return load(Program("counter", (count_block, number_instructions)))


class InstructionCount:
    """Counts from now on what a device executes."""

    def __init__(self, device: "Device") -> None:
        if not device.abi.interpreter:
            raise ValueError(f"{device.target.triple}: instructions cannot be counted there")
        self._device = device
        register = device.abi.register(device.abi.interpreter[0])
        size = device.code_end - device.image.start
        self._flags = (ctypes.c_uint8 * (size // _STEP_BYTES + 1))()
        for address in device.image.handlers():
            self._flags[(address - device.image.start) // _STEP_BYTES] = 1
        self._before = (ctypes.c_uint32 * (size // _STEP_BYTES + _LONG_BYTES))()
        for image in (device.image, *device.loaded):
            self._number_instructions(image)
        # As sparse as the device's memory itself.
        self._cells = reserve(device.space.size // _UNIT_BYTES * _CELL_BYTES)
        self._words = memoryview(self._cells).cast("Q")
        self._state = ctypes.create_string_buffer(layout(Counter, Target.host()).extent.size)
        self._counter: Any = view(Counter, ctypes.addressof(self._state))
        self._set_up(size, register)
        device.on_call = self._leave_guest
        device.on_load = self._number_instructions
        self._add_hook()

    def _number_instructions(self, image: "Image") -> None:
        """Every section of code by itself: what is between them need not be whole instructions."""
        device = self._device
        for address, size in sorted(image.code()):
            at = ctypes.addressof(self._before) + 4 * ((address - device.image.start) // _STEP_BYTES)
            code = device.space.host_address(address, size)
            _library().function(number_instructions)(code, size, device.abi.has_short_instructions, at)

    def _set_up(self, size: int, register: int) -> None:
        counter, device = self._counter, self._device
        cells = ctypes.addressof(ctypes.c_char.from_buffer(self._cells))
        counter.start, counter.end = u64(device.image.start), u64(device.image.start + size)
        counter.memory_start, counter.pc_register = u64(device.space.base), u32(register)
        pointers = {"is_handler": ctypes.addressof(self._flags), "cells": cells}
        pointers["before"] = ctypes.addressof(self._before)
        pointers["read_register"] = ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p).value or 0
        for name, address in pointers.items():
            offset = layout(Counter, Target.host()).fields[name].offset
            ctypes.c_size_t.from_buffer(self._state, offset).value = address

    def _add_hook(self) -> None:
        function = _library().address(count_block)
        used = self._state, self._flags, self._before, self._cells
        hook(self, self._device.processor, BLOCK, function, ctypes.addressof(self._state), used)

    def _leave_guest(self) -> None:
        self._counter.pc = u64(0)

    @property
    def total(self) -> int:
        """All that was executed."""
        return int(self._counter.total)

    @property
    def outside(self) -> int:
        """What was executed while no guest ran: loading, linking, what the embedder asks for."""
        return int(self._counter.outside)

    def of_code(self, address: int, size: int) -> int:
        """What was executed for the guest's code in a range of the device's memory."""
        first = (address - self._device.space.base) // _UNIT_BYTES
        return sum(self._words[first : first + -(-size // _UNIT_BYTES)])
