"""wasi-threads: a program whose threads have an instance each, in stores of their own, which share a memory.

A thread is made by `thread-spawn` and runs the module's `wasi_thread_start`. What ends one of them ends the program:
a trap, `proc_exit`, what a host function raises, and the return of the main thread.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from fusee.api.externtypes import MemoryType
from fusee.api.func import Func
from fusee.api.linker import Linker
from fusee.api.module import Module
from fusee.api.sharedmemory import SharedMemory
from fusee.api.store import Store
from fusee.api.types import FuncType, ValType
from fusee.wasi.errno import Errno

START: Final = "wasi_thread_start"
MOST_THREADS: Final = 256  # at once
LAST_NUMBER: Final = 0x1FFF_FFFF  # of a thread; the others are reserved
_END_SECONDS: Final = 2.0  # that the end waits for threads which are in host functions
_UNABLE: Final = -int(Errno.AGAIN)

T = TypeVar("T")


class ThreadedProgram:
    """A module that may make threads, with the store of its main thread."""

    def __init__(
        self, linker: Linker, store: Store, module: Module, prepare: Callable[[Store], None] = lambda store: None
    ) -> None:
        """Names `thread-spawn`, and a memory for each shared one that the module imports, in `linker`.

        All threads have what the linker names and `store`'s system; `prepare` is called with the store of each.
        Raises what `Linker.define` and `SharedMemory` raise.
        """
        self._linker, self._store, self._module, self._prepare = linker, store, module, prepare
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._stores = {store}
        self._next = 1
        self._is_ending = False
        self._failure: BaseException | None = None
        for item in module.imports:
            if isinstance(item.type, MemoryType) and item.type.is_shared:
                linker.define(store, item.module, item.name or "", SharedMemory(store.engine, item.type))
        linker.define_func("wasi", "thread-spawn", FuncType([ValType.i32()], [ValType.i32()]), self._spawn)
        if store._wasi_context is not None:
            store._wasi_context.has_deadlines = True  # what waits is to be ended
            store._wasi_context.is_shared = True

    def run(self, main: Callable[[], T]) -> T:
        """What `main` returns, which is the main thread's work; or what has ended the program is raised."""
        try:
            result = main()
        except BaseException as error:
            self._fail(error)
        self._end()
        if self._failure is not None:
            raise self._failure
        return result

    def _spawn(self, argument: int) -> int:
        """`thread-spawn`: the new thread's number, or less than 0 if there can be none."""
        with self._lock:
            number = self._next
            is_full = len(self._threads) >= MOST_THREADS or number > LAST_NUMBER
            if is_full or self._is_ending or START not in self._module._export_places:
                return _UNABLE
            self._next += 1
            thread = threading.Thread(target=self._run, args=(number, argument), daemon=True)
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the system has no more
            self._threads.discard(thread)
            return _UNABLE
        return number

    def _run(self, number: int, argument: int) -> None:
        store = Store(self._store.engine)
        try:
            with self._lock:
                if self._is_ending:
                    return
                self._stores.add(store)
            store._wasi_context = self._store._wasi_context
            self._prepare(store)
            start = self._linker.instantiate(store, self._module).exports(store)[START]
            if not isinstance(start, Func):
                raise TypeError(f"`{START}` is no function")
            start(store, number, argument)
        except BaseException as error:
            self._fail(error)
        finally:
            store._wasi_context = None  # which is the program's
            with self._lock:
                self._stores.discard(store)
                self._threads.discard(threading.current_thread())
            store.close()

    def _fail(self, error: BaseException) -> None:
        """What has happened first ends the program; what follows are guests that were stopped."""
        with self._lock:
            if self._failure is None and not self._is_ending:
                self._failure = error
        self._stop()

    def _stop(self) -> None:
        """Have all guests stop."""
        with self._lock:
            self._is_ending = True
            stores = list(self._stores)
        for store in stores:
            store._stop()

    def _end(self) -> None:
        """Stop what still runs, and wait for it."""
        self._stop()
        limit = time.monotonic() + _END_SECONDS
        for thread in list(self._threads):
            thread.join(max(0.0, limit - time.monotonic()))
