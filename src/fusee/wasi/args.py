"""Arguments and environment: `args_*`, `environ_*`."""

from collections.abc import Sequence

from fusee.wasi.context import WasiContext
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory


@host_function("i32 i32 -> i32")
def args_get(context: WasiContext, memory: GuestMemory, pointers: int, data: int) -> None:
    """Stores the arguments."""
    memory.write_strings(pointers, data, context.arguments)


@host_function("i32 i32 -> i32")
def args_sizes_get(context: WasiContext, memory: GuestMemory, count: int, size: int) -> None:
    """Stores how many arguments there are and how many bytes they take."""
    _write_sizes(memory, count, size, context.arguments)


@host_function("i32 i32 -> i32")
def environ_get(context: WasiContext, memory: GuestMemory, pointers: int, data: int) -> None:
    """Stores the environment."""
    memory.write_strings(pointers, data, context.environment)


@host_function("i32 i32 -> i32")
def environ_sizes_get(context: WasiContext, memory: GuestMemory, count: int, size: int) -> None:
    """Stores how many variables there are and how many bytes they take."""
    _write_sizes(memory, count, size, context.environment)


def _write_sizes(memory: GuestMemory, count: int, size: int, strings: Sequence[bytes]) -> None:
    memory.write_u32(count, len(strings))
    memory.write_u32(size, sum(len(string) + 1 for string in strings))
