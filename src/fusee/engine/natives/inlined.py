"""What generated code has inlined beside `engine.numeric`'s meanings: how it reaches memories, globals, functions."""

from typing import Any, TypeVar

from fusee.engine.errors import Trap
from fusee.engine.runtime.holdings import own_globals
from fusee.engine.runtime.memory import checked_32, checked_64, memory_at
from fusee.engine.state.runtime import Exn, Func, Global, Instance, Memory, Store, Table
from fusee.kernel.lang import (
    Ptr,
    Static,
    address,
    cast,
    f32,
    f64,
    kernel,
    load,
    offset_of,
    store,
    u8,
    u32,
    u64,
    unlikely,
    usize,
    v128,
)  # fmt: skip
from fusee.spec.traps import TrapCode

N = TypeVar("N", u32, u64, f32, f64, v128)
U = TypeVar("U", u32, u64)

# Memories


@kernel(inline=True)
def first_memory(ctx: Instance) -> Memory:
    return cast(Memory, ctx.memory)


@kernel(inline=True)
def other_memory(ctx: Instance, index: u32) -> Memory:
    return memory_at(ctx, u64(index))


@kernel(inline=True)
def base_of(memory: Memory) -> Ptr[u8]:
    return memory.base


@kernel(inline=True)
def fixed_base_of(memory: Memory) -> Ptr[u8]:
    """The same of one that always has the length which its type says: only what grows moves."""
    return memory.base


@kernel(inline=True)
def length_of(memory: Memory) -> u64:
    return memory.length_bytes


@kernel(inline=True)
def place_32(base: Ptr[u8], length: u64, index: u32, offset: u64, width: Static[int]) -> Ptr[u8]:
    """Where an access to a memory with 32-bit addresses goes."""
    return base + usize(checked_32(u64(index), offset, length, width))


@kernel(inline=True)
def place_64(base: Ptr[u8], length: u64, index: u64, offset: u64, width: Static[int]) -> Ptr[u8]:
    return base + usize(checked_64(index, offset, length, width))


@kernel(inline=True)
def near_place_32(base: Ptr[u8], greatest: u64, index: u32, offset: u64) -> Ptr[u8]:
    """The same where the memory is never shorter than offset and width together: `greatest` is what that leaves."""
    if unlikely(u64(index) > greatest):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return base + usize(index) + usize(offset)


@kernel(inline=True)
def near_place_64(base: Ptr[u8], greatest: u64, index: u64, offset: u64) -> Ptr[u8]:
    if unlikely(index > greatest):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return base + usize(index) + usize(offset)


@kernel(inline=True)
def raise_outside(ctx: Instance) -> None:
    raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)


@kernel(inline=True)
def load_value(place: Ptr[u8], stored: Static[Any], t: Static[type[U]]) -> U:
    """A load (spec 4.6.6); integers are extended by the signedness of the type in memory."""
    return t(load(stored, place))


@kernel(inline=True)
def load_whole(place: Ptr[u8], t: Static[type[N]]) -> N:
    """The same of a float or vector."""
    value: N = load(t, place)
    return value


@kernel(inline=True)
def store_value(place: Ptr[u8], value: U, stored: Static[Any], t: Static[type[U]]) -> None:
    """A store (spec 4.6.7) of an integer's low bytes."""
    store(place, stored(value))


@kernel(inline=True)
def store_whole(place: Ptr[u8], value: N, t: Static[type[N]]) -> None:
    store(place, value)


# Tables


@kernel(inline=True)
def elements_of(table: Table) -> Ptr[u64]:
    return table.elements


# Globals: integers below 64 bits are in the low bytes


@kernel(inline=True)
def own_global(ctx: Instance, number: u32) -> Ptr[u8]:
    """The value of a global that the instance defines, by its number among those."""
    return cast(Ptr[u8], own_globals(ctx)[number])


@kernel(inline=True)
def imported_global(ctx: Instance, index: u32) -> Ptr[u8]:
    return cast(Ptr[u8], cast(Global, ctx.globals[index]))


# Functions


@kernel(inline=True)
def function_at(ctx: Instance, index: u32) -> Func:
    return cast(Func, ctx.functions[index])


@kernel(inline=True)
def reference_to(func: Func) -> u64:
    return u64(address(func))


@kernel(inline=True)
def callee_of(reference: u64) -> Func:
    """The function that a `call_ref` calls (spec 4.6.10)."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_FUNCTION, 0)
    return cast(Func, usize(reference))


@kernel(inline=True)
def native_of(func: Func) -> usize:
    return func.native


@kernel(inline=True)
def instance_of(func: Func) -> usize:
    return func.instance


@kernel(inline=True)
def note_tail_callee(ctx: Instance, func: Func) -> None:
    """Who is to be called when `TAIL_CALL` has been returned."""
    ctx.store.tail_callee = address(func)


@kernel(inline=True)
def id_of_type(func: Func) -> u32:
    """The id of a function's very type."""
    return func.canonical


@kernel(inline=True)
def type_id(ctx: Instance, type_index: u32) -> u32:
    """That of the type which a `call_indirect` expects."""
    return ctx.module.types[type_index].canonical


@kernel(inline=True)
def non_null(reference: u64) -> u64:
    """`ref.as_non_null` (spec 4.6.5)."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_REFERENCE, 0)
    return reference


@kernel(inline=True)
def unreachable_code(ctx: Instance) -> None:
    """`unreachable` (spec 4.6.10)."""
    raise Trap(TrapCode.UNREACHABLE, 0)


# Exceptions


@kernel(inline=True)
def is_thrown(ctx: Instance) -> bool:
    """Whether an error is an exception, and no trap."""
    return ctx.store.exception != 0


@kernel(inline=True)
def is_tagged(ctx: Instance, tag: u32) -> bool:
    """Whether the exception under way has a tag of the instance's."""
    return ctx.tags[tag] == address(cast(Exn, ctx.store.exception).tag)


# The engine


@kernel(inline=True)
def helper_at(ctx: Instance, number: Static[int]) -> usize:
    return ctx.helpers[number]


@kernel(inline=True)
def store_of(ctx: Instance) -> Store:
    return ctx.store


@kernel(inline=True)
def host_limit(world: Store) -> usize:
    return world.host_limit


@kernel(inline=True)
def wish(ctx: Instance) -> Ptr[u8]:
    """Where another thread says that the guest shall pause: a u32."""
    return cast(Ptr[u8], ctx.store) + offset_of(Store, "is_wanted")


@kernel(inline=True)
def fuel_place(ctx: Instance) -> Ptr[u8]:
    """Where the instance's fuel is: a u64."""
    return cast(Ptr[u8], ctx) + offset_of(Instance, "fuel")


@kernel(inline=True)
def has_no_frame(top: Ptr[u64], ctx: Instance) -> bool:
    """Whether a guest frame that ends there is too high."""
    return top > ctx.stack_limit


@kernel(inline=True)
def raise_overflow(ctx: Instance) -> None:
    raise Trap(TrapCode.STACK_OVERFLOW, 0)
