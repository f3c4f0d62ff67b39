"""Executing a call on a device so that Python's signal handlers run meanwhile, and what they raise arrives in order.

Python runs handlers in the main thread only, between any two of its instructions. So the emulator runs in another
thread, for which the main one waits: a handler runs at once there, and if it raises nothing the device never notices.
If it does, the device executes up to where a handler of an instruction begins (`emulator.stop`), and goes on as if
that had trapped: the engine leaves the guest's frames itself. Then what was raised is raised where the call began.

An exception may arrive anywhere in `Execution._go_on`. It is written so that it may then be called again.
"""

import os
import signal
import sys
import threading
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from unicorn.unicorn import UcError

from fusee.emulator.crash import capture

if TYPE_CHECKING:
    from fusee.emulator.device import Device, Leaving

_MOST_INTERRUPTIONS: Final = 1000  # of one call, beside those while the device executes: more come from no handler
_OF_THREADS: Final = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP")  # signals that are about the one they go to


class Job:
    """Something that is done once, perhaps by another thread."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._lock = allocate_lock()
        self._lock.acquire()
        self._has_begun = False
        self.is_given = False  # to who does it
        self.is_done = False
        self.error: BaseException | None = None

    @property
    def is_underway(self) -> bool:
        """Whether it goes on, or is about to, without whoever waits for it."""
        return self.is_given and not self.is_done

    def execute(self) -> None:
        """Do it, unless somebody has begun."""
        if self._has_begun:
            return
        self._has_begun = True
        try:
            self._action()
        except BaseException as error:
            self.error = error
        self.is_done = True
        self._lock.release()

    def wait(self) -> None:
        """Until it is done."""
        while not self.is_done:
            self._lock.acquire()


class _Executor:
    """A thread that does the main thread's jobs. It gets no signals, so that they wake the main thread."""

    def __init__(self) -> None:
        self.process = os.getpid()  # a child of it has no such thread
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        start_new_thread(self._run, ())

    def _run(self) -> None:
        own = {getattr(signal, name, None) for name in _OF_THREADS}
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - own)
        while True:
            self.jobs.get().execute()


_executor: _Executor | None = None


def do(job: Job) -> None:
    """Have a job done, if it is not done yet; may be called again after an exception."""
    global _executor
    in_main = threading.get_ident() == threading.main_thread().ident
    if not in_main or not hasattr(signal, "pthread_sigmask") or sys.is_finalizing():
        job.execute()
        return
    if _executor is None or _executor.process != os.getpid():
        _executor = _Executor()
    if not job.is_done:
        _executor.jobs.put(job)
        job.is_given = True
    job.wait()


class _Turn:
    """From where the device goes on to where it leaves next."""

    def __init__(self, device: "Device", address: int) -> None:
        self.job = Job(lambda: device.processor.emu_start(address, device.stop_address))
        self.leaving: Leaving | None = None
        self.has_stopped = False  # at one of the stopper's places
        self.is_served = False
        self.value: int | None = None  # what was served gives


class Execution:
    """A call of a function on a device, whose registers and stack are set up."""

    def __init__(self, device: "Device", address: int) -> None:
        self._device = device
        self._stack = device.stack
        self._turn = _Turn(device, address)
        self._has_ended = False
        self._failure: BaseException | None = None
        self._interruption: BaseException | None = None

    def run(self) -> None:
        """Execute until the call returns; what leaves is called in between, and may come here again.

        Raises `DeviceFault`, and whatever was raised meanwhile.
        """
        interruptions = 0
        try:
            while interruptions < _MOST_INTERRUPTIONS:
                try:
                    while not self._has_ended:
                        self._go_on()
                    break
                except BaseException as error:
                    self._interruption = self._interruption or error
                    interruptions += not self._turn.job.is_underway
        finally:
            self._device.stopper.forget()
        raised = self._failure or self._interruption
        self._failure = self._interruption = None
        if raised is not None:
            try:
                raise raised
            finally:
                del raised  # else it would hold this frame, and so the device, until somebody looks for circles

    def _go_on(self) -> None:
        device, turn = self._device, self._turn
        device.is_executing = True
        if self._interruption is not None:
            device.stopper.ask()
        do(turn.job)
        if device.leaving is not None:
            turn.leaving = device.leaving
            device.leaving = None
        if device.stopper.has_stopped:
            turn.has_stopped = True
            device.stopper.forget()
        if turn.job.error is not None:
            is_fault = isinstance(turn.job.error, UcError)
            self._failure = capture(device, str(turn.job.error)) if is_fault else turn.job.error
            turn.job.error = None
            self._has_ended = True
        elif device.failure is not None:
            self._failure = device.failure
            device.failure = None
            self._has_ended = True
        elif turn.leaving is not None:
            self._serve(turn, turn.leaving)
        elif turn.has_stopped:
            self._turn = _Turn(device, device.trap_address)
        else:
            self._has_ended = True

    def _serve(self, turn: _Turn, leaving: "Leaving") -> None:
        """Call a function of the host, and prepare to go on. One that has been interrupted has failed."""
        device, function = self._device, leaving.function
        if not turn.is_served:
            turn.is_served, turn.value = True, function.failure
            device.stack = leaving.stack - device.abi.red_zone_bytes & -16
            device.is_executing = False
            turn.value = function.call(*leaving.arguments)
            device.is_executing = True
        device.stack = self._stack
        device.passing.give(turn.value, function.result)
        device.processor.reg_write(device.abi.stack_pointer, leaving.stack_after)
        self._turn = _Turn(device, leaving.address)
