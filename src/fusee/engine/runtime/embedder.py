"""For embedders whose host functions may be cut short without a word.

A Python callback is: an interrupt that arrives before its first instruction ends it, and what
it returns is then left over from some call before. So success is not what it returns but a mark that it leaves.
"""

from fusee.engine.state.runtime import Engine, Store
from fusee.kernel.lang import Fn, Ptr, cast, kernel, struct, table, u32, u64, usize


@struct
class Embedder:
    """What `Store.embedder` points to if `call_embedder` is the platform's `call_host`."""

    call: Fn[[usize, u32, usize, Ptr[u64]], None]
    is_done: u32  # set by `call` as the last thing it does


@kernel
def call_embedder(store: usize, identity: u32, instance: usize, slots: Ptr[u64]) -> u32:
    """`Platform.call_host`: 0 only if the callback has said that it is done."""
    embedder = cast(Embedder, cast(Store, store).embedder)
    embedder.is_done = u32(0)
    embedder.call(store, identity, instance, slots)
    return u32(1) - embedder.is_done


CALL_HOST = table(Fn[[usize, u32, usize, Ptr[u64]], u32], [call_embedder])


@kernel
def install_embedder(engine: Engine) -> None:
    """Have all stores of an engine call `Embedder`s."""
    engine.platform.call_host = CALL_HOST[0]
