"""Native code of an app's modules, as it is added to the device library.

Loading this loads the engine's instructions: not before they are chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from fusee.kernel.cache import Cache
from fusee.kernel.target import Target
from fusee.native.choose import candidates, choose
from fusee.native.table import Linked, table_object
from fusee.native.unit import Options
from fusee.native.units import NativeObjects, objects_for_device
from fusee.package.natives import NativeModule
from fusee.package.objects import Kind, read_object

TABLE: Final = "fusee.natives"  # the object with the list of modules, which every library with native code has

_USUAL_FACTOR: Final = 2.0  # bytes of native code for one of WebAssembly
_MORE: Final = 1.02  # a guess that was wrong is corrected by this much at least


@dataclass(frozen=True)
class Natives:
    """What is added to an archive."""

    objects: dict[str, bytes]
    sizes: dict[str, dict[str, object]]  # by module: bytes, of each function, too, and their share of what is executed


def compile_natives(modules: Sequence[NativeModule], target: Target, kept: Cache) -> Natives:
    """Object files of the modules' native code, and of their list. `ValueError` if a module is given twice."""
    if not modules:
        return Natives({}, {})
    objects: dict[str, bytes] = {}
    sizes: dict[str, dict[str, object]] = {}
    linked: list[Linked] = []
    for module in modules:
        if any(module.binary == other.binary for other in linked):
            raise ValueError(f"{module.name}: the same module has been given before")
        prefix = f"fusee.native.{sha256(module.binary).hexdigest()[:16]}"
        looks = module.is_interruptible and not module.is_metered  # else it looks where it pays, or not at all
        options = Options(target, prefix, polls=looks, for_this_process=False, is_metered=module.is_metered)
        code, share = _within_budget(module, options, kept)
        objects |= {f"{prefix}.{number}": contents for number, contents in enumerate(code.objects)}
        if code.types:
            linked.append(Linked(module.binary, options, code))
        sizes[module.name] = {
            "text": _size(code), "functions": _function_sizes(code, options), "share": round(share, 4),
            "failed": code.reasons,  # functions that were chosen, and stay interpreted all the same
        }  # fmt: skip
    return Natives({**objects, TABLE: table_object(linked, target)}, sizes)


def _within_budget(module: NativeModule, options: Options, kept: Cache) -> tuple[NativeObjects, float]:
    """Native code, and its share of what is executed. How long it becomes is known only when it is compiled."""
    found = candidates(module.binary, module.executions)
    factor = _USUAL_FACTOR
    while True:
        chosen = choose(found, module.budget, factor)
        code = objects_for_device(module.binary, options, chosen, kept) or NativeObjects([], {}, {})
        share = sum(candidate.weight for candidate in found if candidate.index in code.types)
        most = module.budget.bytes
        if most is None or _size(code) <= most:
            return code, share
        factor *= max(_size(code) / max(most, 1), _MORE)


def _size(code: NativeObjects) -> int:
    return sum(read_object(contents).size(Kind.CODE, Kind.CONSTANTS) for contents in code.objects)


def _function_sizes(code: NativeObjects, options: Options) -> dict[int, int]:
    """By index. Constants that several functions share are in none."""
    found: dict[str, int] = {}
    for contents in code.objects:
        found |= read_object(contents).function_sizes
    underscore = "_" if options.target.object_format == "macho" else ""
    return {index: found[f"{underscore}{options.symbol(index)}"] for index in sorted(code.types)}
