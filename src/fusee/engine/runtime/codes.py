"""The code of a module's translated functions, found by an address in it in logarithmic time.

It is a treap: a search tree by address that is a heap by a hash of the address, and so as good as balanced in
whatever order functions are translated. Its nodes are the headers of the code itself. Most programs never look for
a function: what is translated waits in a list until somebody does.

Throws come past the same calls again and again. So a table remembers whose they are: by some bits of the
place it has the address of the code that was found there last, and that code says itself whether a place is in it.
"""

from typing import Final

from fusee.engine.arena import Arena
from fusee.engine.locks import unlock, wait_while_locked
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_compare_exchange,
    atomic_exchange,
    atomic_load,
    atomic_store,
    cast,
    is_null,
    kernel,
    load,
    null,
    offset_of,
    size_of,
    span,
    u8,
    u32,
    u64,
    unlikely,
    usize,
)

NOTE_BYTES: Final = 8
"""Behind the cells: the frame's slots, the number of loops, and the offsets of their first cells; four bytes each. Then
a word for the function's first cell, and one for each of those: its handler, while `runtime.heads` has replaced it."""

SPREAD: Final = 0x9E37_79B1  # 2³² divided by the golden ratio, and odd: multiplied by it, neighbours lie far apart

KNOWN_ENTRIES: Final = usize(0x400)  # of `Module.code_known`
KNOWN_SHIFT: Final = 5  # bits of a place that do not count: what lies next to each other gets entries of its own


@kernel(inline=True)
def code_of(m: Module, number: u32) -> Code:
    """The code of the function with the index `number` minus one."""
    return cast(Code, m.code_table[number - 1] - CODE_START)


@kernel(inline=True)
def rank(code: Code) -> u32:
    """A node's place in the heap: the greatest is on top."""
    return u32(address(code) >> 4) * SPREAD


@kernel(inline=True)
def link(owner: Ptr[u8], offset: usize) -> Ptr[u32]:
    return cast(Ptr[u32], owner + offset)


@kernel
def add_code(m: Module, home: Ptr[u8], size: u32, index: u32, whole_size: u64, most_bytes: u64) -> usize:
    """Note code that is complete, and publish it; gives the address of the function's first cell.

    If another thread was first, that is its code's. It is 0 if the module would have more than `most_bytes` of code.
    """
    lock_code(m)
    found = m.code_table[index]
    if found == 0 and m.code_bytes + whole_size <= most_bytes:
        made = cast(Code, home)
        made.size = size
        made.index = index
        made.lower = m.code_waiting
        m.code_waiting = index + 1
        m.code_bytes += whole_size
        found = address(home) + CODE_START
        atomic_store(m.code_table + index, found, Order.RELEASE)
    unlock(m.lock)
    return found


@kernel(inline=True)
def lock_code(m: Module) -> None:
    """Before a use of the tree of code, or of the list of what is not in it yet."""
    while unlikely(atomic_exchange(m.lock, 1, Order.ACQUIRE) != 0):
        wait_while_locked(m.lock, cast(Arena, m.arena).platform)


@kernel
def enter_code(m: Module, number: u32) -> None:
    """Put a function's code into the tree."""
    made = code_of(m, number)
    at = link(cast(Ptr[u8], m), usize(offset_of(Module, "code_root")))
    while at[0] != 0 and rank(code_of(m, at[0])) >= rank(made):
        at = link(cast(Ptr[u8], code_of(m, at[0])), side(code_of(m, at[0]), made))
    rest = at[0]
    at[0] = number
    split(m, rest, made)


@kernel(inline=True)
def side(node: Code, other: Code) -> usize:
    """Which link of `node` leads to `other`."""
    if address(other) < address(node):
        return usize(offset_of(Code, "lower"))
    return usize(offset_of(Code, "higher"))


@kernel
def split(m: Module, rest: u32, top: Code) -> None:
    """Divide a tree into the two of `top`, whose address lies between them."""
    lower = link(cast(Ptr[u8], top), usize(offset_of(Code, "lower")))
    higher = link(cast(Ptr[u8], top), usize(offset_of(Code, "higher")))
    while rest != 0:
        node = code_of(m, rest)
        if address(node) < address(top):
            lower[0] = rest
            lower = link(cast(Ptr[u8], node), usize(offset_of(Code, "higher")))
            rest = node.higher
        else:
            higher[0] = rest
            higher = link(cast(Ptr[u8], node), usize(offset_of(Code, "lower")))
            rest = node.lower
    lower[0] = u32(0)
    higher[0] = u32(0)


@kernel
def find_code(m: Module, place: usize) -> u32:
    """The function, as index plus one, whose code contains an address; 0 if none of this module's does."""
    lock_code(m)
    number = search_code(m, place)
    unlock(m.lock)
    return number


@kernel
def search_code(m: Module, place: usize) -> u32:
    while m.code_waiting != 0:
        waiting = m.code_waiting
        m.code_waiting = code_of(m, waiting).lower
        enter_code(m, waiting)
    number = m.code_root
    while number != 0:
        code = code_of(m, number)
        if place < address(code):
            number = code.lower
        elif place - address(code) >= code.size:
            number = code.higher
        else:
            return number
    return u32(0)


@kernel
def recall_code(m: Module, platform: Platform, place: usize) -> Code:
    """The code that contains an address, null if none of this module's does: quick where that was asked before.

    Threads write entries without a lock. Each is a whole word, is read once, and leads to code that is complete.
    """
    known = atomic_load(m.code_known, Order.RELAXED)
    if known == 0:
        known = open_known(m, platform)
        if known == 0:  # there is no memory: nothing is remembered
            number = find_code(m, place)
            return code_of(m, number) if number != 0 else null(Code)
    entry = cast(Ptr[usize], known) + (place >> KNOWN_SHIFT & (KNOWN_ENTRIES - 1))
    found = atomic_load(entry, Order.RELAXED)
    if found != 0 and place - found < cast(Code, found).size:
        return cast(Code, found)
    number = find_code(m, place)
    if number == 0:
        return null(Code)
    atomic_store(entry, address(code_of(m, number)), Order.RELEASE)
    return code_of(m, number)


@kernel(cold=True)
def open_known(m: Module, platform: Platform) -> usize:
    """Make the table of what is remembered, unless another thread has; 0 if there is no memory."""
    made = address(platform.allocate(KNOWN_ENTRIES, usize(size_of(usize))))
    before = atomic_compare_exchange(m.code_known, 0, made, Order.ACQ_REL)
    if before == 0:
        return made
    platform.release(cast(Ptr[u8], made))
    return before


@kernel(inline=True)
def loop_heads(code: Code) -> Ptr[u32]:
    """How many loops a function has, and where in its code the first cell of each is, to which its back-edges lead."""
    return cast(Ptr[u32], cast(Ptr[u8], code) + code.size) + 1


@kernel(inline=True)
def notes_bytes(loops: u32) -> u32:
    """How much stands behind the cells of a function with so many loops."""
    return loops * (size_of(u32) + size_of(usize)) + (NOTE_BYTES + size_of(usize))


@kernel(inline=True)
def notes_end(code: Code) -> u32:
    """Where these end, from the function's header."""
    return code.size + notes_bytes(load(u32, cast(Ptr[u8], code) + (code.size + 4)))


@kernel(cold=True)
def slots_at(m: Module, place: usize) -> u32:
    """How many slots of its frame, from slot 0, the function may use whose code contains an address."""
    code = code_of(m, find_code(m, place))
    return load(u32, cast(Ptr[u8], code) + code.size)


@kernel
def release_code(m: Module, platform: Platform) -> None:
    """Free the code of all translated functions of a module, and what is known of it."""
    if is_null(m.code_table):
        return
    platform.release(cast(Ptr[u8], m.code_known[0]))
    m.code_known[0] = usize(0)
    for index in span(m.imported_func_count, m.func_count):
        if m.code_table[index] != 0:
            platform.release(cast(Ptr[u8], code_of(m, index + 1)))
            m.code_table[index] = usize(0)
    m.code_root = u32(0)
    m.code_waiting = u32(0)


assert size_of(Code) == CODE_START
