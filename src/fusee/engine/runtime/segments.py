"""Element and data segments at instantiation (spec 4.5.4, steps 20 to 27)."""

from typing import Final

from fusee.engine.arena import fits_pointer
from fusee.engine.errors import Exhausted, Trap, raise_again
from fusee.engine.runtime.bulk import check_segment, write_segment
from fusee.engine.runtime.const import evaluate, evaluate_span
from fusee.engine.runtime.evaluator import Evaluator, close_evaluator, open_evaluator
from fusee.engine.runtime.holdings import BLOCK_PLAIN, Limit, own
from fusee.engine.runtime.memory import memory_at, out_of_range
from fusee.engine.runtime.metering import look
from fusee.engine.runtime.table import before_overwrite, table_at
from fusee.engine.state.module import SEGMENT_ACTIVE, SEGMENT_PASSIVE, DataSegment, ElementSegment
from fusee.engine.state.runtime import SLOT_BYTES, Instance
from fusee.engine.translate.immediate import next_u32
from fusee.kernel.lang import Ptr, cast, caught, kernel, span, u32, u64, usize
from fusee.spec.traps import TrapCode

REFERENCES_EACH: Final = 0x1000  # between two looks at whether the guest shall stop


@kernel
def write_references(e: Evaluator, instance: Instance, segment: ElementSegment, into: Ptr[u64]) -> None:
    """The references that `segment` lists."""
    if segment.count == 0:
        return
    open_evaluator(e, instance, segment.items)
    status = caught(evaluate_items, e, segment, into)
    close_evaluator(e)
    if status != 0:
        raise_again(status)


@kernel
def evaluate_items(e: Evaluator, segment: ElementSegment, into: Ptr[u64]) -> None:
    for i in span(segment.count):
        if segment.is_expressions:
            evaluate(e)
            into[i] = e.value
        else:
            into[i] = e.instance.functions[next_u32(e.reader)]
        if i % REFERENCES_EACH == REFERENCES_EACH - 1:
            look(e.instance.store)


@kernel
def open_segments(e: Evaluator, instance: Instance) -> None:
    """Give the instance its segments; active and declarative element segments are empty for its code."""
    m = instance.module
    for i in span(m.element_count):
        segment = m.elements[i]
        if segment.mode == SEGMENT_PASSIVE:
            size = u64(segment.count) * SLOT_BYTES
            if not fits_pointer(size):
                raise Exhausted(Limit.SYSTEM, 0)
            instance.elements[i].items = own(instance.store, BLOCK_PLAIN, usize(size))
            instance.elements[i].length = segment.count
            write_references(e, instance, segment, cast(Ptr[u64], instance.elements[i].items))
    for i in span(m.data_count):
        instance.datas[i].items = m.source + m.datas[i].bytes.start
        instance.datas[i].length = u64(m.datas[i].bytes.end - m.datas[i].bytes.start)


@kernel
def run_segments(e: Evaluator, instance: Instance) -> None:
    """Write the active segments in order; one out of bounds traps and leaves what was written before it."""
    m = instance.module
    for i in span(m.element_count):
        if m.elements[i].mode == SEGMENT_ACTIVE:
            run_element_segment(e, instance, m.elements[i])
    for i in span(m.data_count):
        if m.datas[i].mode == SEGMENT_ACTIVE:
            run_data_segment(e, instance, m.datas[i], i)


@kernel
def run_element_segment(e: Evaluator, instance: Instance, segment: ElementSegment) -> None:
    table = table_at(instance, segment.table)
    evaluate_span(e, instance, segment.offset)
    to = e.value
    if out_of_range(to, segment.count, table.length):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)
    before_overwrite(table, to, segment.count)
    write_references(e, instance, segment, table.elements + usize(to))


@kernel
def run_data_segment(e: Evaluator, instance: Instance, segment: DataSegment, index: u32) -> None:
    evaluate_span(e, instance, segment.offset)
    to = e.value
    data = instance.datas[index]
    memory = memory_at(instance, segment.memory)
    check_segment(memory, data, to, u64(0), data.length)
    write_segment(instance.store, memory, data, to, u64(0), data.length)
    data.length = u64(0)
