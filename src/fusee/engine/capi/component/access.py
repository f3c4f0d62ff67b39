"""The rows of a component's tables."""

from fusee.engine.capi.component.format import (
    ExportRow,
    FunctionRow,
    Header,
    ImportRow,
    LinkRow,
    ModuleRow,
    PartRow,
    ResourceRow,
    StepRow,
    Table,
    TurnRow,
    TypeRow,
)
from fusee.engine.capi.component.state import Component
from fusee.kernel.lang import Ptr, cast, kernel, u8, u32


@kernel(inline=True)
def header(c: Component) -> Header:
    return cast(Header, c.data)


@kernel(inline=True)
def rows(c: Component, table: Table) -> Ptr[u8]:
    return c.data + table.start


@kernel(inline=True)
def type_row(c: Component, number: u32) -> TypeRow:
    return cast(Ptr[TypeRow], rows(c, header(c).types))[number]


@kernel(inline=True)
def part_row(c: Component, number: u32) -> PartRow:
    return cast(Ptr[PartRow], rows(c, header(c).parts))[number]


@kernel(inline=True)
def function_row(c: Component, number: u32) -> FunctionRow:
    return cast(Ptr[FunctionRow], rows(c, header(c).functions))[number]


@kernel(inline=True)
def step_row(c: Component, number: u32) -> StepRow:
    return cast(Ptr[StepRow], rows(c, header(c).steps))[number]


@kernel(inline=True)
def argument(c: Component, number: u32) -> u32:
    return cast(Ptr[u32], rows(c, header(c).arguments))[number]


@kernel(inline=True)
def import_row(c: Component, number: u32) -> ImportRow:
    return cast(Ptr[ImportRow], rows(c, header(c).imports))[number]


@kernel(inline=True)
def export_row(c: Component, number: u32) -> ExportRow:
    return cast(Ptr[ExportRow], rows(c, header(c).exports))[number]


@kernel(inline=True)
def resource_row(c: Component, number: u32) -> ResourceRow:
    return cast(Ptr[ResourceRow], rows(c, header(c).resources))[number]


@kernel(inline=True)
def file_row(c: Component, number: u32) -> ModuleRow:
    return cast(Ptr[ModuleRow], rows(c, header(c).files))[number]


@kernel(inline=True)
def link_row(c: Component, number: u32) -> LinkRow:
    return cast(Ptr[LinkRow], rows(c, header(c).links))[number]


@kernel(inline=True)
def module_row(c: Component, number: u32) -> ModuleRow:
    return cast(Ptr[ModuleRow], rows(c, header(c).modules))[number]


@kernel(inline=True)
def parent_of(c: Component, part: u32) -> u32:
    return cast(Ptr[u32], rows(c, header(c).parents))[part]


@kernel(inline=True)
def turn_row(c: Component, number: u32) -> TurnRow:
    return cast(Ptr[TurnRow], rows(c, header(c).turns))[number]
