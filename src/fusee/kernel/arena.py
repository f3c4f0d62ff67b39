"""Simulated memory for un-compiled runs.

Each allocation has bytes of its own, a gap on either side, and an address that is never given out
again (the stack's excepted), so that every mistake with a pointer is found where it happens. The
addresses are chosen to bring out truncation: above 2 GiB with 32-bit pointers, above 4 GiB with 64-bit ones.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from operator import index
from typing import Any, NoReturn, SupportsIndex, TypeVar

from fusee.kernel.codec import element_codec, make_reference
from fusee.kernel.faults import AlignmentFault, BoundsFault, ConstantFault, FreedFault, WildFault
from fusee.kernel.integer import Integer
from fusee.kernel.layout import element_extent
from fusee.kernel.pointer import CodeAddress, Fn, Ptr
from fusee.kernel.scalars import set_pointer_width, u8, usize
from fusee.kernel.space import NULL, Region, Space, current_space, enter_space, leave_space
from fusee.kernel.target import Target

T = TypeVar("T")

_ALIGNMENT = 16
_GAP_BYTES = 32
_CODE_STRIDE = 16
_CODE_BASE = 0x1_0000
_STACK_BASE = 0x7000_0000
_HEAP_BASE = {4: 0x8000_0000, 8: 0x1_8000_0000}  # by pointer width
_HEAP_END = {4: 0xFFFF_0000, 8: 1 << 47}
_STACK_FILL = 0xA5  # a kernel that reads its stack before writing it should notice


class Allocation(Region):
    """Memory that pointers made from it may access."""

    __slots__ = ("_limit", "_space", "address", "data", "size", "state")

    def __init__(self, space: "SimulatedSpace", address: int, data: bytearray) -> None:
        self._space = space
        self.address = address
        self.data = data
        self.size = len(data)
        self._limit = self.size  # or -1, so that any access ends in `_fault`
        self.state: type[Exception] | None = None

    @property
    def space(self) -> Space:
        return self._space

    def read(self, address: int, size: int, mask: int = 0) -> bytearray:
        offset = address - self.address
        end = offset + size
        if offset < 0 or end > self._limit or address & mask:
            self._fault("read", address, size, mask)
        return self.data[offset:end]

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        offset = address - self.address
        end = offset + len(data)
        if offset < 0 or end > self._limit or address & mask or self.state is not None:
            self._fault("write", address, len(data), mask)
        self.data[offset:end] = data

    def release(self) -> None:
        """End its life; its address stays reserved."""
        self._limit = -1
        self.state = FreedFault
        self.data = bytearray()

    def freeze(self) -> None:
        """Refuse writes from now on."""
        self.state = ConstantFault

    def _fault(self, verb: str, address: int, size: int, mask: int) -> NoReturn:
        offset = address - self.address
        place = f"{verb} of {size} bytes at {address:#x}, offset {offset} of {self!r}"
        if self.state is FreedFault:
            raise FreedFault(place)
        if offset < 0 or offset + size > self.size:
            raise BoundsFault(place)
        if address & mask:
            raise AlignmentFault(f"{place}: alignment {mask + 1} needed")
        raise ConstantFault(place)

    def __repr__(self) -> str:
        if self.state is None:
            return f"an allocation of {self.size} bytes"
        state = "released" if self.state is FreedFault else "constant"
        return f"a {state} allocation of {self.size} bytes"


class WildRegion(Region):
    """Where addresses point that are in no allocation."""

    __slots__ = ("_space",)

    def __init__(self, space: Space) -> None:
        self._space = space

    @property
    def space(self) -> Space:
        return self._space

    def read(self, address: int, size: int, mask: int = 0) -> bytes:
        raise WildFault(f"read of {size} bytes at {address:#x}, which is in no allocation")

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        raise WildFault(f"write of {len(data)} bytes at {address:#x}, which is in no allocation")


class StackFrame:
    """Ends the life of the stack arrays made inside of it."""

    __slots__ = ("_depth", "_space")

    def __init__(self, space: "SimulatedSpace") -> None:
        self._space = space

    def __enter__(self) -> None:
        self._depth = self._space.stack_depth

    def __exit__(self, *exception: object) -> None:
        self._space.pop_stack(self._depth)


class SimulatedSpace(Space):
    """An address space of its own for un-compiled kernels."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._heap: list[Allocation] = []
        self._heap_bases: list[int] = []
        self._heap_next = _HEAP_BASE[target.pointer_width]
        self._stack: list[Allocation] = []
        self._stack_bases: list[int] = []
        self._wild = WildRegion(self)
        self._functions: dict[int, Fn[..., Any]] = {}
        self._function_addresses: dict[Fn[..., Any], int] = {}
        self._constants: dict[int, tuple[Any, Ptr[Any]]] = {}

    # Memory.

    def allocate(self, data: bytearray) -> Allocation:
        """A new allocation with these contents."""
        address = self._heap_next
        self._heap_next = _next_address(address, len(data))
        if self._heap_next > _HEAP_END[self.target.pointer_width]:
            raise MemoryError("the simulated address space is used up")
        allocation = Allocation(self, address, data)
        self._heap.append(allocation)
        self._heap_bases.append(address)
        return allocation

    def push_stack(self, size: int) -> Allocation:
        """An allocation that lives until its kernel returns."""
        last = self._stack[-1] if self._stack else None
        address = _next_address(last.address, last.size) if last else _STACK_BASE
        allocation = Allocation(self, address, bytearray([_STACK_FILL]) * size)
        self._stack.append(allocation)
        self._stack_bases.append(address)
        return allocation

    @property
    def stack_depth(self) -> int:
        """How many stack allocations are alive."""
        return len(self._stack)

    def pop_stack(self, depth: int) -> None:
        """End the stack allocations above a depth."""
        while len(self._stack) > depth:
            self._stack.pop().release()
            self._stack_bases.pop()

    def stack_frame(self) -> StackFrame:
        """`with space.stack_frame():` around a kernel's body."""
        return StackFrame(self)

    def region_at(self, address: int) -> Region:
        if address == 0:
            return NULL
        on_heap = address >= self._heap_bases[0] if self._heap_bases else False
        bases, allocations = (self._heap_bases, self._heap) if on_heap else (self._stack_bases, self._stack)
        index = bisect_right(bases, address) - 1
        if index >= 0:
            found = allocations[index]
            if address <= found.address + found.size:
                return found
        return self._wild

    def read(self, address: int, size: int, mask: int = 0) -> bytes | bytearray:
        return self.region_at(address).read(address, size, mask)

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        self.region_at(address).write(address, data, mask)

    # Code.

    def function_at(self, address: int) -> Fn[..., Any]:
        return self._functions.get(address) or CodeAddress(address)

    def function_address(self, function: Fn[..., Any]) -> int:
        if isinstance(function, CodeAddress):
            return function.address
        if not isinstance(function, Fn):
            raise TypeError(f"{function!r} is not a kernel")
        address = self._function_addresses.get(function)
        if address is None:
            address = _CODE_BASE + len(self._functions) * _CODE_STRIDE
            self._function_addresses[function] = address
            self._functions[address] = function
        return address

    def constant(self, element: Any, values: tuple[Any, ...], is_mutable: bool = False) -> Ptr[Any]:
        """A pointer to a table's elements; each table is put into memory once."""
        known = self._constants.get(id(values))
        if known is None:
            codec = element_codec(element, self.target)
            allocation = self.allocate(bytearray(len(values) * codec.size))
            for index, value in enumerate(values):
                codec.store(allocation, allocation.address + index * codec.size, value)
            if not is_mutable:
                allocation.freeze()
            known = values, Ptr.make(codec, allocation, allocation.address)
            self._constants[id(values)] = known
        return known[1]

    def __repr__(self) -> str:
        return f"<simulated {self.target.data_model} memory>"


def _next_address(address: int, size: int) -> int:
    end = address + size + _GAP_BYTES
    return (end + _ALIGNMENT - 1) & -_ALIGNMENT


@contextmanager
def simulate(target: Target) -> Iterator[SimulatedSpace]:
    """Run kernels un-compiled on the memory of a simulated target: `with simulate(ILP32): …`."""
    space = SimulatedSpace(target)
    previous_width = usize.bits // 8
    enter_space(space)
    set_pointer_width(target.pointer_width)
    try:
        yield space
    finally:
        set_pointer_width(previous_width)
        leave_space()


def simulated() -> SimulatedSpace:
    """The simulated address space that is entered now."""
    space = current_space()
    if not isinstance(space, SimulatedSpace):
        raise RuntimeError("no simulated memory: run this inside of `with simulate(ILP32):` or `simulate(LP64)`")
    return space


def allocate_simulated(contents: Integer | int | bytes | bytearray) -> Ptr[u8]:
    """A new allocation: so many zeroed bytes, or a copy of these."""
    data = bytearray(contents if isinstance(contents, bytes | bytearray) else int(contents))
    space = simulated()
    allocation = space.allocate(data)
    return Ptr.make(element_codec(u8, space.target), allocation, allocation.address)


def release_simulated(pointer: Ptr[Any]) -> None:
    """Free what `allocate_simulated`, `new` or `new_array` gave."""
    region = pointer.region
    if not isinstance(region, Allocation) or pointer.address != region.address:
        raise FreedFault(f"{pointer!r} is not the start of an allocation")
    if region.state is FreedFault:
        raise FreedFault(f"{region!r} is released twice")
    region.release()


def new(kind: type[T]) -> T:
    """A zeroed struct in simulated memory."""
    space = simulated()
    allocation = space.allocate(bytearray(element_extent(kind, space.target).size))
    result: T = make_reference(kind, space.target, allocation, allocation.address)
    return result


def new_array(kind: type[T], count: SupportsIndex) -> Ptr[T]:
    """`count` zeroed elements in simulated memory."""
    space = simulated()
    codec = element_codec(kind, space.target)
    allocation = space.allocate(bytearray(index(count) * codec.size))
    return Ptr.make(codec, allocation, allocation.address)


def stack_array(kind: type[T], count: SupportsIndex) -> Ptr[T]:
    """`count` elements that live until the kernel returns."""
    space = simulated()
    codec = element_codec(kind, space.target)
    allocation = space.push_stack(index(count) * codec.size)
    return Ptr.make(codec, allocation, allocation.address)
