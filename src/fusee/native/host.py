"""Native code for this process: compiled by other processes, linked, kept on disk, mapped."""

import contextlib
from collections.abc import Collection

from fusee.kernel.cache import MISREAD, Cache, digest
from fusee.kernel.runs import native_mark, note_native
from fusee.native.code import Kept, NativeCode, unpacked
from fusee.native.key import functions_key, key_of

_EXPORTED = "exported"


def native_code(
    binary: bytes, wanted: Collection[int] | None = None, is_metered: bool = False
) -> NativeCode | None:  # fmt: skip
    """Native code of a valid module's functions, all that can have it if `wanted` is None; None if there is none.

    It pays with fuel for what it executes if `is_metered` says so. From the cache, if it has been compiled before.
    Nothing is mapped that the cache knows to be damaged. None, too, where the system lets no
    more code be executed, or no file be opened.
    """
    with contextlib.suppress(OSError):
        kept = kept_code(binary, wanted, is_metered)
        return None if kept is None else kept.mapped()
    return None


def kept_code(binary: bytes, wanted: Collection[int] | None = None, is_metered: bool = False) -> Kept | None:
    """The same as the cache keeps it, compiled if need be."""
    key = functions_key(digest(binary), wanted, is_metered)
    kept = Cache()
    found = kept.decoded("native", key, unpacked)
    if found is not None:
        kept.mark_used("native", key)
        if wanted is None and not native_mark(binary):  # whose mark is damaged, or was not used for a month
            note_native(binary)
        return found
    with kept.building(key):
        found = kept.decoded("native", key, unpacked)
        if found is not None:
            return found
        made = build(binary, wanted, is_metered)
        if made is not None and kept.write("native", key, made) and wanted is None:
            note_native(binary)
        return None if made is None else unpacked(made)


def exported_code(binary: bytes, is_metered: bool = False) -> bytes:
    """Native code of all functions that can have it, for another process; empty if there is none."""
    kept = kept_code(binary, None, is_metered)
    return b"" if kept is None else key_of(digest(binary), _EXPORTED, is_metered).encode() + kept.contents


def imported_code(binary: bytes, exported: bytes, is_metered: bool = False) -> NativeCode | None:
    """What was exported; None if that was another module's, or made otherwise, by another version, or for another
    processor. Raises `ValueError` if it is nothing of the kind."""
    key = key_of(digest(binary), _EXPORTED, is_metered).encode()
    if not exported.startswith(key):
        return None
    try:
        kept = unpacked(exported[len(key) :])
    except MISREAD as error:
        raise ValueError("there is no native code behind the module") from error
    return kept.mapped()


def build(binary: bytes, wanted: Collection[int] | None, is_metered: bool = False) -> bytes | None:
    """What the cache keeps, which function is where, and an image; None if there is nothing to compile."""
    from fusee.native.units import linked_module

    return linked_module(binary, wanted, is_metered)
