"""`wasi:filesystem`: links."""

from typing import Final

from fusee.engine.capi.component.blocks import delete_block, try_block
from fusee.engine.capi.component.strings import check_utf8
from fusee.engine.capi.component.values import new_string
from fusee.engine.capi.component.wasi.paths import text_of
from fusee.engine.capi.component.wasi.requests import Request
from fusee.engine.capi.component.wasi.resources import What, find
from fusee.engine.capi.component.wasi.results import bits_of
from fusee.engine.capi.wasi.links import link_at, read_link_at, symlink_at
from fusee.engine.capi.wasi.state import BADF, ILSEQ, NAMETOOLONG, NOMEM, SUCCESS
from fusee.kernel.lang import Ptr, caught, is_null, kernel, stack_array, u8, u32, u64, usize
from fusee.spec.wasi import MAX_PATH_BYTES

ROOM: Final = usize(MAX_PATH_BYTES + 1)  # with a sign that more is left


@kernel
def link(r: Request) -> u32:
    """Flags, path, new descriptor, new path."""
    path, to_path = r.arguments[2], r.arguments[4]
    to = find(r.resources, r.arguments[3], What.FILE)
    if is_null(to):
        return BADF
    return link_at(
        r.call, u32(bits_of(r.arguments[1])), r.resource.fd, text_of(path), path.size, to.fd, text_of(to_path),
        to_path.size,
    )  # fmt: skip


@kernel
def symlink(r: Request) -> u32:
    """Target, path."""
    target, path = r.arguments[1], r.arguments[2]
    return symlink_at(r.call, text_of(target), target.size, r.resource.fd, text_of(path), path.size)


@kernel
def read_link(r: Request) -> u32:
    buffer = try_block(ROOM)
    errno = NOMEM if is_null(buffer) else read_link_into(r, buffer)
    delete_block(buffer)
    return errno


@kernel
def read_link_into(r: Request, buffer: Ptr[u8]) -> u32:
    path = r.arguments[1]
    used = stack_array(usize, 1)
    errno = read_link_at(r.call, r.resource.fd, text_of(path), path.size, buffer, ROOM, used)
    if errno != SUCCESS:
        return errno
    if used[0] == ROOM:
        return NAMETOOLONG
    if caught(check_utf8, buffer, u64(used[0])) != 0:
        return ILSEQ
    return SUCCESS if new_string(r.payload, used[0], buffer) else NOMEM
