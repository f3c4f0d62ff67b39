"""Writes one LLVM module: the functions asked for and all that they reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fusee.kernel.check.types import Types
from fusee.kernel.division import may_be_copied
from fusee.kernel.lower.checked import Checks
from fusee.kernel.lower.convention import convention_of
from fusee.kernel.lower.debug import DebugInfo
from fusee.kernel.lower.entry import NOT_ITSELF, entry_symbol, write_entry
from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.types import constant, extension, llvm_type, memory_type, result_type
from fusee.kernel.text import ModuleText
from fusee.kernel.tree.functions import ConstantData, Specialised
from fusee.kernel.tree.types import Boolean, Function

_SMALL_LINES = 60  # of LLVM's text, before anything is optimised


class ModuleWriter(ModuleText):
    """One module. `elsewhere` tells which functions another module defines, `shared` which ones others may need."""

    def __init__(
        self,
        name: str,
        types: Types,
        elsewhere: Callable[[Specialised], bool],
        shared: Callable[[Specialised], bool],
        *,
        checked: bool = False,
        debug: bool = False,
        for_size: Callable[[Specialised], bool] = lambda function: False,
        inlines_others: bool = False,
        far_apart: bool = False,
        instructions: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__()
        self.name = name
        self.instructions = instructions  # what the processor has beyond its architecture, by LLVM's names
        self.types = types
        self.convention = convention_of(types.target)
        self.elsewhere = elsewhere
        self.shared = shared
        self.for_size = for_size
        self.inlines_others = inlines_others
        self._defines_libcalls = False  # then no function may become a call of one
        # What other modules define: linked together it is reached directly, loaded apart through stubs and a table.
        self._declared, self._defined = ("", "dso_local") if far_apart else ("hidden", "hidden")
        # The image's linker places handlers one by one: see `kernel/image.py`.
        self._handlers_apart = far_apart and types.target.object_format == "elf"
        # Linkers leave out sections that nothing refers to; of Mach-O objects they do that with functions in any case.
        self._kernels_apart = not far_apart and types.target.object_format == "elf"
        self.checks = Checks(self) if checked else None
        self.debug = DebugInfo(name) if debug else None
        self._begin_empty()

    def _begin_empty(self) -> None:
        """Nothing has been asked for yet."""
        self.defined: dict[str, Specialised] = {}
        self._symbols: dict[Specialised, str] = {}
        self._pending: list[Specialised] = []
        self._tables: list[str] = []
        self._table_names: dict[ConstantData, str] = {}
        self._raisers: set[str] = set()
        self._written: dict[Specialised, set[str]] = {}

    # --- what functions ask for ----------------------------------------------------------------

    def symbol(self, function: Specialised) -> str:
        """The operand that names a function; makes sure that it is defined or declared."""
        known = self._symbols.get(function)
        if known is None:
            known = self._symbols[function] = f'@"{function.external or function.symbol}"'
            if function.external is not None:
                self.declare(function.external, f"declare {self._prototype(function, named=False)}")
            elif not function.inline and self.elsewhere(function):
                self._use_external(function)
            else:
                self.defined[function.symbol] = function
                self._pending.append(function)
        return known

    def _use_external(self, function: Specialised) -> None:
        """Declare a function of another module; a small one with its body, so that LLVM may inline it."""
        if self.inlines_others and may_be_copied(function) and not self.for_size(function):
            lines = FunctionWriter(self, function).write_body()
            if len(lines) <= _SMALL_LINES:
                self._add_definition(function, "available_externally", lines)
                return
        self.declare(function.symbol, f"declare {self._declared} {self._prototype(function, named=False)}")

    def table(self, data: ConstantData) -> str:
        """The operand that names constant data."""
        name = self._table_names.get(data)
        if name is None:
            # By the order in this module: what else was checked must not show in its text.
            name = self._table_names[data] = f'@"table.{len(self._table_names)}"'
            self._tables.append(self._table_text(name, data))
        return name

    def _table_text(self, name: str, data: ConstantData) -> str:
        element = data.element
        type_ = memory_type(element)
        if isinstance(element, Function):
            items = (f"ptr {self.symbol(value) if value is not None else 'null'}" for value in data.values)
        elif isinstance(element, Boolean):
            items = (f"i8 {int(value)}" for value in data.values)
        else:
            items = (f"{type_} {constant(element, value)}" for value in data.values)
        alignment = self.types.alignment(element)
        shape = f"[{len(data.values)} x {type_}]"
        if data.is_mutable:
            return f"{name} = internal global {shape} zeroinitializer, align {alignment}"
        return f"{name} = internal constant {shape} [{', '.join(items)}], align {alignment}"

    def invariance(self) -> str:
        """The suffix of a load that LLVM may move behind what writes memory.

        AArch64 gains: next to where the address is advanced, one instruction does both.
        """
        return super().invariance() if self.types.target.architecture == "aarch64" else ""

    def location(self, function: Specialised, line: int, inlined_at: int | None) -> str:
        """The suffix that ties an instruction to its source line."""
        return f", !dbg !{self.debug.location(self, function, line, inlined_at)}" if self.debug else ""

    def written_registers(self, function: Specialised) -> set[str]:
        """The registers that a handler, or an inline kernel working on its registers, may change."""
        known = self._written.get(function)
        if known is None:
            known = self._written[function] = set(function.writes)
            for callee in function.references:
                if callee.inline and callee.record is not None:
                    known |= self.written_registers(callee)
        return known

    # --- functions -----------------------------------------------------------------------------

    def write(
        self, roots: Iterable[Specialised], entries: Sequence[Specialised] = (), *, defines_state: bool = True
    ) -> str:
        """The text of the module that defines `roots` and C wrappers of `entries`."""
        roots = list(roots)
        self._defines_libcalls = any(root.libcall for root in roots)
        for root in roots:
            self.symbol(root)
        for entry in entries:
            self.symbol(entry)
            self._write_entry(entry)
        while self._pending:
            self._write_function(self._pending.pop())
        if self.checks:
            self.checks.write(defines_state=defines_state)
        flags = self.debug.finish(self) if self.debug else []
        # Tables come last: each of its names that is not known yet makes LLVM build a table anew.
        return self.text([*self._tables, *flags], self.defined)

    def raiser(self, function: Specialised, status: str) -> str:
        """The operand that names what raises a fixed status from handlers like this one, in this module."""
        assert function.raises_to is not None
        name = f'@"raise.{function.raises_to.symbol}.{status}"'
        if name not in self._raisers:
            self._raisers.add(name)
            lines = FunctionWriter(self, function).write_raiser(status)
            head = f"define internal {self._handler_prototype(function, name)} cold noinline nounwind"
            self.add_function("\n".join([f"{head} {{", *lines, "}"]))
        return name

    def _write_function(self, function: Specialised) -> None:
        is_hidden = function.inline or function.libcall  # a library call is reached by its C name
        linkage = self._defined if self.shared(function) and not is_hidden else "internal"
        self._add_definition(function, linkage, FunctionWriter(self, function).write_body())

    def _add_definition(self, function: Specialised, linkage: str, lines: list[str]) -> None:
        attributes = "cold noinline nounwind" if function.cold else "nounwind"
        if self._defines_libcalls:
            attributes += f" {NOT_ITSELF}"
        if self.for_size(function) or function.inline:  # what is inlined otherwise is called from such functions only
            # The smallest code of all shares pieces between functions, which handlers cannot afford.
            attributes += " optsize" if function.handler else " optsize minsize"
        if self.types.target.object_format == "macho" and not function.handler:
            attributes += ' "frame-pointer"="non-leaf"'  # Apple's systems and their crash reports count on it
        if self._handlers_apart if function.handler else self._kernels_apart:
            attributes += f' section ".text.{function.symbol}"'
        suffix = self.debug.subprogram_suffix(self, function) if self.debug else ""
        head = f"define {linkage} {self._prototype(function, named=True)} {attributes}{suffix}"
        self.add_function("\n".join([f"{head} {{", *lines, "}"]))

    def entry_section(self, name: str) -> str:
        """The attribute of a C function that puts it into a section of its own, where functions have one."""
        return f' section ".text.{name}"' if self._kernels_apart else ""

    def _prototype(self, function: Specialised, *, named: bool) -> str:
        if function.handler:
            return self._handler_prototype(function, f'@"{function.symbol}"', named=named)
        parts = []
        for parameter in function.parameters:
            part = f"{llvm_type(parameter.type)}{extension(parameter.type)}"
            parts.append(f"{part} %p{parameter.index}" if named else part)
        result = result_type(function)
        if not function.may_raise:
            result = f"{extension(function.result)} {result}".strip()
        return f'{result} @"{function.external or function.symbol}"({", ".join(parts)})'

    def _handler_prototype(self, function: Specialised, name: str, *, named: bool = True) -> str:
        assert function.record is not None
        parameters = self.convention.parameters(function.record.fields)
        parts = [f"{type_} {parameter}" if named else type_ for type_, parameter in parameters]
        return f"{self.convention.name} void {name}({', '.join(parts)})"

    def _write_entry(self, function: Specialised) -> None:
        for name in [entry_symbol(function), *function.aliases]:
            self.add_function(write_entry(self, function, name))
