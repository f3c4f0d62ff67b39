"""Threads that help to validate a large module, on the processors that the process has beside one."""

import _thread
import ctypes
from functools import cache
from typing import TYPE_CHECKING, Final

from fusee.engine.state.sharing import Sharing
from fusee.kernel.process import make_struct
from fusee.kernel.processors import processor_count

if TYPE_CHECKING:
    from fusee.api._native import HostNative

HELPED_BYTES: Final = 0x8_0000
"""Of code, for which it pays to start a thread: it costs 0.1 ms, and validates so much in 0.5 to 1.4."""
MOST_HELPERS: Final = 7


def validate_with_help(native: "HostNative", module: int) -> None:
    """Validate a decoded module. When this returns, helpers look at nothing of it any more, and are about to end."""
    helpers = helpers_for(native.code_bytes(module))
    if helpers == 0:
        native.validate_module(module)
        return
    sharing = make_struct(Sharing, {})
    for _ in range(helpers):
        try:
            _thread.start_new_thread(_help, (native, sharing))
        except RuntimeError:  # there are no threads here, or no more of them
            break
    native.validate_shared(module, sharing)


def helpers_for(code_bytes: int) -> int:
    """How many threads are started to help with so much code."""
    wanted = min(code_bytes // HELPED_BYTES, MOST_HELPERS)
    return min(wanted, spare_processors()) if wanted else 0


@cache
def spare_processors() -> int:
    """How many processors the process has beside one, when that is first asked: it takes a while to find out."""
    return processor_count() - 1


def _help(native: "HostNative", sharing: "ctypes.Array[ctypes.c_char]") -> None:
    with native.stay():
        native.help_to_validate(sharing)
