"""The translator's buffers, which are kept from function to function."""

from typing import Final

from fusee.engine.arena import Buffer, grow_buffer, new_memory, release_buffer
from fusee.engine.errors import raise_again
from fusee.engine.state.runtime import Engine
from fusee.engine.translate.records import Ins
from fusee.engine.translate.state import INS_CAPACITY, Translator
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
    address,
    atomic_exchange,
    cast,
    caught,
    is_null,
    kernel,
    offset_of,
    size_of,
    u8,
    u64,
    unroll,
)

KEPT_BYTES: Final = u64(1 << 20)  # buffers up to this size stay for the next function
BUFFERS: Final = (
    "homes", "locals", "used", "runs", "stack", "values", "owners", "frames", "moves", "code", "fixups", "steps",
    "loops", "heads", "clauses", "tries", "charges", "payments",
)  # fmt: skip


@kernel
def release_translator(engine: Engine) -> None:
    """Free the translator that is kept."""
    kept = atomic_exchange(engine.translator, 0, Order.ACQUIRE)
    if kept != 0:
        end_translator(cast(Translator, kept))


@kernel
def end_translator(t: Translator) -> None:
    shrink(t, u64(0))
    release_buffer(t.ins_buffer)
    t.platform.release(cast(Ptr[u8], t))


@kernel
def keep_translator(engine: Engine, t: Translator) -> None:
    """It is used no longer: the next who translates takes it. Of several the engine keeps the last."""
    other = atomic_exchange(engine.translator, address(t), Order.ACQ_REL)
    if other != 0:
        end_translator(cast(Translator, other))


@kernel
def take_translator(engine: Engine) -> Translator:
    """A translator for this thread alone, until `keep_translator`: the one that the engine keeps, or a new one."""
    found = cast(Translator, atomic_exchange(engine.translator, 0, Order.ACQUIRE))
    if is_null(found):
        found = new_translator(engine)
    found.first_call = engine.cells.first_call
    found.is_timed = engine.is_timed
    found.is_profiled = engine.is_profiled
    found.is_relaxed = engine.is_relaxed
    if is_null(found.ins):
        status = caught(open_ins, found)
        if status != 0:
            end_translator(found)
            raise_again(status)
    return found


@kernel
def open_ins(t: Translator) -> None:
    """Room for the instructions that wait to be encoded."""
    t.ins = cast(Ptr[Ins], sized(t.ins_buffer, u64(INS_CAPACITY * size_of(Ins))))


@kernel
def new_translator(engine: Engine) -> Translator:
    """One without any buffers yet."""
    t = cast(Translator, new_memory(engine.platform, u64(size_of(Translator))))
    t.platform = engine.platform
    t.handlers = engine.handlers
    t.ins_buffer.platform = engine.platform
    for buffer in unroll(BUFFERS):
        buffer_of(t, buffer).platform = engine.platform
    return t


@kernel(inline=True)
def buffer_of(t: Translator, name: Static[str]) -> Buffer:
    """The buffer of a name in `BUFFERS`."""
    return cast(Buffer, cast(Ptr[u8], t) + offset_of(Translator, name + "_buffer"))


@kernel
def sized(buffer: Buffer, needed_bytes: u64) -> Ptr[u8]:
    """The buffer's memory, made large enough."""
    if buffer.capacity_bytes < needed_bytes or is_null(buffer.data):
        grow_buffer(buffer, needed_bytes)
    return buffer.data


@kernel
def shrink(t: Translator, limit_bytes: u64) -> None:
    """Give back buffers that an unusually large function has blown up."""
    for buffer in unroll(BUFFERS):
        if buffer_of(t, buffer).capacity_bytes > limit_bytes:
            release_buffer(buffer_of(t, buffer))
