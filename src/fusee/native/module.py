"""What native code has to know of a module: types, index spaces, where bodies are, whom references may be to."""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple, cast

from fusee.kernel.plain import Plain, field
from fusee.native.body import Bodies
from fusee.native.layouts import Aggregate
from fusee.native.reader import Instruction

NUMBERS = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
REFERENCE = "ref"  # something that the collector follows
FUNCTION = "func"  # a reference to a function, which lives as long as its store
_FUNCTION_HEAPS = (0x70, 0x73)  # func, nofunc

FUNC, TABLE, MEMORY, GLOBAL, TAG = range(5)  # kinds of imports and exports (spec 5.5.5)


class FuncType(NamedTuple):
    """Types are `NUMBERS`, `REFERENCE` or `FUNCTION`."""

    params: tuple[str, ...]
    results: tuple[str, ...]


class Module(Plain):
    """The index spaces of a valid module, imports first."""

    binary: bytes
    types: list[FuncType | None] = field(default_factory=list)  # None: a structure or array
    aggregates: dict[int, Aggregate] = field(default_factory=dict)  # those
    func_types: list[int] = field(default_factory=list)
    imported_funcs: int = 0
    tables: list[bool] = field(default_factory=list)  # whether addresses have 64 bits
    table_kinds: list[str] = field(default_factory=list)  # of their elements
    table_lengths: list[int | None] = field(default_factory=list)  # None: it may change
    imported_tables: int = 0
    memories: list[bool] = field(default_factory=list)
    least_bytes: list[int] = field(default_factory=list)  # of memories
    are_fixed: list[bool] = field(default_factory=list)  # whether that is what they always have
    are_shared: list[bool] = field(default_factory=list)  # by threads
    global_types: list[str] = field(default_factory=list)
    imported_globals: int = 0
    exports: list[tuple[int, int]] = field(default_factory=list)  # kind, as in imports, and index
    tags: list[int] = field(default_factory=list)  # their types
    references: dict[int, None] = field(default_factory=dict)  # functions that segments, globals and tables refer to
    bodies: list[tuple[int, int]] = field(default_factory=list)  # start, before the locals, and end
    read: Bodies = field(default_factory=Bodies)  # of some functions (`body_of`)

    @property
    def defined(self) -> range:
        """The indices of the functions that are defined here."""
        return range(self.imported_funcs, len(self.func_types))

    def type_of(self, function: int) -> FuncType:
        """The type of the function of that index."""
        found = self.types[self.func_types[function]]
        assert found is not None
        return found

    def type_called(self, instruction: Instruction) -> FuncType:
        """The type of what an instruction calls."""
        index = cast(int, instruction.immediates[0])
        if instruction.op.mnemonic in ("call", "return_call"):
            return self.type_of(index)
        found = self.types[index]
        assert found is not None
        return found

    def tag_type(self, tag: int) -> FuncType:
        """The type whose parameters are a tag's values."""
        found = self.types[self.tags[tag]]
        assert found is not None
        return found

    def body(self, function: int) -> tuple[int, int]:
        return self.bodies[function - self.imported_funcs]

    def stays(self, memory: int) -> bool:
        """Whether a memory never moves: it does not grow, or has room for all that it may become."""
        return self.are_fixed[memory] or self.are_shared[memory]

    @property
    def plain_memories(self) -> dict[int, int]:
        """The least bytes of those that have some, addresses of 32 bits, and are not shared."""
        return {
            number: least
            for number, least in enumerate(self.least_bytes)
            if least and not self.memories[number] and not self.are_shared[number]
        }

    def value_type(self, code: int) -> str:
        """What the code of a value type (`Reader.value_type`) means here."""
        if code in NUMBERS:
            return NUMBERS[code]
        if code < 0x100:
            return FUNCTION if code in _FUNCTION_HEAPS else REFERENCE
        heap = code - 0x100
        if heap < len(self.types):
            return REFERENCE if self.types[heap] is None else FUNCTION
        return FUNCTION if heap & 0x7F in _FUNCTION_HEAPS else REFERENCE

    @cached_property
    def referenced(self) -> dict[FuncType, list[int]]:
        """The `references`, by type. Functions of subtypes of each other have equal types here."""
        return self._by_type(self.references)

    @cached_property
    def referred(self) -> dict[FuncType, list[int]] | None:
        """The functions that references in the module may be to, by type; None if to others, too, from outside.

        There are no others where none can come in: as a parameter, a result or a field, in a table or global that is
        imported or exported. What code may refer to is named outside of it (spec 3.4.10, C.refs).
        """
        kinds = [*self.table_kinds[: self.imported_tables], *self.global_types[: self.imported_globals]]
        for kind, index in self.exports:
            if kind in (TABLE, GLOBAL):
                kinds.append((self.table_kinds if kind == TABLE else self.global_types)[index])
        for type_ in self.types:
            if type_ is not None:
                kinds += (*type_.params, *type_.results)
        for aggregate in self.aggregates.values():
            kinds += map(self.value_type, aggregate.fields)
        if FUNCTION in kinds:
            return None
        return self._by_type({*self.references, *(index for kind, index in self.exports if kind == FUNC)})

    def _by_type(self, functions: Iterable[int]) -> dict[FuncType, list[int]]:
        found: dict[FuncType, list[int]] = {}
        for index in functions:
            found.setdefault(self.type_of(index), []).append(index)
        return found
