"""Locks before which a store is closed."""

import threading
from _thread import RLock
from collections.abc import Callable
from typing import Any

from fusee import Store


class Closing:
    """A lock that is granted to nobody before another thread has closed the store."""

    def __init__(self, lock: RLock, close: Callable[[], None]) -> None:
        self._lock = lock
        self._close = close

    def acquire(self) -> bool:
        thread = threading.Thread(target=self._close)
        thread.start()
        thread.join()
        return self._lock.acquire()

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *exception: object) -> None:
        self.release()


def close_before(store: Store, owner: Any, name: str) -> None:
    """The lock that is an owner's attribute of that name is granted after the store was closed, once."""
    lock = getattr(owner, name)

    def close() -> None:
        setattr(owner, name, lock)
        store.close()

    setattr(owner, name, Closing(lock, close))
