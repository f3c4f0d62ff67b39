"""What the engine asks of the system under it: the only way out of the native code."""

from fusee.kernel.lang import Fn, Ptr, struct, u8, u32, u64, usize


@struct
class Platform:
    """Functions supplied by the embedder, with the C calling convention.

    `allocate(count, size)` and `release` are the C library's `calloc` and `free`: zeroed memory,
    aligned to 16 bytes, or null. `reserve` gives address space for a linear memory that reads as zero and costs
    nothing until touched, `unreserve` returns it; both are null where there is no virtual memory.
    """

    allocate: Fn[[usize, usize], Ptr[u8]]
    release: Fn[[Ptr[u8]], None]
    reserve: Fn[[usize], Ptr[u8]]
    unreserve: Fn[[Ptr[u8], usize], None]
    call_host: Fn[[usize, u32, usize, Ptr[u64]], u32]
    # (store, host function id, calling instance, slots: arguments in, results out) -> 0, or not 0: stop
