"""The host functions as a linker wants them: all are named, and a family is imported when one of its is used."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

from fusee.wasi.context import WasiContext
from fusee.wasi.functions import FUNCTIONS, SNAPSHOT_0, HostFunction
from fusee.wasi.memory import GuestMemory

MODULE: Final = "wasi_snapshot_preview1"
SNAPSHOT_0_MODULE: Final = "wasi_unstable"  # what programs of 2019 import

_FAMILIES: Final = {
    "args": "args_get args_sizes_get environ_get environ_sizes_get",
    "clock": "clock_res_get clock_time_get",
    "fd": "fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights"
    " fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite"
    " fd_read fd_readdir fd_renumber fd_seek fd_sync fd_tell fd_write",
    "path": "path_create_directory path_filestat_get path_filestat_set_times path_link path_open path_readlink"
    " path_remove_directory path_rename path_symlink path_unlink_file",
    "poll": "poll_oneoff",
    "process": "proc_exit proc_raise sched_yield",
    "random": "random_get",
    "sock": "sock_accept sock_recv sock_send sock_shutdown",
}
"""The functions of preview 1 by the file that they are in."""

_FAMILY: Final = {name: family for family, names in _FAMILIES.items() for name in names.split()}
_OLDER: Final = ("fd_filestat_get", "fd_seek", "path_filestat_get", "poll_oneoff")  # other ones in snapshot 0
_NEWER: Final = ("sock_accept",)  # than snapshot 0

# From what a linker passes as the caller: its program's state and its memory.
Enter = Callable[[Any], tuple[WasiContext, memoryview]]


def names() -> Iterator[tuple[str, str]]:
    """Every function of preview 1 and of snapshot 0, which differ in four: its module and its name."""
    for name in _FAMILY:
        yield MODULE, name
    for name in _FAMILY:
        if name not in _NEWER:
            yield SNAPSHOT_0_MODULE, name


def find(module: str, name: str) -> HostFunction:
    """One of `names`."""
    is_older = module == SNAPSHOT_0_MODULE and name in _OLDER
    import_module(f"fusee.wasi.{'snapshot_0' if is_older else _FAMILY[name]}")  # fills the table
    return (SNAPSHOT_0 if is_older else FUNCTIONS)[name]


def bind(function: HostFunction, enter: Enter) -> Callable[..., int | None]:
    """A function as `Linker.define_func` takes it, which is given the caller first."""
    call = function.call
    has_result = bool(function.results)

    def host(caller: Any, *arguments: int) -> int | None:
        context, buffer = enter(caller)
        errno = call(context, GuestMemory(buffer), *arguments)
        return errno if has_result else None

    return host
