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


def native_code(binary: bytes, wanted: Collection[int] | None = None) -> NativeCode | None:
    """Native code of a valid module's functions, all that can have it if `wanted` is None; None if there is none.

    From the cache, if it has been compiled before. Nothing is mapped that the cache knows to be damaged.
    """
    chosen = None if wanted is None else sorted(wanted)
    compiler = Path(compiler_version()).read_text()
    key = digest(_FORMAT, sources_digest(), compiler, processor(), binary, json.dumps(chosen))
    kept = Cache()
    found = kept.read("native", key)
    if found is not None:
        kept.mark_used("native", key)
        return mapped(found)
    with kept.building(key):
        found = kept.read("native", key)
        if found is None:
            found = build(binary, chosen)
            if found is None:
                return None
            kept.write("native", key, found)
    return mapped(found)


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
