"""Native code of a module that earlier runs have left in the cache."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.memory import view
from fusee.native.code import NativeCode
from fusee.native.shelf import Shelf

if TYPE_CHECKING:
    from fusee.api._native import HostNative


def own_functions(module: int) -> range:
    """The indices of the functions that a module defines."""
    state = view(ModuleState, module)
    return range(int(state.imported_func_count), int(state.func_count))


def find_kept(module: int, shelf: Shelf) -> list[NativeCode]:
    """What there is of a module, the oldest first."""
    found, own = [], own_functions(module)
    for key, made in shelf.all():
        if not made.is_of(own):
            continue
        try:
            found.append(made.mapped())
        except OSError:  # the system may let nothing more be executed
            break
        shelf.hold(key, found[-1].functions, found[-1].loops)
    return found


def in_use(found: Sequence[NativeCode], interpreted: frozenset[int]) -> Iterator[tuple[NativeCode, set[int]]]:
    """Which functions each has that are not in newer ones, the newest first. Those that are `interpreted` stay so."""
    done = set(interpreted)
    for code in reversed(found):
        yield code, code.functions.keys() - done
        done |= code.functions.keys() | code.reasons.keys()


def take_kept(
    native: "HostNative", engine: int, module: int, shelf: Shelf, kept: list[object], interpreted: frozenset[int]
) -> list[NativeCode]:  # fmt: skip
    """Have a module's functions run it, of which none has been called; what there is, the oldest first.

    It is put into `kept`, which lives as long as the module. Those that are `interpreted` stay so.
    """
    found = find_kept(module, shelf)
    for code, indices in in_use(found, interpreted):
        kept.append(code)
        for index in indices:
            native.install_native(engine, module, index, *code.functions[index])
    return found
