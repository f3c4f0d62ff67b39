"""The process: `proc_*`, `sched_yield`."""

import os

from fusee.api.errors import ExitTrap
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory


@host_function("i32 ->")
def proc_exit(context: WasiContext, memory: GuestMemory, code: int) -> None:
    """Ends the program; unwinds all of its frames. The status is signed, as embedders of other engines get it."""
    raise ExitTrap(code - (1 << 32) if code >> 31 else code)


@host_function("i32 -> i32")
def proc_raise(context: WasiContext, memory: GuestMemory, signal: int) -> None:
    """There are no signals."""
    raise WasiError(Errno.NOSYS)


@host_function("-> i32")
def sched_yield(context: WasiContext, memory: GuestMemory) -> None:
    """Lets others run."""
    os.sched_yield()
