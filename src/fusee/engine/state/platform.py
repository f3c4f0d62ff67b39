"""What the engine asks of the system under it: the only way out of the native code."""

from typing import Final

from fusee.kernel.lang import Fn, Ptr, i32, struct, u8, u32, u64, usize

REQUEST_WAIT: Final = u32(0xFFFF_FFFF)
"""Words: memory, place, timeout in ns, expected value, bytes; in the first the result."""
REQUEST_NOTIFY: Final = u32(0xFFFF_FFFE)
"""Words: memory, place, most threads; in the first how many were woken."""
REQUEST_GROW: Final = u32(0xFFFF_FFFD)
"""Words: shared memory, pages; in the first the size before in pages, or `NOT_GROWN`.

Requests stand in place of a host function's number, where `Engine.has_threads`: the slots are words of the engine's
own.
"""


@struct
class Platform:
    """Functions supplied by the embedder, with the C calling convention.

    `allocate(count, size)` and `release` are the C library's `calloc` and `free`: zeroed memory,
    aligned to 16 bytes, or null. `reserve` gives address space for a linear memory that reads as zero and costs
    nothing until touched, or null where there is none to spare; then memory is allocated. `unreserve` returns it.
    All of them must be there but `allocate_unset`, which gives memory with any contents, where that is cheaper;
    `release` takes it back; and `give_way`. Any thread may call them.
    """

    allocate: Fn[[usize, usize], Ptr[u8]]
    release: Fn[[Ptr[u8]], None]
    reserve: Fn[[usize], Ptr[u8]]
    unreserve: Fn[[Ptr[u8], usize], None]
    allocate_unset: Fn[[usize], Ptr[u8]]
    call_host: Fn[[usize, u32, usize, Ptr[u64]], u32]
    # (store, host function id, calling instance, slots: arguments in, results out) -> 0, or not 0: stop
    give_way: Fn[[], i32]  # let another thread have the processor; null: there is none
