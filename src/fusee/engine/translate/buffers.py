"""The translator's buffers, which are kept from function to function."""

from typing import Final

from fusee.engine.arena import Buffer, grow_buffer, new_memory, release_buffer
from fusee.engine.state.runtime import Engine
from fusee.engine.translate.state import INS_CAPACITY, Ins, Translator
from fusee.kernel.lang import Ptr, Static, address, cast, is_null, kernel, offset_of, size_of, u8, u64, unroll, usize

KEPT_BYTES: Final = u64(1 << 20)  # buffers up to this size stay for the next function
BUFFERS: Final = (
    "homes", "locals", "used", "runs", "stack", "values", "owners", "frames", "moves", "code", "fixups", "steps",
    "loops", "heads", "clauses", "tries", "charges",
)  # fmt: skip


@kernel
def release_translator(engine: Engine) -> None:
    """Free the buffers that the translator keeps."""
    if engine.translator != 0:
        t = cast(Translator, engine.translator)
        shrink(t, u64(0))
        release_buffer(t.ins_buffer)
        t.platform.release(cast(Ptr[u8], t))
        engine.translator = usize(0)


@kernel
def translator_of(engine: Engine) -> Translator:
    """The engine's translator, made when it is first needed."""
    if engine.translator == 0:
        t = cast(Translator, new_memory(engine.platform, u64(size_of(Translator))))
        t.platform = engine.platform
        t.handlers = engine.handlers
        t.ins_buffer.platform = engine.platform
        for buffer in unroll(BUFFERS):
            buffer_of(t, buffer).platform = engine.platform
        engine.translator = address(t)
    found = cast(Translator, engine.translator)
    found.is_profiled = engine.is_profiled
    found.is_relaxed = engine.is_relaxed
    if is_null(found.ins):
        found.ins = cast(Ptr[Ins], sized(found.ins_buffer, u64(INS_CAPACITY * size_of(Ins))))
    return found


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
