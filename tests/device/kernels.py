"""Small programs for a device: what goes wrong where pointers have 32 bits, beside how it is done right."""

from fusee.kernel.lang import Ptr, cast, kernel, null, store, struct, u8, u16, u32, u64, usize


@struct
class Record:
    """Has another layout on every kind of machine."""

    name: Ptr[u8]
    count: u32
    next: Ptr[u8]
    total: u64
    kind: u16


@kernel
def fill_record(record: Record) -> None:
    record.name = cast(Ptr[u8], usize(0x1000))
    record.count = u32(2)
    record.next = cast(Ptr[u8], usize(0x3000))
    record.total = u64(4)
    record.kind = u16(5)


@kernel
def is_inside(index: u32, offset: u32, length: u64) -> bool:
    """As the interpreter checks an access: in 64 bits."""
    return u64(index) + u64(offset) < length


@kernel
def is_inside_narrowed(index: u32, offset: u32, length: u64) -> bool:
    """Wrong: the sum wraps where pointers have 32 bits."""
    return usize(index) + usize(offset) < usize(length)


@kernel
def is_allowed(size: u64) -> bool:
    """Whether a memory may have this size, of at most 4 GiB."""
    return size <= u64(1 << 32)


@kernel
def is_allowed_narrowed(size: u64) -> bool:
    """Wrong: the limit is 0 where pointers have 32 bits."""
    return usize(size) <= usize(u64(1 << 32))


@kernel(cold=True)
def innermost(p: Ptr[u8]) -> u32:
    p[0] = u8(1)
    return u32(p[1])


@kernel(cold=True)
def middle(p: Ptr[u8]) -> u32:
    return innermost(p) + 1


@kernel
def write_to_null(offset: usize) -> u32:
    return middle(null(Ptr[u8]) + offset) + u32(offset)


@kernel(cold=True)
def write(p: Ptr[u8], number: u64) -> None:
    store(p, number)


@kernel
def write_wide(number: u64, offset: usize) -> None:
    write(null(Ptr[u8]) + offset, number)


ENTRIES = (fill_record, is_inside, is_inside_narrowed, is_allowed, is_allowed_narrowed, write_to_null, write_wide)
