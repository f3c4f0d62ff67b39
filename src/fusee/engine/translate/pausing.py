"""Translating for a guest that may have to stop or pause: it is looked for that, after every few kilobytes of work."""

from typing import Final

from fusee.engine.arena import Buffer, grow_buffer, larger_bytes, new_memory
from fusee.engine.errors import raise_again
from fusee.engine.runtime.metering import CHUNK_BYTES, look
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, caught, copy_bytes, is_null, kernel, minimum, u8, u64, usize

SOURCE_BYTES: Final = 0x1000  # of WebAssembly between two looks: some hundred microseconds
CODE_BYTES: Final = 0x1_0000  # of cells


@kernel(cold=True)
def look_around(t: Translator) -> None:
    """Stop the guest if it shall, or let it pause: others may translate meanwhile, also for the same store."""
    t.look_source = t.reader.position + SOURCE_BYTES
    t.look_code = t.code_bytes + CODE_BYTES
    world = t.world
    if not is_null(world):  # else nobody executes what is translated
        look(world)


@kernel
def copy_looking(t: Translator, to: Ptr[u8], origin: Ptr[u8], size: u64) -> None:
    """Copy what may be large."""
    done = u64(0)
    while done < size:
        part = minimum(size - done, CHUNK_BYTES)
        copy_bytes(to + usize(done), origin + usize(done), usize(part))
        done += part
        if done < size:
            look_around(t)


@kernel(cold=True)
def grow_large(t: Translator, buffer: Buffer, needed_bytes: u64) -> None:
    """As `grow_buffer`, for those of the translator's buffers that become large."""
    if buffer.capacity_bytes <= CHUNK_BYTES:
        grow_buffer(buffer, needed_bytes)
        return
    size = larger_bytes(buffer, needed_bytes)
    larger = new_memory(buffer.platform, size)
    status = caught(copy_looking, t, larger, buffer.data, buffer.capacity_bytes)
    if status != 0:
        buffer.platform.release(larger)
        raise_again(status)
    buffer.platform.release(buffer.data)
    buffer.data = larger
    buffer.capacity_bytes = size
