"""A machine with a program in its memory, whose functions are called from Python and may call back."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from weakref import WeakMethod, WeakSet, finalize

from unicorn import unicorn_const as uc
from unicorn.unicorn import Uc

from fusee.emulator.abi import Abi, abi_of
from fusee.emulator.build import DeviceProgram
from fusee.emulator.crash import capture
from fusee.emulator.execution import Execution
from fusee.emulator.hooks import CALLBACK, CODE, hook
from fusee.emulator.link import Image, most_bytes
from fusee.emulator.objects import read_object
from fusee.emulator.passing import Passing
from fusee.emulator.space import PAGE_BYTES, DeviceSpace, Heap
from fusee.emulator.stop import Stopper
from fusee.emulator.system import SYSTEM
from fusee.kernel.errors import KernelError
from fusee.kernel.faults import BoundsFault

_BASE: Final = {4: 0x1000_0000, 8: 0x1_1000_0000}  # by pointer width: LP64 is tried above what 32 bits can hold
_BYTES: Final = 0xE000_0000
_STACK_BYTES: Final = 0x80_0000
_LATER_BYTES: Final = 0x100_0000  # for code that is loaded later: in reach of calls, and counted like the program's
_STUB_BYTES: Final = 16
_TRAP: Final = "engine.handlers.trap.on_trap"


@dataclass
class HostFunction:
    """A Python function with an address. One that may call back into the device leaves the emulator first."""

    name: str
    parameters: Sequence[str]
    result: str | None
    call: Callable[..., Any]
    leaves: bool
    failure: int | None  # what it gives if it is interrupted


@dataclass
class Leaving:
    """A call of such a function: its arguments, the stack pointer in it, where it returns to and the one then."""

    function: HostFunction
    arguments: list[int]
    stack: int
    address: int
    stack_after: int


def _weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """A device's method, for its own parts: a device holds much memory, and shall end as soon as nobody has it."""
    found = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        bound = found()
        assert bound is not None  # only a device that somebody has executes
        return bound(*arguments)

    return call


class Device:
    """A program linked and loaded for its target.

    Memory from low to high: nothing, so that null pointers and an overrun of the stack fault; the
    stack; the stubs of host functions; code and data; code that is loaded later; the heap.
    """

    def __init__(self, program: DeviceProgram) -> None:
        self.target = program.target
        self.abi: Abi = abi_of(self.target)
        base = _BASE[self.target.pointer_width]
        self.space = DeviceSpace(self.target, base, _BYTES)
        self.processor = Uc(self.abi.architecture, self.abi.mode)
        if self.abi.processor is not None:
            self.processor.ctl_set_cpu_model(self.abi.processor)
        self.processor.mem_map_ptr(base, _BYTES, uc.UC_PROT_ALL, self.space.host_base)
        self.abi.prepare(self.processor)
        self.stack = base + _STACK_BYTES
        self._stubs = self.stack
        self.stop_address = self._stubs  # where calls from Python return to
        self.passing = Passing(self.processor, self.space, self.abi, self.stop_address)
        self._functions: dict[int, HostFunction] = {}
        self.leaving: Leaving | None = None
        self.failure: BaseException | None = None  # of a function that does not leave
        self.is_executing = False  # and so can be called by nobody, such as a signal's handler
        self.refusal: Callable[[], Exception] = partial(RuntimeError, "the device is executing something else")
        self._postponed: list[Callable[[], object]] = []
        self.on_call: Callable[[], None] | None = None  # told when a call from Python begins
        self.on_load: Callable[[Image], None] | None = None  # told of code that is loaded
        self._link(program)
        first, last = self._stubs + _STUB_BYTES, self._stubs + PAGE_BYTES - 1
        hook(self, self.processor, CODE, CALLBACK(_weakly(self._on_stub)), first=first, last=last)
        self.stopper = Stopper(self.processor, (address & ~self.abi.code_bit for address in self.image.handlers()))
        self.trap_address = self.image.symbols.get(_TRAP, 0)
        """Where a guest goes on that is stopped."""

    def _link(self, program: DeviceProgram) -> None:
        objects = [read_object(name, contents) for name, contents in program.objects.items()]
        self.image = Image(self.target, self._stubs + PAGE_BYTES, objects, _weakly(self._define_system))
        self.space.write(self.image.start, bytes(self.image.contents))
        free = -(-(self.image.start + len(self.image.contents)) // PAGE_BYTES) * PAGE_BYTES
        self.code_end = free + _LATER_BYTES
        self.loaded: WeakSet[Image] = WeakSet()  # later
        self._room = Heap(self.space, free, self.code_end)
        self.heap = Heap(self.space, self.code_end, self.space.base + self.space.size)
        self.entries = program.entries

    def load(self, objects: Mapping[str, bytes]) -> Image:
        """Link more code, which stays while the image lives. It may call the program, and the system.

        `MemoryError` if there is no room for it.
        """
        read = [read_object(name, contents) for name, contents in objects.items()]
        size = most_bytes(self.target, read)
        place = self._room.allocate(size + PAGE_BYTES, 1)
        if not place:
            raise MemoryError(f"no room for {size} bytes of code on the device")
        image = Image(self.target, -(-place // PAGE_BYTES) * PAGE_BYTES, read, self._symbol)
        self.space.write(image.start, bytes(image.contents))
        processor: Any = self.processor
        processor.ctl_remove_cache(image.start, image.start + size)  # of what was here before
        finalize(image, self.postpone, partial(self._room.release, place)).atexit = False
        self.loaded.add(image)
        if self.on_load is not None:
            self.on_load(image)
        return image

    def image_at(self, address: int) -> Image:
        """What has been loaded where an address is; the program itself if nothing has."""
        return next((image for image in self.loaded if image.object_at(address) is not None), self.image)

    def _symbol(self, name: str) -> int:
        return self.image.symbols.get(name) or self._define_system(name)

    # --- functions of the host -------------------------------------------------------------------

    def define(
        self, name: str, parameters: Sequence[str], result: str | None, call: Callable[..., Any], leaves: bool = False,
        failure: int | None = None,
    ) -> int:  # fmt: skip
        """Give a Python function an address at which the device can call it.

        One that leaves gives `failure` if a signal's handler interrupts it. Raises `MemoryError` for more than there is
        room for.
        """
        address = self._stubs + _STUB_BYTES * (len(self._functions) + 1)
        if address >= self._stubs + PAGE_BYTES:
            raise MemoryError(f"the device has {len(self._functions)} functions of Python's, and room for no more")
        self.space.write(address, self.abi.return_instruction)
        self._functions[address] = HostFunction(name, parameters, result, call, leaves, failure)
        return address | self.abi.code_bit

    def host_function(self, address: int) -> str | None:
        """The name of the Python function that has this address."""
        found = self._functions.get(address & ~self.abi.code_bit)
        return None if found is None else found.name

    def _define_system(self, name: str) -> int:
        if name not in SYSTEM:
            raise ValueError(f"nothing defines {name}")
        parameters, result, call = SYSTEM[name]
        return self.define(name, parameters, result, partial(call, self.space))

    def _on_stub(self, engine: int, address: int, size: int, state: int) -> None:
        processor = self.processor
        try:
            function = self._functions[address]
            stack = int(processor.reg_read(self.abi.stack_pointer))
            arguments = self.passing.arguments(function.parameters, stack)
            if function.leaves:
                self.leaving = Leaving(function, arguments, stack, *self.passing.return_place(stack))
                processor.emu_stop()
            else:
                self.passing.give(function.call(*arguments), function.result)
        except BoundsFault as fault:
            self.failure = capture(self, str(fault))
            processor.emu_stop()
        except BaseException as failure:
            self.failure = failure
            processor.emu_stop()

    # --- functions of the device -----------------------------------------------------------------

    def function(self, symbol: str) -> Callable[..., Any]:
        """An entry of the program. It takes numbers, and ctypes objects by reference; it raises what the kernel raises.

        Those objects are copied to the device's stack for the length of the call, and then back.
        """
        entry = self.entries[symbol]
        address = self.image.symbols[entry.symbol]
        if not entry.has_status:
            kind = entry.results[0] if entry.results else None
            return lambda *arguments: self._call(address, entry.parameters, arguments, kind)
        count = len(entry.results)

        def call(*arguments: Any) -> Any:
            cells = (ctypes.c_uint64 * max(count, 1))()
            kinds = (*entry.parameters, "address")
            status = self._call(address, kinds, (*arguments, cells), "u64")
            if status:
                raise KernelError.from_status(status)
            masks = ((1 << 8 * self.passing.bytes_of(kind)) - 1 for kind in entry.results)
            results = tuple(cell & mask for cell, mask in zip(cells, masks, strict=False))
            return results if count > 1 else results[0] if count else None

        return call

    def status_function(self, symbol: str) -> Callable[..., int]:
        """An entry without results, as a function that gives a status instead of raising."""
        entry = self.entries[symbol]
        address = self.image.symbols[entry.symbol]
        return lambda *arguments: int(self._call(address, entry.parameters, arguments, "u64") or 0)

    def postpone(self, action: Callable[[], object]) -> None:
        """Do something with the device before the next call.

        For what Python's garbage collector asks for, which may come in the middle of anything.
        """
        self._postponed.append(action)

    def _call(self, address: int, kinds: Sequence[str], arguments: Sequence[Any], result: str | None) -> int | None:
        if self.is_executing:
            raise self.refusal()
        actions, self._postponed = self._postponed, []
        for action in actions:
            action()
        if self.on_call is not None:
            self.on_call()
        before = self.stack
        try:
            self.is_executing = True  # a handler's call would have the same registers and place for arguments
            numbers, copies = self.passing.push(arguments, before)
            self.passing.prepare(kinds, numbers, copies[-1][1] if copies else before)
            Execution(self, address).run()
            for argument, place, size in copies:
                ctypes.memmove(argument, self.space.host_address(place, size), size)
            return self.passing.result(result)
        finally:
            self.is_executing = False
            self.stack = before
