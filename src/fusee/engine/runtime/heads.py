"""The first cells of functions and loops, which every recursion and every loop comes past again and again.

Who wants a guest to stop or to pause, in another thread, replaces the handlers in these cells, of all code of the
store's modules, by `interrupted`: each a single store of a word, seen by the guest at once or a little later. The own
handlers are kept behind the code meanwhile, so that this takes no memory, and cannot fail.

The guest may go on at the same time. What it changes is in an order in which this finds it complete, or not at all: an
instance is entered in the store's list, then names its module; code is entered in the module's table. Nothing of it
is freed before the store. What is entered while cells are replaced may be missed. So whoever enters something and then
goes on looks, behind a fence, whether somebody wants the guest (`translated` does), and whoever wants it says so first,
and replaces cells behind a fence: one of the two sees the other.

A guest that calls a function every few nanoseconds meets the first cell that is replaced of those that it comes past
all the time: another core sees each of these words later than the one before. Who wants to learn where guests are
(`is_mixed`) begins with another function each time, and goes on in another order: else the one with the least index
would be seen, however much longer others take.

All who replace handlers of the same code take turns: in Python by the interpreter lock, in C by one of the store's.
"""

from fusee.engine.runtime.codes import loop_heads
from fusee.engine.runtime.holdings import BLOCK_INSTANCE, Block, contents, newest_of
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.state.module import Module
from fusee.engine.state.runtime import Engine, Store
from fusee.engine.state.tiering import Tiering
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
    address,
    atomic_load,
    atomic_store,
    cast,
    clz,
    is_null,
    kernel,
    load,
    size_of,
    span,
    store,
    u8,
    u32,
    usize,
)  # fmt: skip


@kernel
def replace_heads(world: Store, is_wanted: bool, spares_native: Static[bool], is_mixed: Static[bool]) -> None:
    """Have the guest meet `interrupted` in the first cells of all functions and loops; or else their own handlers.

    `spares_native`: where a function with native code begins, it goes on there. `is_mixed`: in an order of its own
    (`Tiering.turn`).
    """
    interrupted = world.engine.cells.interrupted
    at = atomic_load(newest_of(world), Order.ACQUIRE)
    while at != 0:
        block = cast(Block, at)
        at = block.next
        if block.kind == BLOCK_INSTANCE:
            m = cast(Module, atomic_load(cast(Ptr[usize], contents(block)), Order.RELAXED))
            if not is_null(m):
                if is_mixed:
                    replace_mixed(world.engine, m, is_wanted, spares_native)
                else:
                    for index in span(m.imported_func_count, m.func_count):
                        replace_at(m, index, interrupted, is_wanted, spares_native)


@kernel
def replace_mixed(engine: Engine, m: Module, is_wanted: bool, spares_native: Static[bool]) -> None:
    """The same for one module, all of whose functions have their turn: an odd number has an inverse modulo 2**n."""
    tiering = cast(Tiering, engine.tiering)
    tiering.turn = tiering.turn * u32(1664525) + u32(1013904223)  # a linear congruential generator of full period
    first, step = tiering.turn >> 8, tiering.turn >> 16 | 1
    count = m.func_count - m.imported_func_count
    last = u32(0xFFFF_FFFF) >> clz(count | 1)
    for number in span(u32(0), last + 1):
        place = first + number * step & last
        if place < count:
            replace_at(m, m.imported_func_count + place, engine.cells.interrupted, is_wanted, spares_native)


@kernel(inline=True)
def replace_at(m: Module, index: u32, interrupted: usize, is_wanted: bool, spares_native: Static[bool]) -> None:
    """The same for a function of a module."""
    place = atomic_load(m.code_table + index, Order.ACQUIRE)
    if place != 0:
        first = u32(0)
        if spares_native:
            if not is_null(m.natives) and m.natives[index] != 0:
                first = u32(1)
        replace_in(cast(Code, place - CODE_START), interrupted, is_wanted, first)


@kernel
def replace_in(code: Code, interrupted: usize, is_wanted: bool, first: u32) -> None:
    """The same in a function's code, from one of its cells on (`head`).

    A cell may begin several loops: the first of them has its handler.
    """
    for number in span(first, loop_heads(code)[0] + 1):
        cell = head(code, number)
        handler = atomic_load(cell, Order.RELAXED)
        if is_wanted and handler != interrupted:
            store(own_handler(code, number), handler)
            atomic_store(cell, interrupted, Order.RELAXED)
        elif not is_wanted and handler == interrupted:
            atomic_store(cell, load(usize, own_handler(code, number)), Order.RELAXED)


@kernel(inline=True)
def head(code: Code, number: u32) -> Ptr[usize]:
    """The function's first cell, or that of a loop, counted from 1."""
    offset = u32(CODE_START) if number == 0 else loop_heads(code)[number]
    return cast(Ptr[usize], cast(Ptr[u8], code) + offset)


@kernel(inline=True)
def own_handler(code: Code, number: u32) -> Ptr[u8]:
    """Where its handler is kept."""
    heads = loop_heads(code)
    return cast(Ptr[u8], heads + heads[0] + 1) + number * size_of(usize)


@kernel
def change_handler(code: Code, cell: usize, interrupted: usize, handler: usize) -> None:
    """Give the first cell at an address of a function or loop another handler, now or when it gets its own back."""
    number = u32(0)
    while address(head(code, number)) != cell:
        number += 1
    if atomic_load(head(code, number), Order.RELAXED) == interrupted:
        store(own_handler(code, number), handler)
    else:
        atomic_store(head(code, number), handler, Order.RELEASE)
