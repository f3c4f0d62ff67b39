"""The functions of `wasi_snapshot_preview1`: names, types, and what each does here."""

from dataclasses import dataclass
from typing import Any, Final

from fusee.engine.capi.messages import Mistake, Misuse
from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.trap import new_trap, stop
from fusee.engine.capi.wasi import directories, fd, links, path, poll, process, status, transfers
from fusee.engine.capi.wasi.config import end_call
from fusee.engine.capi.wasi.guest import delete_texts
from fusee.engine.capi.wasi.names import exported_memory
from fusee.engine.capi.wasi.state import IO, Call, Wasi
from fusee.kernel.lang import Fn, Ptr, cast, is_null, kernel, stack_array, table, u8, u16, u32, u64, usize
from fusee.spec.wasi import Errno

MODULE_NAME: Final = b"wasi_snapshot_preview1"
SNAPSHOT_0_NAME: Final = b"wasi_unstable"  # what programs of 2019 import
NO_WASI: Final = u64(Misuse(Mistake.WASI, 0).status)
NO_MEMORY: Final = u64(Misuse(Mistake.MEMORY, 0).status)
EXITED: Final = u64(Misuse(Mistake.EXIT, 0).status)
WRONG_STATUS: Final = u64(Misuse(Mistake.STATUS, 0).status)


@dataclass(frozen=True)
class Function:
    """`types` has an `i` for each `i32` parameter and an `I` for each `i64`; all but `proc_exit` give an errno."""

    name: str
    types: str
    body: Any

    @property
    def has_result(self) -> bool:
        return self.name != "proc_exit"

    @property
    def wide(self) -> int:
        """A bit for each parameter that is an `i64`."""
        return sum(1 << i for i, type_ in enumerate(self.types) if type_ == "I")


PREVIEW_1: Final = [
    Function("args_get", "ii", process.args_get),
    Function("args_sizes_get", "ii", process.args_sizes_get),
    Function("environ_get", "ii", process.environ_get),
    Function("environ_sizes_get", "ii", process.environ_sizes_get),
    Function("clock_res_get", "ii", process.clock_res_get),
    Function("clock_time_get", "iIi", process.clock_time_get),
    Function("fd_advise", "iIIi", fd.fd_accept_anything),
    Function("fd_allocate", "iII", status.fd_allocate),
    Function("fd_close", "i", fd.fd_close),
    Function("fd_datasync", "i", fd.fd_accept_anything),
    Function("fd_fdstat_get", "ii", status.fd_fdstat_get),
    Function("fd_fdstat_set_flags", "ii", fd.fd_refuse),
    Function("fd_fdstat_set_rights", "iII", fd.fd_refuse),
    Function("fd_filestat_get", "ii", status.fd_filestat_get),
    Function("fd_filestat_set_size", "iI", status.fd_filestat_set_size),
    Function("fd_filestat_set_times", "iIIi", status.fd_filestat_set_times),
    Function("fd_pread", "iiiIi", transfers.fd_pread),
    Function("fd_prestat_get", "ii", directories.fd_prestat_get),
    Function("fd_prestat_dir_name", "iii", directories.fd_prestat_dir_name),
    Function("fd_pwrite", "iiiIi", transfers.fd_pwrite),
    Function("fd_read", "iiii", transfers.fd_read),
    Function("fd_readdir", "iiiIi", directories.fd_readdir),
    Function("fd_renumber", "ii", fd.fd_refuse),
    Function("fd_seek", "iIii", fd.fd_seek),
    Function("fd_sync", "i", fd.fd_accept_anything),
    Function("fd_tell", "ii", fd.fd_tell),
    Function("fd_write", "iiii", transfers.fd_write),
    Function("path_create_directory", "iii", path.path_create_directory),
    Function("path_filestat_get", "iiiii", path.path_filestat_get),
    Function("path_filestat_set_times", "iiiiIIi", path.path_filestat_set_times),
    Function("path_link", "iiiiiii", links.path_link),
    Function("path_open", "iiiiiIIii", path.path_open),
    Function("path_readlink", "iiiiii", links.path_readlink),
    Function("path_remove_directory", "iii", path.path_remove_directory),
    Function("path_rename", "iiiiii", path.path_rename),
    Function("path_symlink", "iiiii", links.path_symlink),
    Function("path_unlink_file", "iii", path.path_unlink_file),
    Function("poll_oneoff", "iiii", poll.poll_oneoff),
    Function("proc_exit", "i", process.proc_exit),
    Function("proc_raise", "i", process.unsupported),
    Function("random_get", "ii", process.random_get),
    Function("sched_yield", "", process.sched_yield),
    Function("sock_accept", "iii", process.unsupported),
    Function("sock_recv", "iiiiii", process.unsupported),
    Function("sock_send", "iiiii", process.unsupported),
    Function("sock_shutdown", "ii", process.unsupported),
]
VARIANTS: Final = u32(len(PREVIEW_1))
"""From here on: what snapshot 0 has under the same name and type with another meaning."""
FUNCTIONS: Final = [
    *PREVIEW_1,
    Function("fd_filestat_get", "ii", status.fd_filestat_get_0),
    Function("fd_seek", "iIii", fd.fd_seek_0),
    Function("path_filestat_get", "iiiii", path.path_filestat_get_0),
    Function("poll_oneoff", "iiii", poll.poll_oneoff_0),
]

PROC_EXIT: Final = u32([function.name for function in FUNCTIONS].index("proc_exit"))
ERRNOS: Final = u32(len(Errno))

BODIES = table(Fn[[Call], u32], [function.body for function in FUNCTIONS])
COUNT: Final = u32(len(FUNCTIONS))
ARITIES = table(u8, [len(function.types) for function in FUNCTIONS])
WIDE = table(u16, [function.wide for function in FUNCTIONS])
HAS_RESULT = table(u8, [function.has_result for function in FUNCTIONS])
ALL_NAMES: Final = "".join(f"{function.name}\0" for function in FUNCTIONS).encode()
NAMES = table(u8, ALL_NAMES)
NAMES_BYTES: Final = len(ALL_NAMES)
MODULE = table(u8, MODULE_NAME)
MODULE_SIZE: Final = u32(len(MODULE_NAME))
SNAPSHOT_0 = table(u8, SNAPSHOT_0_NAME)
SNAPSHOT_0_SIZE: Final = u32(len(SNAPSHOT_0_NAME))


@kernel
def find(name: Ptr[u8], size: u32, first: u32) -> u32:
    """The number of the function of that name, from the `first` on; `COUNT` if there is none."""
    at = u32(0)
    number = u32(0)
    while number < COUNT:
        matched = u32(0)
        while matched < size and NAMES[at + matched] == name[matched] and name[matched] != 0:
            matched += 1
        if number >= first and matched == size and NAMES[at + matched] == 0:
            return number
        while at < NAMES_BYTES and NAMES[at] != 0:
            at += 1
        at += 1
        number += 1
    return number


@kernel
def call_wasi(s: StoreObject, number: u32, instance: usize, slots: Ptr[u64]) -> u32:
    """Call a function of WASI's for a guest; not 0 stops the guest."""
    if s.wasi == 0:
        return stop(s, new_trap(s, NO_WASI))
    c = stack_array(Call, 1)[0]
    c.store = s
    c.wasi = cast(Wasi, s.wasi)
    c.memory = exported_memory(c.wasi, instance)
    c.arguments = slots
    c.texts = usize(0)
    if is_null(c.memory):
        return stop(s, new_trap(s, NO_MEMORY))
    c.wasi.calls += 1
    errno = BODIES[number](c)
    delete_texts(c)
    end_call(c.wasi)
    if errno >= ERRNOS:
        if number == PROC_EXIT:
            return stop(s, new_trap(s, WRONG_STATUS))
        errno = IO  # of the app's own making
    if s.has_exited:
        return stop(s, new_trap(s, EXITED))
    slots[0] = errno
    return u32(0)
