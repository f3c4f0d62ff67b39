"""What compiled code is given of this process: C functions, and structs that it works on."""

import ctypes
import sys
from typing import Final

from fusee.kernel.layout import layout
from fusee.kernel.target import Target

libc: Final = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)


def address_of(function: object) -> int:
    """Where a C function is that ctypes knows."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def address_of_yield() -> int:
    """What lets another thread have the processor, or 0."""
    return 0 if sys.platform == "win32" else address_of(libc.sched_yield)


def make_struct(declaration: type, values: dict[str, int]) -> ctypes.Array[ctypes.c_char]:
    """A zeroed struct with some of its fields, all of them as wide as pointers, set."""
    places = layout(declaration, Target.host())
    result = ctypes.create_string_buffer(places.extent.size)
    for name, value in values.items():
        ctypes.c_size_t.from_buffer(result, places.fields[name].offset).value = value
    return result
