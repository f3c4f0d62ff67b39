"""What tasks of asynchronous components wait for (CanonicalABI, "Waitable State", "Subtask State")."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap
from fusee.component.runtime.handles import Entry, Scope
from fusee.component.values import ErrorContextValue

if TYPE_CHECKING:
    from fusee.component.asynchronous.tasks import Tasks
    from fusee.component.asynchronous.threads import Thread
    from fusee.component.runtime.instance import ComponentInstance

# Codes of events.
NONE: Final = 0
SUBTASK: Final = 1
STREAM_READ: Final = 2
STREAM_WRITE: Final = 3
FUTURE_READ: Final = 4
FUTURE_WRITE: Final = 5
TASK_CANCELLED: Final = 6

# States of subtasks.
STARTING: Final = 0
STARTED: Final = 1
RETURNED: Final = 2
CANCELLED_BEFORE_STARTED: Final = 3
CANCELLED_BEFORE_RETURNED: Final = 4

BLOCKED: Final = 0xFFFF_FFFF

Event = tuple[int, int, int]
"""Code, index, payload."""
NO_EVENT: Final[Event] = (NONE, 0, 0)
CANCELLED: Final[Event] = (TASK_CANCELLED, 0, 0)


class ErrorContextEntry(Entry):
    """An error context."""

    __slots__ = ("value",)

    def __init__(self, value: ErrorContextValue) -> None:
        super().__init__()
        self.value = value


class Waitable(Entry):
    """What has an event from time to time, and may be in a set."""

    __slots__ = ("event", "has_sync_waiter", "set")

    def __init__(self) -> None:
        super().__init__()
        self.event: Callable[[], Event] | None = None
        """Makes the event that is pending, when somebody takes it."""
        self.set: WaitableSet | None = None
        self.has_sync_waiter = False

    def notify(self, event: Callable[[], Event]) -> None:
        """An event is pending: it takes the place of the one that was."""
        self.event = event
        if self.set is not None:
            self.set.pending[self] = None

    def has_event(self) -> bool:
        """Whether one is pending."""
        return self.event is not None

    def take_event(self) -> Event:
        """The event that is pending."""
        event, self.event = self.event, None
        if self.set is not None:
            self.set.pending.pop(self, None)
        assert event is not None
        return event()

    def wait(self, tasks: "Tasks", slots: Any) -> "Thread | None":
        """The guest waits in place until an event is pending, and gets what that says: `Thread.wait_until`."""

        def finish(is_cancelled: bool) -> int:
            self.has_sync_waiter = False
            return self.take_event()[2]

        thread = tasks.thread()
        self.has_sync_waiter = True
        return thread.wait_until(slots, self.has_event, False, finish)

    def join(self, joined: "WaitableSet | None") -> None:
        """Go into a set, or into none."""
        if self.set is not None:
            self.set.count -= 1
            self.set.pending.pop(self, None)
        self.set = joined
        if joined is not None:
            joined.count += 1
            if self.event is not None:
                joined.pending[self] = None

    def end(self) -> None:
        """It is dropped."""
        self.join(None)


class WaitableSet(Entry):
    """Waitables: whoever waits for a set waits for an event of any of them."""

    __slots__ = ("count", "pending", "waiting")

    def __init__(self) -> None:
        super().__init__()
        self.pending: dict[Waitable, None] = {}
        """Members with an event, the oldest first."""
        self.count = 0
        self.waiting = 0

    def take_event(self) -> Event:
        """The oldest event."""
        return next(iter(self.pending)).take_event()

    def end(self) -> None:
        """It is dropped. Raises `Trap`."""
        if self.count:
            raise Trap("cannot drop waitable set with waitables in it")
        if self.waiting:
            raise Trap("cannot drop waitable set while somebody waits for it")


OnCancel = Callable[["ComponentInstance | None"], None]


class Subtask(Waitable):
    """A call, as the caller has it."""

    __slots__ = ("index", "is_cancelling", "is_delivered", "on_cancel", "result", "scope", "state")

    def __init__(self) -> None:
        super().__init__()
        self.state = STARTING
        self.on_cancel: OnCancel | None = None
        self.scope = Scope()
        """What is lent to it."""
        self.is_cancelling = False
        self.is_delivered = False
        """Whether the caller knows that it has ended."""
        self.index = 0
        self.result = 0
        """The core value that it has given, if the caller waits for that."""

    def is_resolved(self) -> bool:
        """Whether it has returned or was cancelled."""
        return self.state >= RETURNED

    def resolve(self, is_cancelled: bool) -> None:
        """It has returned, or was cancelled."""
        self.on_cancel = None
        if is_cancelled:
            is_early = self.state == STARTING
            self.state = CANCELLED_BEFORE_STARTED if is_early else CANCELLED_BEFORE_RETURNED
        else:
            self.state = RETURNED

    def deliver(self) -> None:
        """The caller learns that it has ended: what was lent is returned."""
        self.is_delivered = True
        self.scope.end()

    def progress(self) -> None:
        """It has begun, or has ended: an event, if the caller has it in its table."""
        if self.index:
            self.notify(self._event)

    def _event(self) -> Event:
        if self.is_resolved():
            self.deliver()
        return SUBTASK, self.index, self.state

    def end(self) -> None:
        """It is dropped. Raises `Trap` if it has not ended."""
        if not self.is_delivered:
            raise Trap("cannot drop a subtask which has not yet resolved")
        super().end()
