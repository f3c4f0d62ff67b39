"""Copies of elements from one end of a stream or a future to the other, both of guests."""

from collections.abc import Callable
from typing import Final

from fusee.api.errors import LimitError, LinkError
from fusee.component.adapters.call import EXPORT, Copy
from fusee.component.adapters.imports import NEEDED, Imports
from fusee.component.codecs.context import Context
from fusee.component.layout import layout_of
from fusee.component.runtime.corecall import CoreCall
from fusee.component.types.valtype import ValType

MOST_COPIERS: Final = 16
"""To one canonical function: any number of others may give it elements."""

Copier = Callable[[int, int, int], None]
"""Of source, target and how many elements."""


def find_copier(source: Context, target: Context, ours: ValType, theirs: ValType) -> Copier | None:
    """What copies elements between two memories; None if they go through Python.

    The contexts are those of the two canonical functions, the types the elements' at the source and the target.
    """
    if source not in target.copiers:
        if len(target.copiers) == MOST_COPIERS:
            return None
        target.copiers[source] = _make(source, target, ours, theirs)
    return target.copiers[source]


def _make(source: Context, target: Context, ours: ValType, theirs: ValType) -> Copier | None:
    from fusee.component.adapters.places import is_plain

    size = layout_of(ours).size
    if is_plain(ours):

        def copy_bytes(start: int, to: int, count: int) -> None:
            length = count * size
            target.current()[to : to + length] = source.current()[start : start + length]

        return copy_bytes
    store, engine = target.instance.store, target.instance.store.engine
    if engine._features & NEEDED != NEEDED:
        return None
    call = Copy((ours, theirs), (source.encoding, target.encoding), target.realloc is not None)
    made = target.instance.chain[-1].program.adapters.find(engine, call)
    if made is None:
        return None
    written, module = made
    imports = Imports(written, {"source": source, "target": target}, {"element": (source, target)})
    try:
        core = CoreCall(imports.instantiate(store, module)[EXPORT])
    except (LimitError, LinkError):  # the guests run already; `realloc` may have a type as in `link.adapter`
        return None

    def copy(start: int, to: int, count: int) -> None:
        slots = core.buffer()
        slots[0], slots[1], slots[2] = start, start + count * size, to
        core.run(slots)

    return copy
