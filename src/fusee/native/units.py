"""Object files with native code, of a whole module: compiled by other processes, kept on disk."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event

from fusee.kernel.cache import Cache, digest, expected
from fusee.kernel.linker import link
from fusee.kernel.machine import VERSION, host_processor
from fusee.kernel.objects import NotSupported, checked_object
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
    objects = compile_units(Job(the_plan, options), len(the_plan.units))
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
    """Object files by unit, from as many processes as there are processors.

    Each is in the cache until all are there: what has been interrupted goes on where it was.
    """
    kept = _Kept(job)
    found = {number: contents for number in range(count) if (contents := kept.read(number)) is not None}
    missing = [number for number in range(count) if number not in found]
    processes = min(processor_count(), len(missing))
    shares = [missing[first::processes] for first in range(processes)]

    is_interrupted = Event()

    def compile_share(numbers: Sequence[int]) -> None:
        for number, contents in compiled(job, [number for number in numbers if number not in found]):
            kept.write(number, contents)
            found[number] = contents
            if is_interrupted.is_set():
                return

    _each(compile_share, shares, is_interrupted)
    kept.delete(range(count))
    return found


def _each(work: Callable[[Sequence[int]], None], shares: Sequence[Sequence[int]], is_interrupted: Event) -> None:
    """Do work in a thread for each share, and tell them to end if this one is interrupted."""
    try:
        with ThreadPoolExecutor(len(shares) or 1) as threads:
            try:
                list(threads.map(work, shares))
            except RuntimeError:
                raise
            except BaseException:  # Ctrl-C, say, or what another signal's handler raises
                is_interrupted.set()
                raise
    except RuntimeError:  # there is no thread to be had
        for share in shares:
            work(share)


class _Kept:
    """The units of a module in the cache."""

    def __init__(self, job: Job) -> None:
        what = (sources_digest(), *host_processor(), job.head(()), job.plan.module.binary)
        self._cache = Cache()
        self._key = digest(_FORMAT, VERSION, *what)
        self._checked = partial(checked_object, job.options.target.object_format)

    def read(self, number: int) -> bytes | None:
        return self._cache.decoded("unit", f"{self._key}.{number}", self._checked)

    def write(self, number: int, contents: bytes) -> None:
        self._cache.write("unit", f"{self._key}.{number}", contents)

    def delete(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._cache.delete("unit", f"{self._key}.{number}")


def objects_for_device(
    binary: bytes, options: Options, wanted: Collection[int] | None = None, kept: Cache | None = None
) -> NativeObjects | None:
    """The same for another machine, from the cache if it has been compiled before."""
    kept, chosen = kept or Cache(), None if wanted is None else sorted(wanted)
    names = (options.target.triple, options.prefix, f"{options.polls} {options.is_metered}", json.dumps(chosen))
    key = digest(_FORMAT, VERSION, sources_digest(), binary, *names)
    found = kept.decoded("native", key, partial(_unpacked, options.target.object_format))
    if found is not None:
        kept.mark_used("native", key)
        return found
    made = compile_module(binary, chosen, options)
    if made is not None:
        kept.write("native", key, _packed(made))
    return made


def _packed(made: NativeObjects) -> bytes:
    sizes = [len(contents) for contents in made.objects]
    head = json.dumps({"types": made.types, "reasons": made.reasons, "sizes": sizes}).encode()
    return len(head).to_bytes(8, "little") + head + b"".join(made.objects)


def _unpacked(object_format: str, contents: memoryview) -> NativeObjects:
    """The inverse of `_packed`. Raises what Python raises for anything else."""
    at = 8 + int.from_bytes(contents[:8], "little")
    head = json.loads(bytes(contents[8:at]))
    objects = []
    for size in head["sizes"]:
        objects.append(checked_object(object_format, contents[at : at + size]))
        at += size
    if at != len(contents):
        raise ValueError("there is not as much as is said")
    types = {int(index): expected(type_, int) for index, type_ in head["types"].items()}
    return NativeObjects(objects, types, {int(index): str(reason) for index, reason in head["reasons"].items()})
