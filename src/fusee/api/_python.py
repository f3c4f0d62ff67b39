"""This process's CPython, as the engine's `python` part sees it: its C interface, locks, stores."""

import ctypes
import signal
import sys
import time
from _thread import RLock, start_new_thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from fusee.api.errors import WasmtimeError
from fusee.engine.python.state import Embedder, Gate, Python, Watch
from fusee.engine.state.platform import REQUEST_NOTIFY, REQUEST_WAIT
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.scalars import u32
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.api.store import Store

_api: Final = ctypes.pythonapi
libc: Final = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)

_FUNCTIONS: Final = {
    "save_thread": "PyEval_SaveThread",
    "restore_thread": "PyEval_RestoreThread",
    "thread": "PyThread_get_thread_ident",
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


def address_of(function: object) -> int:
    """Where a C function is that ctypes knows."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def make_struct(declaration: type, values: dict[str, int]) -> ctypes.Array[ctypes.c_char]:
    """A zeroed struct of the engine's with some of its fields, all of them as wide as pointers, set."""
    places = layout(declaration, Target.host())
    result = ctypes.create_string_buffer(places.extent.size)
    for name, value in values.items():
        ctypes.c_size_t.from_buffer(result, places.fields[name].offset).value = value
    return result


def python_functions(invoke: int) -> ctypes.Array[ctypes.c_char]:
    """A `Python`, for the interpreter at an address."""
    values = {name: address_of(getattr(_api, symbol)) for name, symbol in _FUNCTIONS.items()}
    values["invoke"] = invoke
    values["false"] = id(False)
    values["run_host"] = id(_run_host)
    values["set_wakeup"] = id(signal.set_wakeup_fd)
    values.update({"allocate": address_of(libc.calloc), "release": address_of(libc.free)})
    if sys.platform != "win32":
        values["poll"] = address_of(libc.poll)
    return make_struct(Python, values)


def _run_host(store: "Store", identity: int, instance: int, slots: int) -> None:
    if identity >= REQUEST_NOTIFY:
        from fusee.api._waiting import notify, wait

        (wait if identity == REQUEST_WAIT else notify)(store, slots)
        return
    try:
        store._hosts[identity].run(store, instance, slots)
    except WasmtimeError as error:
        if not error._throw(store):
            raise


TURN_SECONDS: Final = 0.005  # that a guest runs at most while others wait, where they share a memory


class EngineGate:
    """Who may be in an engine's code: whoever has the lock. Native code takes and gives it, too."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.clock = RLock()  # of whoever sets the epoch or a deadline
        self.locks = self.lock, self.clock
        self._methods = self.lock.acquire, self.lock.release
        self._seconds = TURN_SECONDS
        objects = {"acquire": self._methods[0], "release": self._methods[1], "true": True, "turn": self._seconds}
        self._state = make_struct(Gate, {name: id(item) for name, item in objects.items()})
        self.address = ctypes.addressof(self._state)
        self.turn = Turn(self._state)

    def share(self, interrupt: Callable[[int], None]) -> None:
        """Have guests take turns from now on, because they share a memory; `interrupt` has the one pause that runs."""
        view(Gate, self.address).is_shared = u32(1)
        self.turn.interrupt = interrupt


class Turn:
    """Python code that waits for an engine's lock: around `with` the lock.

    Where guests share a memory one of them may wait for another without ever leaving its code. So a thread has the one
    that runs pause now and then, as long as Python code waits. If a signal handler raises here, guests pause in vain.
    """

    __slots__ = ("_address", "_is_watched", "_waiting", "interrupt")

    def __init__(self, state: ctypes.Array[ctypes.c_char]) -> None:
        self._address = ctypes.addressof(state)
        self._waiting = ctypes.c_uint32.from_buffer(state, layout(Gate, Target.host()).fields["waiting"].offset)
        self._is_watched = False
        self.interrupt: Callable[[int], None] | None = None

    def __enter__(self) -> None:
        self._waiting.value += 1
        if self.interrupt is not None and not self._is_watched:
            self._is_watched = True
            start_new_thread(self._watch, ())

    def __exit__(self, *exception: object) -> None:
        self._waiting.value -= 1

    def _watch(self) -> None:
        while True:
            time.sleep(TURN_SECONDS)
            if self.interrupt is not None and self._waiting.value:
                self.interrupt(self._address)
                continue
            self._is_watched = False
            if not self._waiting.value or self._is_watched:
                return
            self._is_watched = True


class Embedding(Protocol):
    """What a store is known by to the engine."""

    address: int

    @property
    def depth(self) -> int:
        """How many calls into guests have not returned."""


class HostEmbedding:
    """An `Embedder`."""

    __slots__ = ("_words", "address")

    def __init__(self, python: int, gate: EngineGate, store: "Store") -> None:
        self._words = _WORDS(python, gate.address, WATCH_ADDRESS, id(store))
        self.address = ctypes.addressof(self._words)

    @property
    def depth(self) -> int:
        """How many calls into guests have not returned."""
        return self._words[_DEPTH] & 0xFFFF_FFFF


WATCH: Final = make_struct(Watch, {})
WATCH_ADDRESS: Final = ctypes.addressof(WATCH)

_places: Final = layout(Embedder, Target.host())
_WORDS: Final = ctypes.c_size_t * (_places.extent.size // 8)
_DEPTH: Final = _places.fields["depth"].offset // 8
assert [_places.fields[name].offset for name in ("python", "gate", "watch", "owner")] == [0, 8, 16, 24]
