"""Guests that come to the end of a thread's stack, in a process of their own: it was this process's end.

`python -m tests.native.deep_guests CASE STRATEGY` prints what came of it.
"""

import asyncio
import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType
from fusee.engine.python.state import KNOWN_STACKS

SMALL: Final = 256 << 10
MEDIUM: Final = 1 << 20
_COUNTING_CALLS_IN_C: Final = 0x030C_0000
LEVELS: Final = 4_500  # of `deep`: 144,000 bytes of native frames

GUEST: Final = """(module
  (import "" "host" (func $host (param i32) (result i32)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (call $host (i32.const 0)))))
    (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $endless (export "endless") (param i32) (result i32)
    (i32.add (call $endless (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))"""

TYPE: Final = FuncType([ValType.i32()], [ValType.i32()])


class Guest:
    """A store with an instance, whose host function does what is said."""

    def __init__(self, module: Module, function: Callable[[], int] = int) -> None:
        self.store = Store(module._engine)
        host = Func(self.store, TYPE, lambda _: function())
        exports = Instance(self.store, module, [host]).exports(self.store)
        self._deep: Any = exports["deep"]
        self._endless: Any = exports["endless"]

    def deep(self, levels: int) -> int:
        return int(self._deep(self.store, levels))

    def endless(self) -> int:
        return int(self._endless(self.store, 0))


def told(function: Callable[..., int], *arguments: int) -> object:
    """What a call gives, or that the stack is exhausted: Python 3.12 and 3.13 count calls in C themselves, too."""
    try:
        return function(*arguments)
    except RecursionError:
        if sys.hexversion < _COUNTING_CALLS_IN_C:
            raise
        return "exhausted"
    except Trap as trap:
        if trap.trap_code is not TrapCode.STACK_OVERFLOW:
            raise
        return "exhausted"


def in_thread(size: int, function: Callable[[], object]) -> None:
    """Call it in a thread with so many bytes of stack."""
    threading.stack_size(size)
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def premade(module: Module) -> None:
    """Stores that were made before call each other. Each is deep, but none so deep as it may be."""
    guests = [Guest(module)]
    for _ in range(8):
        guests.append(Guest(module, lambda below=guests[-1]: below.deep(LEVELS)))  # type: ignore[misc]
    in_thread(MEDIUM, lambda: print(*(told(guest.deep, LEVELS) for guest in (guests[8], guests[1], guests[0]))))


def children(module: Module) -> None:
    """Stores that host functions make."""

    def descend() -> int:
        guest = Guest(module, descend)
        return guest.deep(LEVELS)

    sys.setrecursionlimit(1 << 20)
    in_thread(MEDIUM, lambda: print(told(descend), told(Guest(module).deep, LEVELS)))


def lowered(module: Module) -> None:
    """Threads have less stack than when the store was made."""
    guest = Guest(module)
    in_thread(SMALL, lambda: print(told(guest.endless), told(guest.deep, 3)))
    in_thread(MEDIUM, lambda: print(told(guest.endless), told(guest.deep, 3)))


def again(module: Module) -> None:
    """Guest and host call each other for ever, and Python's own limit does not end it."""
    guest = Guest(module, lambda: guest.deep(1))
    sys.setrecursionlimit(1 << 20)
    print(told(guest.deep, 1), told(guest.deep, 1))
    in_thread(SMALL, lambda: print(told(guest.deep, 1)))


def many(module: Module) -> None:
    """More threads than are known at once, of two sizes; and others where those were, under the same addresses."""
    results: list[object] = []
    barrier = threading.Barrier(KNOWN_STACKS + 2)

    def run(guest: Guest) -> None:
        for _ in range(2):
            barrier.wait()
            results.append(told(guest.endless))
        results.append(told(guest.deep, 3))

    for _ in range(2):
        threads = []
        for number in range(barrier.parties):
            threading.stack_size(MEDIUM << 2 if number % 2 else SMALL)
            threads.append(threading.Thread(target=run, args=(Guest(module),)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    print(results.count("exhausted") // barrier.parties, results.count(3) // barrier.parties)


def foreign(module: Module) -> None:
    """A thread of the C library's, of which Python learns when it calls."""
    guest = Guest(module)
    libc = ctypes.CDLL(None)
    attributes, thread = ctypes.create_string_buffer(128), ctypes.c_void_p()

    def run(_: object) -> None:
        print(told(guest.endless), told(guest.deep, 3))

    callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(run)
    libc.pthread_attr_init(attributes)
    libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(SMALL))
    for _ in range(2):
        assert libc.pthread_create(ctypes.byref(thread), attributes, callback, None) == 0
        libc.pthread_join(thread, None)


def ending(module: Module) -> None:
    """An object ends deep in a guest, and that calls another one."""
    other = Guest(module)

    class Ending:
        def __del__(self) -> None:
            print(told(other.endless))

    def drop() -> int:
        Ending()
        return 0

    guest = Guest(module, drop)
    in_thread(MEDIUM, lambda: print(told(guest.deep, 2 * LEVELS)))


def signals(module: Module) -> None:
    """A signal's handler runs deep in a guest, and calls another one."""
    other = Guest(module)
    signal.signal(signal.SIGUSR1, lambda number, frame: print(told(other.endless)))

    def send() -> int:
        signal.raise_signal(signal.SIGUSR1)
        return 0

    guest = Guest(module, send)
    print(told(guest.deep, 8 * LEVELS))


def loops(module: Module) -> None:
    """Host functions run event loops, whose tasks call guests."""

    async def call() -> int:
        await asyncio.sleep(0)
        return Guest(module, run).deep(LEVELS)

    def run() -> int:
        asyncio._set_running_loop(None)  # or there could be none in it
        return asyncio.run(call())

    sys.setrecursionlimit(1 << 20)
    in_thread(MEDIUM, lambda: print(told(run)))


CASES: Final = {f.__name__: f for f in (premade, children, lowered, again, many, foreign, ending, signals, loops)}


def main(case: str, strategy: str) -> None:
    config = Config()
    config.strategy = strategy
    CASES[case](Module(Engine(config), GUEST))
    print("end")


if __name__ == "__main__":
    main(*sys.argv[1:])
