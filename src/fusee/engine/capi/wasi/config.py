"""Saying what a WASI program shall see (`fusee_wasi_…` of `fusee.h`)."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.wasi.state import Files, Streams, Strings, Wasi
from fusee.kernel.lang import Ptr, address, cast, copy_bytes, is_null, kernel, maximum, size_of, u8, u32, u64, usize

MOST_BYTES: Final = 0x1000_0000  # of one list of strings
FIRST_BYTES: Final = u64(64)


@kernel(export="fusee_wasi_new")
def new_wasi() -> Wasi:
    return cast(Wasi, new_block(usize(size_of(Wasi))))


@kernel(export="fusee_wasi_delete")
def delete_wasi(wasi: Wasi) -> None:
    if not is_null(wasi):
        delete_block(wasi.arguments.bytes)
        delete_block(wasi.environment.bytes)
        delete_block(wasi.directories.bytes)
        delete_block(cast(Ptr[u8], wasi))


@kernel
def add_string(strings: Strings, text: Ptr[u8], size: usize) -> bool:
    """Append a copy; false if there is no memory."""
    if size > MOST_BYTES:
        return False
    needed = u64(strings.size) + size + 1
    if needed > strings.capacity:
        capacity = maximum(maximum(needed, u64(strings.capacity) * 2), FIRST_BYTES)
        if capacity > MOST_BYTES:
            return False
        larger = new_block(usize(capacity))
        if is_null(larger):
            return False
        if strings.size != 0:
            copy_bytes(larger, strings.bytes, strings.size)
        delete_block(strings.bytes)
        strings.bytes = larger
        strings.capacity = u32(capacity)
    if size != 0:
        copy_bytes(strings.bytes + strings.size, text, size)
    strings.bytes[u32(needed) - 1] = u8(0)
    strings.size = u32(needed)
    strings.count += 1
    return True


@kernel(export="fusee_wasi_add_argument")
def add_argument(wasi: Wasi, text: Ptr[u8], size: usize) -> bool:
    return not is_null(wasi) and add_string(wasi.arguments, text, size)


@kernel(export="fusee_wasi_add_environment")
def add_environment(wasi: Wasi, text: Ptr[u8], size: usize) -> bool:
    return not is_null(wasi) and add_string(wasi.environment, text, size)


@kernel(export="fusee_wasi_add_directory")
def add_directory(wasi: Wasi, text: Ptr[u8], size: usize) -> bool:
    return not is_null(wasi) and add_string(wasi.directories, text, size)


@kernel(export="fusee_wasi_set_streams")
def set_streams(wasi: Wasi, streams: Streams) -> None:
    if not is_null(wasi):
        copy_bytes(cast(Ptr[u8], wasi.streams), cast(Ptr[u8], streams), usize(size_of(Streams)))


@kernel(export="fusee_wasi_set_files")
def set_files(wasi: Wasi, files: Files) -> None:
    if not is_null(wasi):
        copy_bytes(cast(Ptr[u8], wasi.files), cast(Ptr[u8], files), usize(size_of(Files)))


@kernel(export="fusee_store_set_wasi")
def set_wasi(s: StoreObject, wasi: Wasi) -> None:
    """Takes over `wasi`, in the place of what the store had; a function that is working with that goes on with it."""
    if is_null(s):
        delete_wasi(wasi)
        return
    old = cast(Wasi, s.wasi)
    s.wasi = address(wasi)
    if not is_null(wasi):
        wasi.is_replaced = False
    if is_null(old) or address(old) == address(wasi):
        return
    if old.calls != 0:
        old.is_replaced = True
    else:
        delete_wasi(old)


@kernel
def end_call(wasi: Wasi) -> None:
    """A function has done its work; a callback of it may have replaced what it worked with."""
    wasi.calls -= 1
    if wasi.calls == 0 and wasi.is_replaced:
        delete_wasi(wasi)
