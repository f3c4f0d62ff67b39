"""Object files with native code, of a whole module: compiled by other processes, kept on disk."""

import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fusee.kernel.cache import Cache, digest
from fusee.kernel.linker import link
from fusee.kernel.machine import VERSION
from fusee.kernel.objects import NotSupported
from fusee.kernel.processors import processor_count
from fusee.kernel.target import Target
from fusee.native.code import packed
from fusee.native.compile import Compiler, MalformedBytes, Options, Plan, plan
from fusee.native.key import sources_digest
from fusee.native.worker import Job, compiled

_FORMAT = "1"  # of an entry of the cache


@dataclass(frozen=True)
class NativeObjects:
    """What linkers are given."""

    objects: list[bytes]
    types: dict[int, int]  # by the index of a function that has native code: its type, which names its entry
    reasons: dict[int, str]  # why others stay interpreted


def compile_module(binary: bytes, wanted: Collection[int] | None, options: Options) -> NativeObjects | None:
    """Compile a valid module's functions, all that can be if `wanted` is None; None if that leaves none."""
    try:
        the_plan = plan(binary, wanted)
    except MalformedBytes:
        return None
    if not the_plan.units:
        return None
    objects = compile_units(Job(binary, wanted, options), len(the_plan.units))
    missing = [number for number in range(len(the_plan.units)) if number not in objects]
    if missing:
        compiler = Compiler(the_plan, options)
        for number in missing:
            objects[number] = compiler.stand_in(number)
    lost = {index: "compiling takes too long" for number in missing for index in the_plan.units[number]}
    return NativeObjects(
        [objects[number] for number in sorted(objects)], _types(the_plan, lost), {**the_plan.reasons, **lost}
    )


def _types(the_plan: Plan, lost: Collection[int]) -> dict[int, int]:
    return {index: the_plan.module.func_types[index] for index in sorted(the_plan.chosen) if index not in lost}


def linked_module(binary: bytes, wanted: Collection[int] | None, is_metered: bool) -> bytes | None:
    """The same for this process, linked, as `native.code` maps it."""
    options = Options(Target.host(), is_metered=is_metered)
    made = compile_module(binary, wanted, options)
    if made is None:
        return None
    try:
        image = link(made.objects)
    except NotSupported:
        return None
    functions = {index: (options.entry_symbol(type_), options.symbol(index)) for index, type_ in made.types.items()}
    return packed(functions, made.reasons, [], image)


def compile_units(job: Job, count: int) -> dict[int, bytes]:
    """Object files by unit, from as many processes as there are processors."""
    processes = min(processor_count(), count)
    shares = [range(first, count, processes) for first in range(processes)]
    try:
        with ThreadPoolExecutor(processes) as threads:
            found = list(threads.map(lambda share: list(compiled(job, share)), shares))
    except RuntimeError:  # there is no thread to be had
        found = [list(compiled(job, share)) for share in shares]
    return {number: contents for share in found for number, contents in share}


def objects_for_device(
    binary: bytes, options: Options, wanted: Collection[int] | None = None, kept: Cache | None = None
) -> NativeObjects | None:
    """The same for another machine, from the cache if it has been compiled before."""
    kept, chosen = kept or Cache(), None if wanted is None else sorted(wanted)
    names = (options.target.triple, options.prefix, f"{options.polls} {options.is_metered}", json.dumps(chosen))
    key = digest(_FORMAT, VERSION, sources_digest(), binary, *names)
    found = kept.read("native", key)
    if found is not None:
        kept.mark_used("native", key)
        return _unpacked(found)
    made = compile_module(binary, chosen, options)
    if made is not None:
        kept.write("native", key, _packed(made))
    return made


def _packed(made: NativeObjects) -> bytes:
    sizes = [len(contents) for contents in made.objects]
    head = json.dumps({"types": made.types, "reasons": made.reasons, "sizes": sizes}).encode()
    return len(head).to_bytes(8, "little") + head + b"".join(made.objects)


def _unpacked(contents: bytes) -> NativeObjects:
    at = 8 + int.from_bytes(contents[:8], "little")
    head = json.loads(contents[8:at])
    objects = []
    for size in head["sizes"]:
        objects.append(contents[at : at + size])
        at += size
    types, reasons = ({int(index): item for index, item in head[name].items()} for name in ("types", "reasons"))
    return NativeObjects(objects, types, reasons)
