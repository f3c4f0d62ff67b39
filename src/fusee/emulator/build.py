"""The engine's program as objects for a device, from the cache if nothing has changed."""

import marshal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fusee.emulator.objects import undefined_in
from fusee.freestanding import supply
from fusee.kernel.cache import Cache, expected
from fusee.kernel.calling import Entry, check_fields
from fusee.kernel.compile import Compilation, Options, Program, Progress
from fusee.kernel.library import built_key
from fusee.kernel.objects import checked_object
from fusee.kernel.sources import checked_notes, read_now, source_notes, unchanged
from fusee.kernel.target import Target


@dataclass(frozen=True)
class DeviceProgram:
    """Objects by the name of the part that they hold, and how the entries are called."""

    target: Target
    objects: dict[str, bytes]
    entries: dict[str, Entry]


def build_for_device(
    name: str, define: Callable[[], Program], target: Target, progress: Progress | None = None
) -> DeviceProgram:
    """Compile a program for another machine, as it is shipped, with debug information.

    `name` must say which program of this installation it is; it is defined only if it is not in the cache.
    """
    cache = Cache()
    key = built_key(target, False, "device", name, str(Path(__file__).parent))
    with cache.building(key, progress) as tell:
        return _read(cache, key, target) or _compile(cache, key, define(), target, tell)


def _read(cache: Cache, key: str, target: Target) -> DeviceProgram | None:
    record = cache.decoded("programs", key, _record)
    if record is None or not unchanged(record["sources"]):
        return None
    objects = {}
    for part, place in record["objects"].items():
        found = cache.decoded("objects", place, partial(checked_object, target.object_format))
        if found is None:
            return None
        cache.mark_used("objects", place)
        objects[part] = found
    cache.mark_used("programs", key)
    return DeviceProgram(target, objects, {name: Entry(*fields) for name, fields in record["entries"].items()})


def _record(contents: memoryview) -> dict[str, Any]:
    """What is known of a program; raises for what is nothing of the kind."""
    record: dict[str, Any] = marshal.loads(contents)
    checked_notes(record["sources"])
    for name, place in record["objects"].items():
        expected(name, str)
        expected(place, str)
    for name, fields in record["entries"].items():
        expected(name, str)
        check_fields(fields)
    return record


def _compile(cache: Cache, key: str, program: Program, target: Target, progress: Progress | None) -> DeviceProgram:
    options = Options(target, for_this_process=False, debug=True)
    read_now(kernel.module for kernel in program.entries)
    compilation = Compilation(program, options)
    made = compilation.objects(cache, progress)
    entries = compilation.entry_table()
    modules = compilation.modules
    rest = supply(target, undefined_in({part: contents for part, (_, contents) in made.items()}))
    if rest is not None:
        helpers = Compilation(rest, options)
        made |= helpers.objects(cache, None)
        modules |= helpers.modules
    record = {
        "sources": source_notes(modules),
        "objects": {part: place for part, (place, _) in made.items()},
        "entries": {symbol: entry.fields for symbol, entry in entries.items()},
    }
    cache.write("programs", key, marshal.dumps(record))
    return DeviceProgram(target, {part: contents for part, (_, contents) in made.items()}, entries)
