"""This process's CPython, as the engine's `python` part sees it: its C interface, locks, stores."""

import ctypes
import signal
import sys
from _thread import RLock
from typing import TYPE_CHECKING, Final, Protocol

from fusee.api._stack import measure
from fusee.api.errors import WasmtimeError
from fusee.engine.python.state import Embedder, Python, Watch
from fusee.engine.state.platform import REQUEST_GROW
from fusee.kernel.layout import layout
from fusee.kernel.process import address_of, libc, make_struct
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.api._native import HostNative
    from fusee.api.store import Store

_FIRST_REQUEST: Final = int(REQUEST_GROW)
LOOK_SECONDS: Final = 0.001  # between two looks at whether a guest has paused

_api: Final = ctypes.pythonapi

_FUNCTIONS: Final = {
    "save_thread": "PyEval_SaveThread",
    "restore_thread": "PyEval_RestoreThread",
    "thread": "PyThread_get_thread_ident",
    "state": "PyThreadState_Get",
    "number_of": "PyThreadState_GetID",
    "call": "PyObject_Vectorcall",
    "number": "PyLong_FromSize_t",
    "drop": "Py_DecRef",
    "check_signals": "PyErr_CheckSignals",
    "clear": "PyErr_Clear",
    "fetch": "PyErr_Fetch",
    "restore": "PyErr_Restore",
    "value": "PyLong_AsLong",
    "lock": "PyGILState_Ensure",
    "unlock": "PyGILState_Release",
    "find": "PyDict_GetItem",
    "enter": "PyDict_SetItem",
}
"""By their names in `Python`."""


def python_functions(invoke: int, advance: int) -> ctypes.Array[ctypes.c_char]:
    """A `Python`, for the interpreter at two addresses."""
    values = {name: address_of(getattr(_api, symbol)) for name, symbol in _FUNCTIONS.items()}
    values["invoke"] = invoke
    values["advance"] = advance
    values["nothing"] = id(None)
    values["run_host"] = id(_run_host)
    values["measure"] = id(measure)
    values["set_wakeup"] = id(signal.set_wakeup_fd)
    if sys.platform != "win32":
        values["poll"] = address_of(libc.poll)
    return make_struct(Python, values)


def _run_host(store: "Store", identity: int, instance: int, slots: int) -> object:
    if identity >= _FIRST_REQUEST:
        from fusee.api._sharing import answer

        answer(store, identity, slots)
        return None
    try:
        return store._hosts[identity].run(store, instance, slots)
    except WasmtimeError as error:
        if not error._throw(store):
            raise
        return None


class Background(Protocol):
    """What a thread of its own does for an engine while guests run. None is there when the process is divided."""

    def end(self) -> None:
        """Before that: end the thread, and wait for it."""

    def go_on(self) -> None:
        """After it, in the process that was there before."""

    def forget(self) -> None:
        """And in the other one."""

    def close(self) -> None:
        """The engine has ended."""


class EngineGate:
    """The locks of what the stores of an engine have in common.

    Whoever needs several takes `growth` first, then those of stores, then the others.
    """

    def __init__(self) -> None:
        self.growth = RLock()  # of whoever makes a shared memory larger, or begins to use it
        self.queues = RLock()  # of the threads that wait for words of shared memories
        self.clock = RLock()  # of whoever sets the epoch or a deadline
        self.inner = self.queues, self.clock
        self.background: Background | None = None


class Embedding(Protocol):
    """What a store is known by to the engine."""

    address: int
    is_closed: bool
    """Whether it was closed, said with its lock: who has waited for that to call a guest finds no store."""
    lock: RLock
    """Held by the thread that is in the store's code. Native code takes and gives it, too."""

    @property
    def depth(self) -> int:
        """How many calls into guests have not returned."""

    @property
    def is_used_here(self) -> bool:
        """Whether this very thread is in the store's code."""

    def try_take(self) -> bool:
        """Take the lock, if that is possible within a moment; a guest that runs pauses for that."""

    def forget(self) -> None:
        """In a new process: the thread that was in the store's code is not here."""


class HostEmbedding:
    """An `Embedder`."""

    __slots__ = ("_is_closed", "_is_waited_for", "_methods", "_native", "_words", "address", "lock")

    def __init__(self, native: "HostNative", store: "Store") -> None:
        self.lock = RLock()
        self._methods = self.lock.acquire, self.lock.release
        python = ctypes.addressof(native.python)
        self._native = native
        self._words = _WORDS(python, WATCH_ADDRESS, id(store), *map(id, self._methods))
        self._is_waited_for = ctypes.c_uint32.from_buffer(self._words, _places.fields["is_waited_for"].offset)
        self._is_closed = ctypes.c_uint32.from_buffer(self._words, _places.fields["is_closed"].offset)
        self.address = ctypes.addressof(self._words)

    @property
    def depth(self) -> int:
        """How many calls into guests have not returned."""
        return self._words[_DEPTH] & 0xFFFF_FFFF

    @property
    def is_closed(self) -> bool:
        """Whether no guest can be called any more."""
        return self._is_closed.value != 0

    @is_closed.setter
    def is_closed(self, value: bool) -> None:
        self._is_closed.value = value

    @property
    def is_used_here(self) -> bool:
        """Whether this very thread is in the store's code."""
        return bool(self.lock._is_owned())  # type: ignore[attr-defined]  # as `threading.Condition` asks

    def try_take(self) -> bool:
        """Take the lock, if that is possible within a moment; a guest that runs pauses for that."""
        if self.lock.acquire(timeout=LOOK_SECONDS):
            return True
        self._is_waited_for.value = 1
        self._native.interrupt_running(self.address)
        return False

    def forget(self) -> None:
        """In a new process: the thread that was in the store's code is not here."""
        self._native.forget_running(self.address)


WATCH: Final = make_struct(Watch, {})
WATCH_ADDRESS: Final = ctypes.addressof(WATCH)

_places: Final = layout(Embedder, Target.host())
_WORDS: Final = ctypes.c_size_t * (_places.extent.size // 8)
_DEPTH: Final = _places.fields["depth"].offset // 8
_FIRST: Final = "python", "watch", "owner", "acquire", "release"
assert [_places.fields[name].offset for name in _FIRST] == [0, 8, 16, 24, 32]
