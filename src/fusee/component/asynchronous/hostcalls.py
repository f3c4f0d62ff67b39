"""Calls between guests and the host that end later: what the host waits for, and what it has been asked for.

Most components await nothing: `asyncio`, half of what a start of them would read, is imported when something is.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fusee.api.errors import Trap
from fusee.component.asynchronous.tasks import NO_RESULT
from fusee.component.codecs.helpers import ErrorCase
from fusee.component.traps import raised_by_host
from fusee.component.values import AsyncValue, Err

if TYPE_CHECKING:
    import asyncio

    from fusee.component.asynchronous.hosttasks import HostTasks
    from fusee.component.runtime.instance import ComponentInstance


class Call:
    """What the host waits for: the result of a function, or of a read."""

    __slots__ = ("_error", "_future", "_value", "cancel", "instance", "is_done")

    def __init__(self, instance: "ComponentInstance | None") -> None:
        self.instance = instance
        self.is_done = False
        self.cancel: Callable[[], object] = _nothing
        self._value: Any = None
        self._error: BaseException | None = None
        self._future: asyncio.Future[None] | None = None

    def resolve(self, value: Any) -> None:
        """It has ended."""
        if not self.is_done:
            self._value = value
            self.cancel = _nothing
            self._end()

    def fail(self, error: BaseException) -> None:
        """It has ended with an error."""
        if not self.is_done:
            self._error = error
            self._end()

    def _end(self) -> None:
        self.is_done = True
        if self._future is not None:
            settle(self._future)

    def result(self) -> Any:
        """What it has given. Raises what it has failed with."""
        if self._error is not None:
            raise self._error
        return None if self._value is NO_RESULT else self._value

    async def wait(self, loop: "asyncio.AbstractEventLoop") -> None:
        """Until it has ended."""
        if not self.is_done:
            self._future = loop.create_future()
            await self._future


def _nothing() -> None:
    """How a call is cancelled that has its result, or cannot be."""


class HostCall:
    """A function of the host's that has given something to be awaited."""

    __slots__ = ("_awaited", "_has_begun", "_host", "_is_cancelled", "_on_resolve", "_takes_errors", "instance",
                 "task")  # fmt: skip

    def __init__(
        self, host: "HostTasks", awaited: Any, on_resolve: Callable[[Any], None], takes_errors: bool,
        instance: "ComponentInstance | None",
    ) -> None:  # fmt: skip
        self._host = host
        self._awaited = awaited
        self._on_resolve = on_resolve
        self._takes_errors = takes_errors
        self._is_cancelled = False
        self._has_begun = False
        self.task: asyncio.Task[None] | None = None
        self.instance = instance

    def start(self, loop: "asyncio.AbstractEventLoop") -> None:
        """Have a loop perform it."""
        self.task = loop.create_task(self._run())

    def cancel(self, caller: object = None) -> None:
        """The guest wants it no more; or the store ends."""
        self._is_cancelled = True
        if self.task is not None and self._has_begun:  # else it sees that when it begins
            in_thread_of(self.task.get_loop(), self.task.cancel)

    async def _run(self) -> None:
        import asyncio

        host = self._host
        self._has_begun = True
        try:
            if self._is_cancelled:
                self._close()
                raise asyncio.CancelledError
            value = await self._awaited
        except Err as error:
            if not self._takes_errors:
                host.fail(self, error)
                return
            value = ErrorCase("err", error.payload)
        except asyncio.CancelledError as error:
            if not self._is_cancelled:
                host.fail(self, error)
                raise
            value = NO_RESULT
        except BaseException as error:
            if isinstance(error, Trap):
                raised_by_host(error)
            host.fail(self, error)
            if not isinstance(error, Exception):
                raise
            return
        host.complete(self, value, self._on_resolve)

    def _close(self) -> None:
        """It is not awaited."""
        if isinstance(self._awaited, Coroutine):
            self._awaited.close()

    def end(self) -> None:
        """Nobody waits for it any more."""
        self._on_resolve = lambda value: None
        if self.task is None:
            self._close()
        else:
            with suppress(RuntimeError):  # the loop is closed
                self.cancel()


def in_thread_of(loop: "asyncio.AbstractEventLoop", act: Callable[..., object], *args: object) -> None:
    """Do something with a loop. If a guest is called in another thread than the loop's, that is told from there.

    Raises `RuntimeError` if the loop is closed.
    """
    import asyncio

    if not loop.is_running() or asyncio._get_running_loop() is loop:
        act(*args)
    else:
        loop.call_soon_threadsafe(act, *args)


def settle(future: "asyncio.Future[None]") -> None:
    """Whoever awaits a future goes on, if nobody has said so yet."""
    in_thread_of(future.get_loop(), _settle, future)


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def is_awaited(value: Any) -> bool:
    """Whether a host function has given something that its result is to be awaited from."""
    return hasattr(value, "__await__") and not isinstance(value, AsyncValue)
