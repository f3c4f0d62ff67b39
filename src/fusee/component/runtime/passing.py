"""How arguments and results are passed in the slots of a call (CanonicalABI, "Lifting and Lowering Values")."""

from collections.abc import Callable
from typing import Any

from fusee.component.codecs.context import Context
from fusee.component.codecs.formats import LIFTED, LOWERED, MEMORY
from fusee.component.codecs.lift import chunk_lifter
from fusee.component.codecs.lower import row_lowerer
from fusee.component.layout import MOST_FLAT_PARAMS, MOST_FLAT_RESULTS, layout_of
from fusee.component.runtime.instance import MASK, Slots
from fusee.component.types.valtype import POINTER, ValType


def argument_lowerer(cx: Context, params: ValType) -> Callable[[Slots, tuple[Any, ...]], None]:
    """What puts the arguments of a lifted function into its slots."""
    layout = layout_of(params)
    if layout.flat is not None:
        into = row_lowerer(params, LOWERED)
        return lambda slots, args: into(cx, slots, 0, args)
    store = row_lowerer(params, MEMORY)

    def lower(slots: Slots, args: tuple[Any, ...]) -> None:
        slots[0] = pointer = cx.allocate(layout.alignment, layout.size)
        store(cx, cx.current, pointer, args)

    return lower


def result_lifter(cx: Context, result: ValType | None) -> Callable[[Slots], Any] | None:
    """What takes the result of a lifted function from its slots."""
    if result is None:
        return None
    layout = layout_of(result)
    if layout.flat is not None and len(layout.flat) <= MOST_FLAT_RESULTS:
        from_core = chunk_lifter(result, LIFTED)
        return lambda slots: from_core(cx, None, slots)  # no pointers are in one value
    return _loader(cx, result)


def argument_lifter(cx: Context, params: ValType, most: int = MOST_FLAT_PARAMS) -> Callable[[Slots], Any]:
    """What takes the arguments of a lowered function from its slots, of which there are `most` at most, a tuple."""
    layout = layout_of(params)
    if layout.flat is not None and len(layout.flat) <= most:
        from_core, begin = chunk_lifter(params, LIFTED), cx.begin
        if not params._flags & POINTER:
            return lambda slots: from_core(cx, None, slots)
        return lambda slots: from_core(cx, begin(), slots)
    return _loader(cx, params)


def _loader(cx: Context, ty: ValType) -> Callable[[Slots], Any]:
    """What takes a value from memory that the only slot points to."""
    layout, load = layout_of(ty), chunk_lifter(ty, MEMORY)

    def lift(slots: Slots) -> Any:
        pointer = slots[0] & MASK
        cx.area(pointer, layout.size, layout.alignment)
        memory = cx.begin()
        return load(cx, memory, memory[pointer : pointer + layout.size])

    return lift


def result_lowerer(cx: Context, params: list[ValType], result: ValType | None) -> Callable[[Slots, int, Any], None]:
    """What puts the result of a lowered function into its slots, or where a pointer that was passed says."""
    if result is None:
        return _nothing
    layout = layout_of(result)
    if layout.flat is not None and len(layout.flat) <= MOST_FLAT_RESULTS:
        into = row_lowerer(result, LOWERED)
        return lambda slots, pointer, value: into(cx, slots, 0, value)
    store = row_lowerer(result, MEMORY)

    def lower(slots: Slots, pointer: int, value: Any) -> None:
        cx.area(pointer, layout.size, layout.alignment)
        store(cx, cx.current, pointer, value)

    return lower


def _nothing(slots: Slots, pointer: int, value: Any) -> None:
    if value is not None:
        raise TypeError
