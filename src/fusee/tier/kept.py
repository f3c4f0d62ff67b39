"""Native code of a module that earlier runs have left in the cache."""

from typing import TYPE_CHECKING

from fusee.native.code import NativeCode, mapped
from fusee.native.shelf import Shelf

if TYPE_CHECKING:
    from fusee.api._native import HostNative


def take_kept(
    native: "HostNative", engine: int, module: int, shelf: Shelf, kept: list[object], interpreted: frozenset[int]
) -> list[NativeCode]:  # fmt: skip
    """Have a module's functions run it, of which none has been called; what there is, the oldest first.

    It is put into `kept`, which lives as long as the module. Those that are `interpreted` stay so.
    """
    found = []
    for key, made in shelf.all():
        try:
            found.append(mapped(made))
        except OSError:  # the system may let nothing more be executed
            break
        shelf.hold(key, found[-1].functions, found[-1].loops)
    done = set(interpreted)
    for code in reversed(found):  # of what is in two batches, what is newer
        kept.append(code)
        for index in code.functions.keys() - done:
            native.install_native(engine, module, index, *code.functions[index])
        done |= code.functions.keys() | code.reasons.keys()
    return found
