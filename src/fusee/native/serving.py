"""What the process does that compiles batches: one after the other, as long as somebody waits for them.

When the program ends that it works for, it goes on for a moment (`_Unfinished`).
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from fusee.kernel import apart
from fusee.kernel.another import FILE
from fusee.kernel.cache import Cache
from fusee.kernel.processors import processor_count
from fusee.native.batch import Wish, batch_options, compile_batch
from fusee.native.batches import REQUEST_BYTES, answer, asked_for
from fusee.native.code import unpacked
from fusee.native.compile import Compiler, Plan
from fusee.native.function import FunctionCompiler
from fusee.native.limits import allow_seconds, limit_memory
from fusee.native.module import Module
from fusee.native.sections import read_module

_IDLE_SECONDS: Final = 1.0  # after which something may be done for which the next request would wait
_AFTERWARDS_SECONDS: Final = 10  # that this may go on when the program has ended, whatever it does
_AFTERWARDS_ROOM: Final = 3 << 10  # for WebAssembly in a batch then, with what it calls
_ALONE: Final = "afterwards"  # what names the lock of the one process of a cache that goes on so


def keep_kernels() -> None:
    """Have the cache keep the texts of kernels, without which a process that compiles takes twice as long to begin."""
    Compiler(Plan(Module(b""), [], {}), batch_options()).kernels.keep()


def _warm_up(is_waited_for: Callable[[], bool]) -> None:
    """Do what the first batch of most modules would wait for, in steps, as long as nobody waits.

    LLVM loads what it does for any function, and the texts of the usual kernels are there.
    """
    module = read_module(_USUAL)
    compiler = Compiler(Plan(module, [[0]], {}), batch_options())
    for step in (
        lambda: compiler.machine.object("define void @f() { ret void }", is_quick=True),
        FunctionCompiler(compiler.new_unit(), 0).compile,
    ):
        if is_waited_for():
            return
        step()


_USUAL = bytes.fromhex("""
    0061736d01000000 0106 0160017f017f 0302 0100 0503 010001 0a3d 013b00
    0340 2000 2000 280200 4101 6a 360200 2000 2000 2d0000 3a0000 2000 4101 74 4100 47 0d00
    2000 2000 4101 6b 4103 71 49 0d00 0b 2000 1000 2000 45 73 0b
""")
"""A memory, and a function with a loop: loads, stores, a call, and what most functions compute with."""


def main() -> None:
    """Compile what is asked for in the file that both processes have, until nobody waits any more."""
    limit_memory()
    if processor_count() == 1:  # on which the guest runs
        apart.step_back(apart.LAST)
    requests = _Requests()
    threading.Thread(target=requests.listen, daemon=True).start()
    number, known, module, unfinished = 0, 0, Module(b""), _Unfinished(Module(b""))
    os.write(sys.stdout.fileno(), answer(b""))
    _warm_up(lambda: bool(requests.waiting))
    while True:
        late = None
        if not requests.are_there(_IDLE_SECONDS) and number:
            keep_kernels()
        if not (asked := requests.next()):
            break
        size, wish_size, number = asked_for(asked)
        allow_seconds()
        if number != known:  # of what was asked for before it has been read, and is kept
            module = Module(b"")
            known, module = number, read_module(_read(FILE, 0, size))
            unfinished = _Unfinished(module)
        wish = Wish.from_bytes(_read(FILE, size, wish_size))
        made = compile_batch(module, wish)
        if requests.have_ended:
            late = (wish, made) if wish.is_last else None
            break
        requests.has_answered = True
        with contextlib.suppress(BrokenPipeError):  # the program has just ended, as the next request says
            sys.stdout.buffer.write(answer(made))
            sys.stdout.buffer.flush()
        unfinished.note(wish, made)
    unfinished.finish(late)
    if _is_there():
        keep_kernels()


def _read(file: int, start: int, size: int) -> bytes:
    """A part of a file, which has its position in common with who writes it; `EOFError` if not all of it is there."""
    found = bytearray()
    while len(found) < size:
        part = os.pread(file, size - len(found), start + len(found))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


class _Requests:
    """What was asked for. `queue` has the like, and takes longer to load."""

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.has_answered = False
        self.have_ended = False  # with the program
        self._there_are = threading.Semaphore(0)

    def listen(self) -> None:
        """In a thread: standard input is a pipe, which ends with the process that has the other end."""
        while len(asked := os.read(0, REQUEST_BYTES)) == REQUEST_BYTES:
            self.waiting.append(asked)
            self._there_are.release()
        if not self.has_answered:
            os._exit(1)
        self.have_ended = True
        apart.step_back(apart.LAST)
        signal.alarm(_AFTERWARDS_SECONDS)  # by the clock, since it may wait for a processor; and LLVM asks nobody
        self.waiting.append(b"")
        self._there_are.release()

    def are_there(self, seconds: float) -> bool:
        """Wait for some for so long."""
        if self._there_are.acquire(timeout=seconds):
            self._there_are.release()
            return True
        return False

    def next(self) -> bytes:
        """The first one, once it is there; nothing if there are no more."""
        self._there_are.acquire()
        return b"" if self.have_ended else self.waiting.popleft()


class _Unfinished:
    """What a module has got in haste, or for loops only, in the order in which it was wished for.

    It is compiled with all of LLVM's passes when the program has ended, and put into the cache: a run of a second or
    two ends before that is done, and so does each run that finds such code. By one process of all that use the cache,
    behind everything else on the machine, and for a few seconds.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._wishes: list[Wish] = []
        self._done: list[int] | None = None  # functions that stay interpreted, and those that were native before

    def note(self, wish: Wish, made: bytes) -> None:
        """A batch has been made, and given away."""
        code = unpacked(made)
        if self._done is None:
            self._done = wish.done
        if wish.is_last:
            left = [[index for index in one.hot if index not in code.functions] for one in self._wishes]
            self._wishes = [one._replace(hot=hot) for one, hot in zip(self._wishes, left, strict=True) if hot]
        elif code.is_quick or wish.loops:
            functions = dict.fromkeys((*wish.hot, *(place.function for place in wish.loops)))
            self._wishes.append(wish._replace(hot=list(functions), loops=[]))

    def finish(self, late: tuple[Wish, bytes] | None) -> None:
        """Compile it again, as long as there is time, and nobody else does so. `late`: what nobody has waited for."""
        claim = Cache().claim(_ALONE) if (self._wishes or late) and _is_there() else None
        if claim is None:
            return
        with claim:
            allow_seconds(_AFTERWARDS_SECONDS)
            end = time.monotonic() + _AFTERWARDS_SECONDS
            if late is not None:
                self._keep(*late)
            for wish in self._wishes:
                if time.monotonic() > end or not _is_there():
                    break
                again = wish._replace(done=self._done or [], room=_AFTERWARDS_ROOM, is_last=True)
                self._keep(again, compile_batch(self._module, again))

    def _keep(self, wish: Wish, made: bytes) -> None:
        from fusee.native.shelf import Shelf  # with what is of no use while somebody waits

        code = unpacked(made)
        if _is_there():
            Shelf(self._module.binary, wish.is_metered).add(made, code.functions, code.loops)


def _is_there() -> bool:
    """Whether the cache has not been removed: it would be made again."""
    return os.path.isdir(Cache().folder)
