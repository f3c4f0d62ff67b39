"""Random numbers: `random_get`."""

import os

from fusee.wasi.context import WasiContext
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory

_CHUNK_BYTES = 1 << 16


@host_function("i32 i32 -> i32")
def random_get(context: WasiContext, memory: GuestMemory, address: int, size: int) -> None:
    """Fills a range with bytes from the host's secure source."""
    target = memory.view(address, size)
    for start in range(0, size, _CHUNK_BYTES):
        chunk = target[start : start + _CHUNK_BYTES]
        chunk[:] = os.urandom(len(chunk))
