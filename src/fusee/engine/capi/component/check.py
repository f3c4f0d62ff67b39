"""Whether everything in a component's tables is in range: what reads them later does not look again."""

from typing import Final

from fusee.engine.capi.component.access import (
    argument,
    export_row,
    file_row,
    function_row,
    header,
    import_row,
    link_row,
    module_row,
    parent_of,
    resource_row,
    step_row,
    turn_row,
)
from fusee.engine.capi.component.check_types import check_function, check_type
from fusee.engine.capi.component.errors import demand
from fusee.engine.capi.component.format import (
    MAGIC,
    MOST_PARTS,
    NONE,
    Encoding,
    ExportRow,
    Form,
    FunctionRow,
    Header,
    ImportRow,
    LinkRow,
    ModuleRow,
    Name,
    Owner,
    PartRow,
    ResourceRow,
    Step,
    StepRow,
    Table,
    TaskFunction,
    Text,
    TurnRow,
    TypeRow,
)
from fusee.engine.capi.component.state import Component
from fusee.kernel.lang import Ptr, cast, kernel, load, offset_of, size_of, span, stack_array, struct, u8, u32, u64

HEADER_BYTES: Final = size_of(Header)


@struct
class Counts:
    """What a step may refer to."""

    items: u32
    instances: u32


@kernel
def check_start(data: Ptr[u8], size: u64) -> u32:
    """How many bytes are tables and names, of a file that need not be aligned."""
    demand(size >= HEADER_BYTES)
    demand(load(u32, data) == MAGIC and u64(load(u32, data + offset_of(Header, "size"))) == size)
    kept = load(u32, data + offset_of(Header, "kept"))
    demand(kept >= HEADER_BYTES and u64(kept) <= size)
    return kept


@kernel
def check_tables(c: Component) -> None:
    """The whole of it."""
    head = header(c)
    check_table(c, head.types, u32(size_of(TypeRow)))
    check_table(c, head.parts, u32(size_of(PartRow)))
    check_table(c, head.functions, u32(size_of(FunctionRow)))
    check_table(c, head.steps, u32(size_of(StepRow)))
    check_table(c, head.arguments, u32(4))
    check_table(c, head.imports, u32(size_of(ImportRow)))
    check_table(c, head.exports, u32(size_of(ExportRow)))
    check_table(c, head.resources, u32(size_of(ResourceRow)))
    check_table(c, head.modules, u32(size_of(ModuleRow)))
    check_table(c, head.files, u32(size_of(ModuleRow)))
    check_table(c, head.links, u32(size_of(LinkRow)))
    check_table(c, head.parents, u32(4))
    check_table(c, head.turns, u32(size_of(TurnRow)))
    for i in span(head.types.count):
        check_type(c, i)
    for i in span(head.functions.count):
        check_function(c, function_row(c, i))
    check_named(c)
    check_steps(c)


@kernel
def check_table(c: Component, rows: Table, width: u32) -> None:
    demand(rows.start & 3 == 0 and rows.start >= HEADER_BYTES)
    demand(u64(rows.start) + u64(rows.count) * u64(width) <= u64(header(c).kept))


# Names, and what has them.


@kernel
def check_text(c: Component, text: Text) -> None:
    demand(u64(text.start) + u64(text.size) <= u64(header(c).kept))


@kernel
def check_name(c: Component, name: Name) -> None:
    check_text(c, name.interface)
    check_text(c, name.name)
    demand(name.track <= name.interface.size)


@kernel
def check_named(c: Component) -> None:
    head = header(c)
    for i in span(head.imports.count):
        check_name(c, import_row(c, i).name)
        demand(import_row(c, i).function < head.functions.count)
    for i in span(head.resources.count):
        check_name(c, resource_row(c, i).name)
    for i in span(head.exports.count):
        check_name(c, export_row(c, i).name)
        demand(export_row(c, i).function < head.functions.count)
    for i in span(head.modules.count):
        check_file(head, module_row(c, i))
    demand(head.files.count <= MOST_PARTS)
    for i in span(head.files.count):
        check_file(head, file_row(c, i))


@kernel
def check_file(head: Header, row: ModuleRow) -> None:
    demand(row.start >= head.kept and u64(row.start) + u64(row.size) <= u64(head.size))


# Parts.


@kernel
def check_parts(c: Component) -> None:
    """What they know of each other, and that they have none themselves; those of the component are loaded."""
    head = header(c)
    check_owners(c, head.files.count)
    demand(head.parents.count == head.files.count)
    for i in span(head.files.count):
        parent = parent_of(c, i)
        demand(parent == NONE or (parent > i and parent < head.files.count))
        part = cast(Component, c.parts[i])
        demand(header(part).files.count == 0 and header(part).links.count == 0)
        demand(header(part).resources.count == head.resources.count)
        check_owners(part, head.files.count)
        for j in span(head.resources.count):
            demand(resource_row(part, j).owner != Owner.PART + i)
    before = u32(0)
    for i in span(head.links.count):
        row = link_row(c, i)
        demand(row.part >= before and row.part < head.files.count)
        demand(row.target < head.files.count and row.target != row.part)
        before = row.part
        part = cast(Component, c.parts[row.part])
        demand(row.number < header(part).imports.count)
        demand(row.export < header(cast(Component, c.parts[row.target])).exports.count)
    for i in span(head.turns.count):
        demand(turn_row(c, i).part < head.files.count)


@kernel
def check_owners(c: Component, parts: u32) -> None:
    for i in span(header(c).resources.count):
        demand(resource_row(c, i).owner < Owner.PART + parts)


# Steps.


@kernel
def check_steps(c: Component) -> None:
    head = header(c)
    counts = stack_array(Counts, 1)[0]
    counts.items = u32(0)
    counts.instances = u32(0)
    for i in span(head.steps.count):
        check_step(c, step_row(c, i), counts)
    for i in span(head.exports.count):
        row = export_row(c, i)
        demand(row.core < counts.items and is_item(row.memory, counts) and is_item(row.realloc, counts))
        demand(is_item(row.post_return, counts) and row.encoding <= Encoding.LATIN1_OR_UTF16)
        demand(row.form <= Form.CALLBACK and (row.form != Form.CALLBACK or row.post_return != NONE))


@kernel
def is_item(number: u32, counts: Counts) -> bool:
    return number == NONE or number < counts.items


@kernel
def check_step(c: Component, row: StepRow, counts: Counts) -> None:
    """It refers to what is there before it."""
    head = header(c)
    demand(row.step <= Step.RESOURCE)
    if row.step == Step.MODULE:
        demand(row.a < head.modules.count and u64(row.b) + u64(row.c) <= u64(head.arguments.count))
        for i in span(row.c):
            demand(argument(c, row.b + i) < counts.items)
        counts.instances += 1
        return
    if row.step == Step.EXPORT:
        demand(row.a < counts.instances)
    elif row.step == Step.TASK:
        has_memory = row.a == TaskFunction.WAIT or row.a == TaskFunction.POLL
        demand(row.a <= TaskFunction.DROP_SUBTASK and (row.b < counts.items if has_memory else row.b <= 1))
    elif row.step == Step.RETURN:
        demand(row.a < head.functions.count and is_item(row.b, counts) and row.d <= Encoding.LATIN1_OR_UTF16)
        demand(function_row(c, row.a).result == NONE)
    elif row.step == Step.LOWER or row.step == Step.START:
        demand(row.a < head.imports.count and is_item(row.b, counts) and is_item(row.c, counts))
        demand(row.d <= Encoding.LATIN1_OR_UTF16)
    else:
        demand(row.a < head.resources.count)
        demand(row.step == Step.DROP or resource_row(c, row.a).owner == Owner.COMPONENT)
    if row.step == Step.RESOURCE:
        demand(row.b < counts.items)
    else:
        counts.items += 1
