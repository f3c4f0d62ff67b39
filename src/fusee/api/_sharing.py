"""What guests ask of the embedder who share a memory: to wait, to wake others, to make it larger.

A guest has the length of its memory in a register. So a shared memory grows while no guest runs that uses it: all
others pause, which takes a moment, or are in host functions, and read the length when they go on.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fusee.api._waiting import notify, wait
from fusee.api.managed import refuse_closed
from fusee.engine.state.platform import REQUEST_NOTIFY, REQUEST_WAIT

if TYPE_CHECKING:
    from fusee.api.store import Store


def answer(store: "Store", request: int, address: int) -> None:
    """Do what a guest of `store` asks, with words at an address that get the answer."""
    if request == REQUEST_WAIT:
        wait(store, address)
    elif request == REQUEST_NOTIFY:
        notify(store, address)
    else:
        words = (ctypes.c_uint64 * 2).from_address(address)
        memory, delta = words
        words[0] = grow_shared(store._borrowed.get(memory, store), memory, delta)


def grow_shared(owner: "Store", memory: int, delta: int) -> int:
    """Add pages to a shared memory at an address; gives how many there were, or `NOT_GROWN`.

    Raises as any use of a closed object if another thread has ended the owner.
    """
    native: Any = owner._native
    with owner.engine._gate.growth, _paused([owner, *owner._borrowers]):
        if owner._has_ended:
            refuse_closed()
        pages: int = native.grow_memory(memory, delta)
    return pages


@contextmanager
def _paused(stores: "list[Store]") -> Iterator[None]:
    """Take the locks of stores; their guests pause. Whatever a signal handler raises, none is kept."""
    embeddings = [store._embedding for store in sorted(stores, key=id)]
    free = [embedding for embedding in embeddings if not embedding.lock._is_owned()]  # type: ignore[attr-defined]
    try:
        for embedding in free:
            while not embedding.try_take():
                pass
        yield
    finally:
        for embedding in free:
            if embedding.lock._is_owned():  # type: ignore[attr-defined]
                embedding.lock.release()
