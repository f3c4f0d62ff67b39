"""Sockets: `sock_*`. No descriptor is one, since nothing here can open any."""

from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory


@host_function("i32 i32 i32 -> i32")
def sock_accept(context: WasiContext, memory: GuestMemory, fd: int, flags: int, result: int) -> None:
    """Accepts a connection."""
    _refuse(context, fd)


@host_function("i32 i32 i32 i32 i32 i32 -> i32")
def sock_recv(
    context: WasiContext, memory: GuestMemory, fd: int, vectors: int, count: int, flags: int, size: int, result: int
) -> None:
    """Receives a message."""
    _refuse(context, fd)


@host_function("i32 i32 i32 i32 i32 -> i32")
def sock_send(
    context: WasiContext, memory: GuestMemory, fd: int, vectors: int, count: int, flags: int, size: int
) -> None:
    """Sends a message."""
    _refuse(context, fd)


@host_function("i32 i32 -> i32")
def sock_shutdown(context: WasiContext, memory: GuestMemory, fd: int, how: int) -> None:
    """Shuts a connection down."""
    _refuse(context, fd)


def _refuse(context: WasiContext, fd: int) -> None:
    context.descriptor(fd)
    raise WasiError(Errno.NOTSOCK)
