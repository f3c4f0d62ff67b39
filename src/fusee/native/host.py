"""Native code for this process: compiled by other processes, linked, kept on disk, mapped."""

import json
from collections.abc import Collection
from pathlib import Path

from fusee.kernel.cache import Cache, digest
from fusee.kernel.host import compiler_version, processor
from fusee.kernel.image import Image, MappedImage
from fusee.kernel.linker import link
from fusee.kernel.objects import NotSupported
from fusee.kernel.target import Target
from fusee.native.unit import Options
from fusee.native.units import NativeCode, compile_module, sources_digest

_FORMAT = "1"  # of an entry of the cache
_EXPORTED = "exported"


def native_code(binary: bytes, wanted: Collection[int] | None = None) -> NativeCode | None:
    """Native code of a valid module's functions, all that can have it if `wanted` is None; None if there is none.

    From the cache, if it has been compiled before. Nothing is mapped that the cache knows to be damaged.
    """
    kept = kept_code(binary, wanted)
    return None if kept is None else mapped(kept)


def kept_code(binary: bytes, wanted: Collection[int] | None = None) -> bytes | None:
    """The same as the cache keeps it, compiled if need be."""
    chosen = None if wanted is None else sorted(wanted)
    key = key_of(binary, json.dumps(chosen))
    kept = Cache()
    found = kept.read("native", key)
    if found is not None:
        kept.mark_used("native", key)
        return found
    with kept.building(key):
        found = kept.read("native", key)
        if found is None:
            found = build(binary, chosen)
            if found is not None:
                kept.write("native", key, found)
        return found


def key_of(binary: bytes, what: str) -> str:
    """What names native code of a module, made here: of which functions says `what`."""
    compiler = Path(compiler_version()).read_text()
    return digest(_FORMAT, sources_digest(), compiler, processor(), binary, what)


def exported_code(binary: bytes) -> bytes:
    """Native code of all functions that can have it, for another process; empty if there is none."""
    kept = kept_code(binary)
    return b"" if kept is None else key_of(binary, _EXPORTED).encode() + kept


def imported_code(binary: bytes, exported: bytes) -> NativeCode | None:
    """What was exported; None if that was another module's, or made by another version or for another processor."""
    key = key_of(binary, _EXPORTED).encode()
    return mapped(exported[len(key) :]) if exported.startswith(key) else None


def build(binary: bytes, wanted: Collection[int] | None) -> bytes | None:
    """What the cache keeps, which function is where, and an image; None if there is nothing to compile."""
    made = compile_module(binary, wanted, Options(Target.host()))
    if made is None:
        return None
    try:
        image = link(made.objects)
    except NotSupported:
        return None
    head = json.dumps({"functions": made.types, "reasons": made.reasons}).encode()
    return len(head).to_bytes(8, "little") + head + image.to_bytes()


def mapped(kept: bytes) -> NativeCode:
    """Map what the cache keeps."""
    size = int.from_bytes(kept[:8], "little")
    head = json.loads(kept[8 : 8 + size])
    options = Options(Target.host())
    image = MappedImage(Image.from_bytes(kept[8 + size :]))
    functions = {
        int(index): (image.address(options.entry_symbol(type_)), image.address(options.symbol(int(index))))
        for index, type_ in head["functions"].items()
    }
    return NativeCode(functions, {int(index): reason for index, reason in head["reasons"].items()}, image)
