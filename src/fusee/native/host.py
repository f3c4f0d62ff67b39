"""Native code for this process: compiled by other processes, linked, kept on disk, mapped."""

import hashlib
import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fusee
from fusee.kernel.cache import Cache, digest
from fusee.kernel.host import compiler_version, processor
from fusee.kernel.image import Image, MappedImage
from fusee.kernel.linker import link
from fusee.kernel.objects import NotSupported
from fusee.kernel.parallel import processor_count
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, MalformedBytes, Options, Plan, plan
from fusee.native.worker import Job, compiled

_FORMAT = "1"  # of an entry of the cache
_PARTS = ("native", "engine", "kernel", "spec")  # what code depends on


@dataclass(frozen=True)
class NativeCode:
    """Native code in this process, as long as this lives."""

    functions: dict[int, tuple[int, int]]  # by index: the addresses of the entry for its type, and of its code
    reasons: dict[int, str]  # why others stay interpreted
    image: object


def native_code(binary: bytes, wanted: Collection[int] | None = None) -> NativeCode | None:
    """Native code of a valid module's functions, all that can have it if `wanted` is None; None if there is none.

    From the cache, if it has been compiled before. Nothing is mapped that the cache knows to be damaged.
    """
    chosen = None if wanted is None else sorted(wanted)
    key = digest(_FORMAT, _sources(), str(compiler_version().read_text()), processor(), binary, json.dumps(chosen))
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


@cache
def _sources() -> str:
    """What the code depends on beside the module: the engine's meanings and layouts, and the compiler."""
    known = hashlib.sha256()
    folder = Path(fusee.__file__).parent
    for part in _PARTS:
        for path in sorted((folder / part).rglob("*.py")):
            known.update(path.read_bytes())
    return known.hexdigest()


def build(binary: bytes, wanted: list[int] | None) -> bytes | None:
    """What the cache keeps, which function is where, and an image; None if there is nothing to compile."""
    try:
        the_plan = plan(binary, wanted)
    except MalformedBytes:
        return None
    if not the_plan.units:
        return None
    objects = compile_units((binary, wanted, ""), len(the_plan.units))
    missing = [number for number in range(len(the_plan.units)) if number not in objects]
    if missing:
        compiler = Compiler(the_plan, Options(Target.host()))
        for number in missing:
            objects[number] = compiler.stand_in(number)
    try:
        image = link(objects[number] for number in sorted(objects))
    except NotSupported:
        return None
    lost = {index: "compiling takes too long" for number in missing for index in the_plan.units[number]}
    head = json.dumps({"functions": _places(the_plan, lost), "reasons": {**the_plan.reasons, **lost}}).encode()
    return len(head).to_bytes(8, "little") + head + image.to_bytes()


def _places(the_plan: Plan, lost: Collection[int]) -> dict[int, int]:
    """By function: its type, which names its entry."""
    return {index: the_plan.module.func_types[index] for index in sorted(the_plan.chosen) if index not in lost}


def compile_units(job: Job, count: int) -> dict[int, bytes]:
    """Object files by unit, from as many processes as there are processors."""
    processes = min(processor_count(), count)
    shares = [range(first, count, processes) for first in range(processes)]
    with ThreadPoolExecutor(processes) as threads:
        found = threads.map(lambda share: list(compiled(job, share)), shares)
        return {number: contents for share in found for number, contents in share}


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
