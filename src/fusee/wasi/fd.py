"""Operations on descriptors: `fd_*`."""

import os
from struct import Struct

from fusee.wasi import files
from fusee.wasi.abi import DIRENT, FDSTAT, FILESTAT, NO_RIGHTS, PRESTAT, FdFlags, Rights, pack_filestat
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import Directory, HostFile
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory

_SIGN_BIT = 1 << 63
_WHENCE = (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)


# Reading and writing


@host_function("i32 i32 i32 i32 -> i32")
def fd_read(context: WasiContext, memory: GuestMemory, fd: int, vectors: int, count: int, result: int) -> None:
    """Reads at the current offset."""
    descriptor = files.readable(context.descriptor(fd))
    memory.check(result, 4)
    memory.write_u32(result, descriptor.read(memory.vectors(vectors, count)))


@host_function("i32 i32 i32 i32 -> i32")
def fd_write(context: WasiContext, memory: GuestMemory, fd: int, vectors: int, count: int, result: int) -> None:
    """Writes at the current offset."""
    descriptor = files.writable(context.descriptor(fd))
    memory.check(result, 4)
    memory.write_u32(result, descriptor.write(memory.vectors(vectors, count)))


@host_function("i32 i32 i32 i64 i32 -> i32")
def fd_pread(
    context: WasiContext, memory: GuestMemory, fd: int, vectors: int, count: int, offset: int, result: int
) -> None:
    """Reads at an offset."""
    host_fd = files.seekable(files.readable(context.descriptor(fd)), Rights.FD_SEEK)
    memory.check(result, 4)
    memory.write_u32(result, os.preadv(host_fd, memory.vectors(vectors, count), files.signed(offset)))


@host_function("i32 i32 i32 i64 i32 -> i32")
def fd_pwrite(
    context: WasiContext, memory: GuestMemory, fd: int, vectors: int, count: int, offset: int, result: int
) -> None:
    """Writes at an offset."""
    host_fd = files.seekable(files.writable(context.descriptor(fd)), Rights.FD_SEEK)
    memory.check(result, 4)
    memory.write_u32(result, os.pwritev(host_fd, memory.vectors(vectors, count), files.signed(offset)))


@host_function("i32 i64 i32 i32 -> i32")
def fd_seek(context: WasiContext, memory: GuestMemory, fd: int, offset: int, whence: int, result: int) -> None:
    """Moves the current offset."""
    seek(context, memory, fd, offset, _WHENCE[whence] if whence < len(_WHENCE) else None, result)


def seek(context: WasiContext, memory: GuestMemory, fd: int, offset: int, whence: int | None, result: int) -> None:
    """Moves the current offset, counted as the host's `whence` says; None is what is no way to count."""
    moves = offset != 0 or whence != os.SEEK_CUR
    host_fd = files.seekable(context.descriptor(fd), Rights.FD_SEEK if moves else Rights.FD_TELL)
    if whence is None:
        raise WasiError(Errno.INVAL)
    memory.check(result, 8)
    signed = offset - 2 * _SIGN_BIT if offset & _SIGN_BIT else offset
    memory.write_u64(result, os.lseek(host_fd, signed, whence))


@host_function("i32 i32 -> i32")
def fd_tell(context: WasiContext, memory: GuestMemory, fd: int, result: int) -> None:
    """Stores the current offset."""
    descriptor = context.descriptor(fd)
    host_fd = files.seekable(descriptor, descriptor.rights & Rights.FD_SEEK or Rights.FD_TELL)  # each implies it
    memory.write_u64(result, os.lseek(host_fd, 0, os.SEEK_CUR))


@host_function("i32 -> i32")
def fd_sync(context: WasiContext, memory: GuestMemory, fd: int) -> None:
    """Waits until data and status are stored."""
    files.sync(context.descriptor(fd))


@host_function("i32 -> i32")
def fd_datasync(context: WasiContext, memory: GuestMemory, fd: int) -> None:
    """Waits until data is stored."""
    files.sync_data(context.descriptor(fd))


@host_function("i32 i64 i64 i32 -> i32")
def fd_advise(context: WasiContext, memory: GuestMemory, fd: int, offset: int, size: int, advice: int) -> None:
    """Tells how a file will be read."""
    files.advise(context.descriptor(fd), offset, size, advice)


@host_function("i32 i64 i64 -> i32")
def fd_allocate(context: WasiContext, memory: GuestMemory, fd: int, offset: int, size: int) -> None:
    """Would make sure that a range of a file has space. Not all hosts can, and so no program may rely on it."""
    files.plain_file(context.descriptor(fd), NO_RIGHTS)
    raise WasiError(Errno.NOTSUP)


# Status


@host_function("i32 i32 -> i32")
def fd_fdstat_get(context: WasiContext, memory: GuestMemory, fd: int, result: int) -> None:
    """Stores a descriptor's type, flags and rights."""
    d = context.descriptor(fd)
    memory.write(result, FDSTAT.pack(d.file_type, d.flags, d.rights, d.inheriting))


@host_function("i32 i32 -> i32")
def fd_fdstat_set_flags(context: WasiContext, memory: GuestMemory, fd: int, flags: int) -> None:
    """Changes a descriptor's flags."""
    descriptor = context.descriptor(fd, Rights.FD_FDSTAT_SET_FLAGS)
    if flags >= 2 * FdFlags.SYNC:
        raise WasiError(Errno.INVAL)
    descriptor.set_flags(FdFlags(flags))


@host_function("i32 i64 i64 -> i32")
def fd_fdstat_set_rights(context: WasiContext, memory: GuestMemory, fd: int, rights: int, inheriting: int) -> None:
    """Takes rights from a descriptor."""
    context.descriptor(fd).narrow(rights, inheriting)


@host_function("i32 i32 -> i32")
def fd_filestat_get(context: WasiContext, memory: GuestMemory, fd: int, result: int) -> None:
    """Stores a file's status."""
    write_status(FILESTAT, context, memory, fd, result)


def write_status(record: Struct, context: WasiContext, memory: GuestMemory, fd: int, result: int) -> None:
    """Stores a descriptor's status, as a record of preview 1 or of snapshot 0."""
    descriptor = context.descriptor(fd, Rights.FD_FILESTAT_GET)
    memory.check(result, record.size)
    if isinstance(descriptor, HostFile):
        memory.write(result, pack_filestat(record, os.fstat(descriptor.fd), descriptor.file_type))
    else:
        memory.write(result, bytes(record.size))


@host_function("i32 i64 -> i32")
def fd_filestat_set_size(context: WasiContext, memory: GuestMemory, fd: int, size: int) -> None:
    """Cuts a file off, or extends it with zeros."""
    files.set_size(context.descriptor(fd), size)


@host_function("i32 i64 i64 i32 -> i32")
def fd_filestat_set_times(
    context: WasiContext, memory: GuestMemory, fd: int, access_ns: int, modified_ns: int, flags: int
) -> None:
    """Changes a file's times."""
    files.set_times(context.descriptor(fd), access_ns, modified_ns, flags)


# The table of descriptors


@host_function("i32 -> i32")
def fd_close(context: WasiContext, memory: GuestMemory, fd: int) -> None:
    """Ends a descriptor."""
    with context.lock:
        descriptor = context.descriptor(fd)
        del context.descriptors[fd]
    context.end(descriptor)


@host_function("i32 i32 -> i32")
def fd_renumber(context: WasiContext, memory: GuestMemory, fd: int, to: int) -> None:
    """Moves a descriptor to the number of another one, which ends."""
    with context.lock:
        moved, replaced = context.descriptor(fd), context.descriptor(to)
        if fd == to:
            return
        del context.descriptors[fd]
        context.descriptors[to] = moved
    context.end(replaced)


@host_function("i32 i32 -> i32")
def fd_prestat_get(context: WasiContext, memory: GuestMemory, fd: int, result: int) -> None:
    """Stores how long the name of a preopened directory is."""
    memory.write(result, PRESTAT.pack(0, len(_preopen_name(context, fd))))


@host_function("i32 i32 i32 -> i32")
def fd_prestat_dir_name(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Stores the name of a preopened directory."""
    name = _preopen_name(context, fd)
    if size < len(name):
        raise WasiError(Errno.NAMETOOLONG)
    memory.write(address, name)


@host_function("i32 i32 i32 i64 i32 -> i32")
def fd_readdir(
    context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int, cookie: int, result: int
) -> None:
    """Stores entries of a directory, from the `cookie`th; the last may be cut off where the buffer ends."""
    directory = context.directory(fd, Rights.FD_READDIR)
    target = memory.view(address, size)
    memory.check(result, 4)
    used = 0
    for following, name, inode, kind in directory.entries(cookie):
        record = DIRENT.pack(following, inode & (2 * _SIGN_BIT - 1), len(name), kind) + name
        piece = record[: size - used]
        target[used : used + len(piece)] = piece
        used += len(piece)
        if used == size:
            break
    memory.write_u32(result, used)


def _preopen_name(context: WasiContext, fd: int) -> bytes:
    descriptor = context.descriptor(fd)
    if not isinstance(descriptor, Directory) or descriptor.preopen is None:
        raise WasiError(Errno.BADF)
    return descriptor.preopen
