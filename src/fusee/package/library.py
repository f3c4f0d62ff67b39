"""The device library: a static archive of the engine for one target, its headers, and how large it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import fusee
from fusee.engine.isa.selection import choose, shipped
from fusee.freestanding import GLOBAL_OFFSET_TABLE, expected_of_system, supply
from fusee.kernel.build import emit_objects
from fusee.kernel.cache import Cache, digest, expected
from fusee.kernel.machine import VERSION
from fusee.kernel.target import Target
from fusee.package.archive import checked_archive, write_archive
from fusee.package.natives import NativeModule
from fusee.package.objects import Kind, Object, read_object
from fusee.spec.families import Family, leave_out

Optimize = Literal["speed", "size"]
Progress = Callable[[int, int], None]

ARCHIVE = "libfusee.a"
SIZES = "sizes.json"
PLATFORM = "fusee.platform"  # the object with the default platform
COMPONENTS = "fusee.component"  # the object for components, if there is one
_HEADERS = Path(__file__).with_name("include")
_COMPONENT_HEADER = Path(__file__).with_name("components") / "fusee_component.h"
_HTTP_HEADER = Path(__file__).with_name("components") / "fusee_http.h"
_SOURCES = ("engine", "freestanding", "kernel", "native", "package", "spec")


class UnsupportedTarget(ValueError):
    """A machine that LLVM knows, and no library can be built for."""


@dataclass(frozen=True)
class DeviceLibrary:
    """The engine for a target."""

    archive: bytes
    sizes: dict[str, object]
    has_components: bool = False
    has_http: bool = False

    def write(self, folder: Path) -> None:
        """Write archive, headers, module map and sizes; what else is in the folder stays."""
        (folder / "include").mkdir(parents=True, exist_ok=True)
        (folder / ARCHIVE).write_bytes(self.archive)
        (folder / SIZES).write_text(json.dumps(self.sizes, indent=2) + "\n")
        for header in sorted(_HEADERS.iterdir()):
            (folder / "include" / header.name).write_bytes(header.read_bytes())
        module_map = folder / "include" / "module.modulemap"
        for header in self._more_headers():
            (folder / "include" / header.name).write_bytes(header.read_bytes())
            known = '    header "fusee.h"\n'
            module_map.write_text(module_map.read_text().replace(known, f'{known}    header "{header.name}"\n'))

    def _more_headers(self) -> list[Path]:
        return [_HTTP_HEADER] * self.has_http + [_COMPONENT_HEADER] * self.has_components


def target_of(triple: str) -> Target:
    """The target of a library. Raises `ValueError` for an unknown triple, or one that there are no libraries for."""
    target = Target.parse(triple)
    if target.object_format not in ("macho", "elf"):
        raise UnsupportedTarget(f"{triple}: there are no archives for {target.object_format} objects yet")
    return target


def build_library(
    triple: str,
    optimize: Optimize = "speed",
    progress: Progress | None = None,
    cache: Cache | None = None,
    trees: Path | None = None,
    without: Collection[Family] = (),
    natives: Sequence[NativeModule] = (),
    has_components: bool = False,
    has_http: bool = False,
) -> DeviceLibrary:
    """Compile the engine for a target, or take it from the cache. The same sources always give the same bytes.

    The instruction set is chosen for the target, with the trees of a file if one is given, and lacks the families that
    are left out: modules that need these are refused with that reason. So this must come before anything else needs
    the engine. The modules of `natives`, which must be valid, are run natively where they are loaded. What components
    need is only in it if there are any, and HTTP if they import it. Raises PatternError if the file is no selection.
    """
    target, cache = target_of(triple), cache or Cache()
    selection = shipped(target, for_size=optimize == "size")
    selection = selection if trees is None else selection.tuned(trees)
    more = [COMPONENTS] * has_components + ["http"] * has_http
    parts = (*sorted(without), *(module.key for module in natives), *more)
    key = digest(VERSION, target.triple, optimize, selection.key, *parts, *_own_sources())
    archive = cache.decoded("archives", key, checked_archive)
    sizes = cache.decoded("archives", f"{key}.{SIZES}", _sizes)
    if archive is None or sizes is None:
        choose(selection)
        leave_out([*without, Family.SWITCHES, *([] if natives else [Family.NATIVE])])
        from fusee.package.linked import compile_natives  # by now it is known which instructions the engine has

        added = compile_natives(natives, target, cache)
        objects = _compile(target, optimize, progress, cache, added.objects, has_components, has_http)
        archive, measured = _archived(objects, target)
        text = json.dumps({**measured, "without": sorted(without), "native": added.sizes}).encode()
        cache.write("archives", key, archive)
        cache.write("archives", f"{key}.{SIZES}", text)
        sizes = _sizes(text)
    return DeviceLibrary(archive, sizes, has_components, has_http)


def _sizes(contents: bytes | memoryview) -> dict[str, Any]:
    """What the cache has beside an archive. Raises what Python raises for anything else."""
    return expected(json.loads(bytes(contents)), dict)


def _compile(
    target: Target, optimize: Optimize, progress: Progress | None, cache: Cache, natives: dict[str, bytes],
    has_components: bool, has_http: bool,
) -> dict[str, bytes]:  # fmt: skip
    """All objects: the engine, its default platform, components, native code of modules, and what the system lacks."""
    from fusee.engine.capi.platform.choice import called_of_system, default_platform
    from fusee.engine.program import DEVICE_PROGRAM  # by now it is known which instructions it has

    engine = emit_objects(DEVICE_PROGRAM, target, optimize=optimize, progress=progress, cache=cache)
    (platform,) = emit_objects(default_platform(target), target, optimize="size", cache=cache).values()
    objects = engine | {PLATFORM: platform, **natives}
    if has_components:
        from fusee.engine.capi.component.exports import COMPONENT_PROGRAM, HTTP_PROGRAM

        program = HTTP_PROGRAM if has_http else COMPONENT_PROGRAM
        (objects[COMPONENTS],) = emit_objects(program, target, optimize="size", cache=cache).values()
    return complete(objects, target, called_of_system(target))


def _archived(objects: dict[str, bytes], target: Target) -> tuple[bytes, dict[str, object]]:
    """The archive of some objects, and how large they are."""
    archive = write_archive([(f"{name}.o", data) for name, data in objects.items()], target.object_format)
    return archive, measure({name: read_object(data) for name, data in objects.items()})


def complete(objects: dict[str, bytes], target: Target, also: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """Add what the target's system does not define. `UnsupportedTarget` if something is missing even so.

    `also` are functions that are expected of the system beside those that compiled code always is.
    """
    rest = supply(target, _undefined(objects, target))
    if rest is not None:
        objects = objects | emit_objects(rest, target)
    missing = _undefined(objects, target) - expected_of_system(target) - also
    if missing:
        raise UnsupportedTarget(f"{target.triple}: nothing defines {', '.join(sorted(missing))}")
    return objects


def _undefined(objects: dict[str, bytes], target: Target) -> set[str]:
    """C names that object files mention, and neither one of them nor a linker defines."""
    contents = [read_object(data) for data in objects.values()]
    undefined = {name for item in contents for name in item.undefined}
    undefined -= {GLOBAL_OFFSET_TABLE, *(name for item in contents for name in item.defined)}
    return {name.removeprefix("_") for name in undefined} if target.object_format == "macho" else undefined


def measure(objects: dict[str, Object]) -> dict[str, object]:
    """Bytes of code and constants, of variables, and of each family of functions.

    What could be left out is `optional`: handlers of vectors and of objects, and the functions of WASI. What decodes,
    validates and translates them is not told apart, nor is the little that exceptions take.
    """
    families: dict[str, int] = {}
    for name, contents in objects.items():
        family = re.sub(r"\.\d+$", "", name).removeprefix("fusee.")
        families[family] = families.get(family, 0) + contents.size(Kind.CODE, Kind.CONSTANTS)
    data = sum(contents.size(Kind.DATA) for contents in objects.values())
    optional = {
        family.value: sum(size for name, size in families.items() if name.endswith(family))
        for family in (Family.SIMD, Family.GC, Family.WASI)
    }
    return {"text": sum(families.values()), "data": data, "families": families, "optional": optional}


def _own_sources() -> list[bytes]:
    """Everything that the library is made of."""
    root = Path(fusee.__file__).parent
    files = [file for part in _SOURCES for file in sorted((root / part).rglob("*"))]
    return [file.read_bytes() for file in files if file.is_file() and file.suffix != ".pyc"]
