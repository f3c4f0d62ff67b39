"""The process: `proc_*`, `sched_yield`."""

import os

from fusee.api.errors import ExitTrap, WasmtimeError
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory

STATUSES = 126


@host_function("i32 ->")
def proc_exit(context: WasiContext, memory: GuestMemory, code: int) -> None:
    """Ends the program; unwinds all of its frames.

    Of a larger status the system would keep eight bits, and 256 would be success; from 126 on it would look like what a
    shell or a signal makes. So none of these is passed on, and it is an error, as in Wasmtime.
    """
    if code >= STATUSES:
        raise WasmtimeError(f"exit with invalid exit status outside of [0..{STATUSES})")
    raise ExitTrap(code)


@host_function("i32 -> i32")
def proc_raise(context: WasiContext, memory: GuestMemory, signal: int) -> None:
    """There are no signals."""
    raise WasiError(Errno.NOSYS)


@host_function("-> i32")
def sched_yield(context: WasiContext, memory: GuestMemory) -> None:
    """Lets others run."""
    os.sched_yield()
