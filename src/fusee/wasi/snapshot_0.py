"""Snapshot 0, `wasi_unstable`: what differs from preview 1 (its witx definition, `legacy/preview0`).

A `filestat` has 32 bits for the number of links, `whence` counts in another order, and the subscription of a clock has
a further number, which is ignored.
"""

import os

from fusee.wasi import fd as descriptors
from fusee.wasi import path as paths
from fusee.wasi.abi import FILESTAT_0
from fusee.wasi.context import WasiContext
from fusee.wasi.functions import SNAPSHOT_0, host_function
from fusee.wasi.memory import GuestMemory
from fusee.wasi.poll import SUBSCRIPTION_0, poll

_WHENCE = (os.SEEK_CUR, os.SEEK_END, os.SEEK_SET)


@host_function("i32 i64 i32 i32 -> i32", SNAPSHOT_0)
def fd_seek(context: WasiContext, memory: GuestMemory, fd: int, offset: int, whence: int, result: int) -> None:
    """Moves the current offset."""
    descriptors.seek(context, memory, fd, offset, _WHENCE[whence] if whence < len(_WHENCE) else None, result)


@host_function("i32 i32 -> i32", SNAPSHOT_0)
def fd_filestat_get(context: WasiContext, memory: GuestMemory, fd: int, result: int) -> None:
    """Stores a file's status."""
    descriptors.write_status(FILESTAT_0, context, memory, fd, result)


@host_function("i32 i32 i32 i32 i32 -> i32", SNAPSHOT_0)
def path_filestat_get(
    context: WasiContext, memory: GuestMemory, fd: int, lookup: int, address: int, size: int, result: int
) -> None:
    """Stores a file's status."""
    paths.write_status(FILESTAT_0, context, memory, fd, lookup, address, size, result)


@host_function("i32 i32 i32 i32 -> i32", SNAPSHOT_0)
def poll_oneoff(
    context: WasiContext, memory: GuestMemory, subscriptions: int, events: int, count: int, result: int
) -> None:
    """Waits until at least one of several things happens, and stores which did."""
    poll(SUBSCRIPTION_0, context, memory, subscriptions, events, count, result)
