"""Having Unicorn call a C function, past its binding.

That takes Python's functions only, and makes a circle with them, so that a processor would not end with its device.
"""

import ctypes
import weakref
from collections.abc import Callable
from typing import Any, Final

from unicorn import unicorn_const
from unicorn.unicorn import Uc
from unicorn.unicorn_py3.unicorn import uclib

CODE: Final = unicorn_const.UC_HOOK_CODE  # before each instruction
BLOCK: Final = unicorn_const.UC_HOOK_BLOCK  # at the start of each stretch of straight-line code

CALLBACK: Final = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_size_t)
"""Unicorn's uc_cb_hookcode_t: the processor, an address, a size, and what was given when it was hooked."""


def hook(
    owner: object, processor: Uc, kind: int, function: int | Callable[..., None], state: int = 0,
    used: object = None, first: int = 1, last: int = 0,
) -> None:  # fmt: skip
    """Have a function called, by its address or as a `CALLBACK`, from address `first` to `last`, else everywhere.

    The hook ends with its owner, and keeps what it uses until then. `RuntimeError` if Unicorn refuses.
    """
    handle = ctypes.c_size_t()
    status = uclib.uc_hook_add(
        processor._uch,
        ctypes.byref(handle),
        kind,
        ctypes.c_void_p(function) if isinstance(function, int) else function,
        ctypes.c_void_p(state),
        ctypes.c_uint64(first),
        ctypes.c_uint64(last),
    )
    if status != unicorn_const.UC_ERR_OK:
        raise RuntimeError(f"code cannot be watched: Unicorn's error {status}")
    machine: Any = processor
    machine.ctl_flush_tb()  # what was executed before has been compiled without the call
    weakref.finalize(owner, _remove, processor, handle, (function, used)).atexit = False


def _remove(processor: Uc, handle: ctypes.c_size_t, used: object) -> None:
    """Nothing may be called once the memory has ended that it writes to."""
    uclib.uc_hook_del(processor._uch, handle)
