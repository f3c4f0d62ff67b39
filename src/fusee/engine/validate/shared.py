"""Function bodies validated by several threads, each of which takes a piece after the other.

They find what one alone finds. Pieces are taken in the module's order, and after an error no more: so whatever is
before the first error has been taken by then, and of several errors the first one counts. A thread may come to help
at any time, also when all is over, or never: who validates the module waits only for those that have begun.
"""

from typing import Final

from fusee.engine.errors import raise_again
from fusee.engine.locks import LOOKS, lock, unlock
from fusee.engine.state.module import Module
from fusee.engine.state.sharing import Sharing
from fusee.engine.validate.function import validate_bodies
from fusee.engine.validate.module import copy_validator, new_validator, release_validator, validate_entries
from fusee.engine.validate.state import Validator
from fusee.kernel.lang import (
    Order,
    address,
    atomic_compare_exchange,
    atomic_load,
    atomic_or,
    atomic_store,
    atomic_sub,
    cast,
    caught,
    is_null,
    kernel,
    span,
    u32,
    u64,
)  # fmt: skip

PIECE_BYTES: Final = 0x4000  # of code, at least: some 30 us
EARLY_LOOKS: Final = u32(50_000)  # of who comes early, before it gives up

OPEN: Final = u32(1)  # of `Sharing.state`: there is something to be done
CLOSED: Final = 2  # nobody may begin any more
HELPER: Final = 4  # for each thread that helps


@kernel
def code_bytes(m: Module) -> u32:
    """How long the code of a decoded module is."""
    count = m.func_count - m.imported_func_count
    return u32(0) if count == 0 else m.bodies[count - 1].code.end - m.bodies[0].locals.start


@kernel
def validate_shared(m: Module, sharing: Sharing) -> None:
    """As `validate_module`, together with the threads that call `help_to_validate` meanwhile."""
    v = new_validator(m)
    status = caught(validate_entries, v)
    if status == 0:
        sharing.validator = address(v)
        atomic_store(sharing.state, OPEN, Order.RELEASE)
        validate_pieces(v, sharing)
    close_sharing(v, sharing)
    release_validator(v)
    raise_again(status if status != 0 else sharing.status)


@kernel
def help_to_validate(sharing: Sharing) -> None:
    """Take pieces as long as there are any. Without memory for it this does nothing."""
    if not enter_sharing(sharing):
        return
    v = copy_validator(cast(Validator, sharing.validator))
    if not is_null(v):
        validate_pieces(v, sharing)
        release_validator(v)
    atomic_sub(sharing.state, HELPER, Order.RELEASE)


@kernel
def enter_sharing(sharing: Sharing) -> bool:
    """Whether this thread may help; who validates the module waits for it then."""
    for _ in span(EARLY_LOOKS):
        state = atomic_load(sharing.state, Order.RELAXED)
        if state & CLOSED != 0:
            return False
        if state != 0 and atomic_compare_exchange(sharing.state, state, state + HELPER, Order.ACQUIRE) == state:
            return True
    return False


@kernel
def close_sharing(v: Validator, sharing: Sharing) -> None:
    """Let nobody begin any more, and wait for those that have."""
    platform = v.scratch.platform
    state = atomic_or(sharing.state, CLOSED, Order.ACQUIRE)
    looks = u32(0)
    while state >= HELPER:
        looks += 1
        if looks >= LOOKS and address(platform.give_way) != 0:
            platform.give_way()
        state = atomic_load(sharing.state, Order.ACQUIRE)


@kernel
def validate_pieces(v: Validator, sharing: Sharing) -> None:
    """Take pieces until there are no more, or one of them is wrong."""
    m = v.module
    count = m.func_count - m.imported_func_count
    while True:
        start = atomic_load(sharing.next, Order.RELAXED)
        if start >= count:
            return
        end = piece_end(m, start, count)
        if atomic_compare_exchange(sharing.next, start, end, Order.RELAXED) == start:
            status = caught(validate_bodies, v, start, end)
            if status != 0:
                note_error(v, sharing, start, status)
                atomic_store(sharing.next, count, Order.RELAXED)
                return


@kernel
def piece_end(m: Module, start: u32, count: u32) -> u32:
    """Behind the last body of a piece."""
    end = start + 1
    while end < count and m.bodies[end].locals.start - m.bodies[start].locals.start < PIECE_BYTES:
        end += 1
    return end


@kernel(cold=True)
def note_error(v: Validator, sharing: Sharing, start: u32, status: u64) -> None:
    lock(sharing.lock, v.scratch.platform)
    if sharing.wrong == 0 or start < sharing.wrong:
        sharing.wrong = start + 1
        sharing.status = status
    unlock(sharing.lock)
