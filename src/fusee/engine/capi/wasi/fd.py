"""Descriptors: the three streams, the directories that the app has opened, and the files that it opens on request."""

from typing import Final

from fusee.engine.capi.wasi.guest import argument, guest, put_filestat, put_filestat_0, put_u32, put_u64
from fusee.engine.capi.wasi.state import (
    BADF,
    CURRENT,
    DIRECTORY,
    FAULT,
    INVAL,
    NAMETOOLONG,
    NOTSUP,
    SPIPE,
    STREAMS,
    SUCCESS,
    UNKNOWN,
    Call,
    FileStat,
    Strings,
)
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    fill_bytes,
    is_null,
    kernel,
    load,
    minimum,
    size_of,
    span,
    stack_array,
    store,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

ALL_RIGHTS: Final = u64((1 << 30) - 1)
STREAM_RIGHTS: Final = u64(1 << 1 | 1 << 3 | 1 << 6 | 1 << 21 | 1 << 27)  # no seek and no tell
IOVEC_BYTES: Final = u32(8)
FDSTAT_BYTES: Final = u64(24)
FILESTAT_BYTES: Final = u64(64)
PRESTAT_BYTES: Final = u64(8)
FILESTAT_0_BYTES: Final = u64(56)  # of snapshot 0
MOST_VECTORS: Final = u32(1024)
MOST_BYTES: Final = 0x4000_0000
ALL_TIMES: Final = u32(15)  # `fstflags`
GIVEN_TIMES: Final = u32(5)  # the two that are not together with the one after them
LAST_OFFSET: Final = (1 << 63) - 1 - MOST_BYTES
SEEK_CURRENT: Final = u32(1)
WHENCES: Final = 3


@kernel
def is_stream(fd: u32) -> bool:
    return fd < STREAMS


@kernel
def is_directory(c: Call, fd: u32) -> bool:
    """Whether it is one of those that were there from the start."""
    return fd >= STREAMS and fd - STREAMS < c.wasi.directories.count


@kernel
def transfer(c: Call, is_write: bool, offset: u64, done_at: u32) -> u32:
    """Read into, or write from, a list of buffers, until one is not filled or emptied.

    A long list is cut, and so is what it names beyond `MOST_BYTES` (the same ranges can be named often): a transfer may
    be short, and its size has 32 bits. The app may call the guest, whose memory then grows and moves.
    """
    count = argument(c, u32(2))
    vectors = argument(c, u32(1))
    if is_null(guest(c, vectors, u64(count) * IOVEC_BYTES)) or is_null(guest(c, done_at, u64(4))):
        return FAULT
    total = u32(0)
    done = stack_array(usize, 1)
    for i in span(minimum(count, MOST_VECTORS)):
        vector = guest(c, vectors + i * IOVEC_BYTES, IOVEC_BYTES)
        size = load(u32, vector + 4)
        buffer = guest(c, load(u32, vector), size)
        if is_null(buffer):
            return FAULT if total == 0 else finished(c, done_at, total)
        size = minimum(size, MOST_BYTES - total)
        if size == 0:
            continue
        done[0] = usize(0)
        at = offset if offset == CURRENT else offset + total
        errno = move(c, argument(c, u32(0)), is_write, buffer, size, at, done)
        if errno != SUCCESS:
            return errno if total == 0 else finished(c, done_at, total)
        total += minimum(u32(done[0]), size)
        if done[0] < size:
            break
    return finished(c, done_at, total)


@kernel
def transfer_at(c: Call, is_write: bool) -> u32:
    """At the guest's offset."""
    offset = c.arguments[3]
    return transfer(c, is_write, offset, argument(c, u32(4))) if is_offset(offset) else INVAL


@kernel
def is_offset(offset: u64) -> bool:
    """Whether a guest may give it: neither that nor its sum with a size looks like `CURRENT` or negative to the app."""
    return offset <= LAST_OFFSET


@kernel
def finished(c: Call, done_at: u32, total: u32) -> u32:
    return SUCCESS if put_u32(c, done_at, total) else FAULT


@kernel
def move(c: Call, fd: u32, is_write: bool, buffer: Ptr[u8], size: usize, offset: u64, done: Ptr[usize]) -> u32:
    """One buffer of a transfer."""
    files = c.wasi.files
    if is_stream(fd):
        if offset != CURRENT:
            return SPIPE
        return write_stream(c, fd, buffer, size, done) if is_write else read_stream(c, fd, buffer, size, done)
    if is_directory(c, fd):
        return BADF
    if is_write:
        if address(files.write) == 0:
            return BADF
        return files.write(files.environment, fd - STREAMS, buffer, size, offset, done)
    if address(files.read) == 0:
        return BADF
    return files.read(files.environment, fd - STREAMS, buffer, size, offset, done)


@kernel(inline=True)
def write_stream(c: Call, fd: u32, buffer: Ptr[u8], size: usize, done: Ptr[usize]) -> u32:
    """To the app's stream, or else to the platform's."""
    streams = c.wasi.streams
    done[0] = size
    if address(streams.write) != 0:
        return streams.write(streams.environment, fd, buffer, size)
    write = c.store.engine.system.write
    return BADF if address(write) == 0 else write(fd, buffer, size)


@kernel(inline=True)
def read_stream(c: Call, fd: u32, buffer: Ptr[u8], size: usize, done: Ptr[usize]) -> u32:
    """From the app's stream, or else the platform's; without either, the end of the file."""
    streams = c.wasi.streams
    if fd != 0:
        return BADF
    if address(streams.read) != 0:
        return streams.read(streams.environment, fd, buffer, size, done)
    read = c.store.engine.system.read
    return SUCCESS if address(read) == 0 else read(fd, buffer, size, done)


@kernel
def fd_write(c: Call) -> u32:
    return transfer(c, True, CURRENT, argument(c, u32(3)))


@kernel
def fd_read(c: Call) -> u32:
    return transfer(c, False, CURRENT, argument(c, u32(3)))


@kernel
def fd_pwrite(c: Call) -> u32:
    return transfer_at(c, True)


@kernel
def fd_pread(c: Call) -> u32:
    return transfer_at(c, False)


@kernel
def fd_close(c: Call) -> u32:
    return close_file(c, argument(c, u32(0)))


@kernel
def close_file(c: Call, fd: u32) -> u32:
    """Streams and the directories of the start stay open, whatever the guest believes."""
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd):
        return SUCCESS
    return BADF if address(files.close) == 0 else files.close(files.environment, fd - STREAMS)


@kernel
def seek(c: Call, offset: u64, whence: u32, out: u32) -> u32:
    fd = argument(c, u32(0))
    files = c.wasi.files
    if is_stream(fd):
        return SPIPE
    if is_directory(c, fd) or address(files.seek) == 0:
        return BADF
    if whence >= WHENCES:
        return INVAL
    if is_null(guest(c, out, u64(8))):
        return FAULT
    position = stack_array(u64, 1)
    errno = files.seek(files.environment, fd - STREAMS, offset, whence, position)
    if errno == SUCCESS:
        put_u64(c, out, position[0])
    return errno


@kernel
def fd_seek_0(c: Call) -> u32:
    """Snapshot 0 counts: from the current offset, from the end, from the start."""
    whence = argument(c, u32(2))
    if whence >= WHENCES:
        return INVAL
    return seek(c, c.arguments[1], (whence + 1) % WHENCES, argument(c, u32(3)))


@kernel
def fd_seek(c: Call) -> u32:
    return seek(c, c.arguments[1], argument(c, u32(2)), argument(c, u32(3)))


@kernel
def fd_tell(c: Call) -> u32:
    return seek(c, u64(0), SEEK_CURRENT, argument(c, u32(1)))


@kernel
def status_of(c: Call, fd: u32, status: FileStat) -> u32:
    """What is known of a descriptor."""
    fill_bytes(cast(Ptr[u8], status), u8(0), usize(size_of(FileStat)))
    files = c.wasi.files
    if is_stream(fd):
        status.filetype = UNKNOWN  # a terminal would be sent colours
    elif is_directory(c, fd):
        status.filetype = DIRECTORY
    elif address(files.stat) == 0:
        return BADF
    else:
        return files.stat(files.environment, fd - STREAMS, status)
    return SUCCESS


@kernel
def fd_filestat_get(c: Call) -> u32:
    status = stack_array(FileStat, 1)[0]
    if is_null(guest(c, argument(c, u32(1)), FILESTAT_BYTES)):
        return FAULT
    errno = status_of(c, argument(c, u32(0)), status)
    if errno == SUCCESS:
        put_filestat(guest(c, argument(c, u32(1)), FILESTAT_BYTES), status)
    return errno


@kernel
def fd_filestat_get_0(c: Call) -> u32:
    status = stack_array(FileStat, 1)[0]
    if is_null(guest(c, argument(c, u32(1)), FILESTAT_0_BYTES)):
        return FAULT
    errno = status_of(c, argument(c, u32(0)), status)
    if errno == SUCCESS:
        put_filestat_0(guest(c, argument(c, u32(1)), FILESTAT_0_BYTES), status)
    return errno


@kernel
def fd_fdstat_get(c: Call) -> u32:
    fd = argument(c, u32(0))
    status = stack_array(FileStat, 1)[0]
    if is_null(guest(c, argument(c, u32(1)), FDSTAT_BYTES)):
        return FAULT
    errno = status_of(c, fd, status)
    if errno == SUCCESS:
        place = guest(c, argument(c, u32(1)), FDSTAT_BYTES)
        rights = STREAM_RIGHTS if is_stream(fd) else ALL_RIGHTS
        store(place, u64(status.filetype & 0xFF))
        store(place + 8, rights)
        store(place + 16, rights)
    return errno


@kernel
def directory_name(directories: Strings, number: u32) -> u32:
    """Where a directory's name starts in the list."""
    at = u32(0)
    for _ in span(number):
        at += name_size(directories, at) + 1
    return at


@kernel
def name_size(directories: Strings, at: u32) -> u32:
    end = at  # within the list's size, or LLVM would make it a call of `strlen`, which not every device has
    while end < directories.size and directories.bytes[end] != 0:
        end += 1
    return end - at


@kernel
def fd_prestat_get(c: Call) -> u32:
    fd = argument(c, u32(0))
    if not is_directory(c, fd):
        return BADF
    place = guest(c, argument(c, u32(1)), PRESTAT_BYTES)
    if is_null(place):
        return FAULT
    store(place, u32(0))
    store(place + 4, name_size(c.wasi.directories, directory_name(c.wasi.directories, fd - STREAMS)))
    return SUCCESS


@kernel
def fd_prestat_dir_name(c: Call) -> u32:
    fd = argument(c, u32(0))
    if not is_directory(c, fd):
        return BADF
    at = directory_name(c.wasi.directories, fd - STREAMS)
    size = name_size(c.wasi.directories, at)
    if argument(c, u32(2)) < size:
        return NAMETOOLONG
    place = guest(c, argument(c, u32(1)), size)
    if is_null(place):
        return FAULT
    copy_bytes(place, c.wasi.directories.bytes + at, size)
    return SUCCESS


@kernel
def fd_readdir(c: Call) -> u32:
    size = argument(c, u32(2))
    buffer = guest(c, argument(c, u32(1)), size)
    if is_null(buffer) or is_null(guest(c, argument(c, u32(4)), u64(4))):
        return FAULT
    used = stack_array(usize, 1)
    errno = read_entries(c, argument(c, u32(0)), c.arguments[3], buffer, size, used)
    return errno if errno != SUCCESS else finished(c, argument(c, u32(4)), minimum(u32(used[0]), size))


@kernel
def read_entries(c: Call, fd: u32, cookie: u64, buffer: Ptr[u8], size: usize, used: Ptr[usize]) -> u32:
    """`dirent` records, which the app writes itself, and how many bytes."""
    files = c.wasi.files
    if is_stream(fd) or address(files.read_directory) == 0:
        return BADF
    used[0] = usize(0)
    return files.read_directory(files.environment, fd - STREAMS, cookie, buffer, size, used)


@kernel
def set_size_of(c: Call, fd: u32, size: u64) -> u32:
    """Cut a file off, or extend it."""
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd):
        return BADF
    if not is_offset(size):
        return INVAL
    return NOTSUP if address(files.set_size) == 0 else files.set_size(files.environment, fd - STREAMS, size)


@kernel
def fd_allocate(c: Call) -> u32:
    """Make sure that a range of a file has room; without a callback as on the host, where not all systems can."""
    fd = argument(c, u32(0))
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd):
        return BADF
    offset, size = c.arguments[1], c.arguments[2]
    if not is_offset(offset) or not is_offset(size) or not is_offset(offset + size):
        return INVAL
    return NOTSUP if address(files.allocate) == 0 else files.allocate(files.environment, fd - STREAMS, offset, size)


@kernel
def set_times_of(c: Call, fd: u32, accessed: u64, modified: u64, flags: u32) -> u32:
    """Change a file's or a directory's times as `fstflags` ask."""
    files = c.wasi.files
    if is_stream(fd):
        return BADF
    if address(files.set_times) == 0:
        return NOTSUP
    return files.set_times(files.environment, fd - STREAMS, accessed, modified, flags)


@kernel
def check_times(c: Call, first: u32) -> u32:
    """Two times and `fstflags` among the arguments, of which the app is given none that it must not look at."""
    flags = argument(c, first + 2)
    if flags > ALL_TIMES or flags & flags >> 1 & GIVEN_TIMES != 0:
        return INVAL
    if flags & 1 == 0:
        c.arguments[first] = u64(0)
    if flags & 4 == 0:
        c.arguments[first + 1] = u64(0)
    return INVAL if (c.arguments[first] | c.arguments[first + 1]) >> 63 != 0 else SUCCESS


@kernel
def fd_filestat_set_size(c: Call) -> u32:
    return set_size_of(c, argument(c, u32(0)), c.arguments[1])


@kernel
def fd_filestat_set_times(c: Call) -> u32:
    errno = check_times(c, u32(1))
    if errno != SUCCESS:
        return errno
    return set_times_of(c, argument(c, u32(0)), c.arguments[1], c.arguments[2], argument(c, u32(3)))


@kernel
def fd_accept_anything(c: Call) -> u32:
    """`fd_advise`, `fd_sync` and `fd_datasync`: there is nothing to do."""
    return SUCCESS


@kernel
def fd_refuse(c: Call) -> u32:
    """Flags, rights and numbers, which stay as they are."""
    return NOTSUP
