"""Links: the app's callbacks make and read them. What a link leads to is the app's to find out, or to refuse."""

from fusee.engine.capi.wasi.guest import SLASH, argument, check_text, guest, text
from fusee.engine.capi.wasi.path import check_place
from fusee.engine.capi.wasi.state import FAULT, INVAL, NOTCAPABLE, NOTSUP, STREAMS, SUCCESS, Call
from fusee.engine.capi.wasi.transfers import finished
from fusee.kernel.lang import Ptr, address, is_null, kernel, minimum, stack_array, u8, u32, u64, usize

# What can be done, wherever the paths come from.


@kernel
def link_at(
    c: Call, flags: u32, directory: u32, path: Ptr[u8], size: usize, to_directory: u32, to_path: Ptr[u8], to_size: usize
) -> u32:  # fmt: skip
    """Give a file, or a symbolic link itself, a further name."""
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno == SUCCESS:
        errno = check_place(to_directory, to_path, to_size)
    if errno != SUCCESS:
        return errno
    if flags != 0:  # what a link leads to cannot be linked on all systems
        return INVAL
    if address(files.link) == 0:
        return NOTSUP
    return files.link(files.environment, directory - STREAMS, path, size, to_directory - STREAMS, to_path, to_size)


@kernel
def symlink_at(
    c: Call, target: Ptr[u8], target_size: usize, directory: u32, path: Ptr[u8], size: usize
) -> u32:  # fmt: skip
    """Make a symbolic link. An absolute one would mean something else to who knows more than the directory.

    Any other target is allowed, as on the host: where it leads to depends on where the link is when it is followed.
    """
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno != SUCCESS:
        return errno
    if is_null(target):
        return FAULT
    if target_size != 0 and target[0] == SLASH:
        return NOTCAPABLE
    errno = check_text(target, u32(target_size))
    if errno != SUCCESS:
        return errno
    if address(files.symlink) == 0:
        return NOTSUP
    return files.symlink(files.environment, target, target_size, directory - STREAMS, path, size)


@kernel
def read_link_at(
    c: Call, directory: u32, path: Ptr[u8], size: usize, into: Ptr[u8], room: usize, used: Ptr[usize]
) -> u32:  # fmt: skip
    """The target of a symbolic link, as much as there is room for; how much is in `used`."""
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno != SUCCESS:
        return errno
    if address(files.read_link) == 0:
        return NOTSUP
    used[0] = usize(0)
    errno = files.read_link(files.environment, directory - STREAMS, path, size, into, room, used)
    used[0] = minimum(used[0], room)
    return errno


# The functions of preview 1.


@kernel
def path_link(c: Call) -> u32:
    """Descriptor, lookup flags, path, its size, new descriptor, new path, its size."""
    size, to_size = argument(c, u32(3)), argument(c, u32(6))
    path, to_path = text(c, u32(2), size), text(c, u32(5), to_size)
    return link_at(c, argument(c, u32(1)), argument(c, u32(0)), path, size, argument(c, u32(4)), to_path, to_size)


@kernel
def path_symlink(c: Call) -> u32:
    """Target, its size, descriptor, path, its size."""
    target_size, size = argument(c, u32(1)), argument(c, u32(4))
    target, path = text(c, u32(0), target_size), text(c, u32(3), size)
    return symlink_at(c, target, target_size, argument(c, u32(2)), path, size)


@kernel
def path_readlink(c: Call) -> u32:
    """Descriptor, path, its size, buffer, its size, result."""
    size, room = argument(c, u32(2)), argument(c, u32(4))
    into = guest(c, argument(c, u32(3)), room)
    if is_null(into) or is_null(guest(c, argument(c, u32(5)), u64(4))):
        return FAULT
    used = stack_array(usize, 1)
    errno = read_link_at(c, argument(c, u32(0)), text(c, u32(1), size), size, into, room, used)
    return errno if errno != SUCCESS else finished(c, argument(c, u32(5)), u32(used[0]))
