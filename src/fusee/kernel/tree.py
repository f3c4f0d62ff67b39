"""The typed tree: what `check` makes of a kernel and `lower` turns into LLVM.

Every node is fully typed and specialised: no static value, no Python name is left. Types are
interned, so that two equal types are the same object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fusee.kernel.atomics import Order

# --- types -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Type:
    """A type of the kernel language, for one target."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, slots=True)
class Integer(Type):
    bits: int
    signed: bool
    python: type

    def holds(self, value: int) -> bool:
        """Whether `value` is in this type's range."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        return low <= value < low + (1 << self.bits)


@dataclass(frozen=True, eq=False, slots=True)
class Float(Type):
    bits: int
    python: type


@dataclass(frozen=True, eq=False, slots=True)
class Boolean(Type):
    pass


@dataclass(frozen=True, eq=False, slots=True)
class Vector(Type):
    """Sixteen bytes: `v128`, or what sees lanes in it."""


@dataclass(frozen=True, eq=False, slots=True)
class Lanes(Vector):
    element: Integer | Float
    python: Any

    @property
    def count(self) -> int:
        return 128 // self.element.bits


@dataclass(frozen=True, eq=False, slots=True)
class Nothing(Type):
    """The result of a kernel that returns `None`."""


@dataclass(frozen=True, eq=False, slots=True)
class Pointer(Type):
    element: Type


@dataclass(frozen=True, eq=False, slots=True)
class Reference(Type):
    """A reference to a `@struct`."""

    struct: type


@dataclass(frozen=True, eq=False, slots=True)
class Function(Type):
    """`Fn[[...], R]`; `record` is set if it points to handlers."""

    parameters: tuple[Type, ...]
    result: Type

    @property
    def record(self) -> Record | None:
        first = self.parameters[0] if self.parameters else None
        return first if isinstance(first, Record) else None


@dataclass(frozen=True, eq=False, slots=True)
class Record(Type):
    """A `@registers` class."""

    python: type
    fields: dict[str, Type]
    fleeting: frozenset[str] = frozenset()  # those that errors lose


@dataclass(frozen=True, eq=False, slots=True)
class Several(Type):
    """The several results of one kernel."""

    items: tuple[Type, ...]


BOOL = Boolean("bool")
V128 = Vector("v128")
NOTHING = Nothing("None")


@cache
def pointer_to(element: Type) -> Pointer:
    return Pointer(f"Ptr[{element}]", element)


@cache
def reference_to(struct: type) -> Reference:
    return Reference(struct.__name__, struct)


@cache
def function_type(parameters: tuple[Type, ...], result: Type) -> Function:
    return Function(f"Fn[[{', '.join(map(str, parameters))}], {result}]", parameters, result)


@cache
def several(items: tuple[Type, ...]) -> Several:
    return Several(f"tuple[{', '.join(map(str, items))}]", items)


def is_address(t: Type) -> bool:
    """Whether values of `t` are addresses in machine code."""
    return isinstance(t, Pointer | Reference | Function)


# --- expressions -------------------------------------------------------------------------------


@dataclass(eq=False, slots=True, repr=False)
class Node:
    """An expression: its type, and the line it came from."""

    type: Type
    line: int


@dataclass(eq=False, slots=True, repr=False)
class Constant(Node):
    value: int | float | bool  # addresses: only 0, null; vectors: the bit pattern


@dataclass(eq=False, slots=True, repr=False)
class Local(Node):
    variable: Variable


@dataclass(eq=False, slots=True, repr=False)
class Binary(Node):
    """Arithmetic named as LLVM does, without the type: `add`, `udiv`, `fmul`, `shl` …"""

    op: str
    left: Node
    right: Node


@dataclass(eq=False, slots=True, repr=False)
class Compare(Node):
    """A comparison, named as LLVM does: `icmp ult`, `fcmp oeq` …"""

    op: str
    left: Node
    right: Node


@dataclass(eq=False, slots=True, repr=False)
class Logic(Node):
    """`and` (`is_and`) or `or`, short-circuiting."""

    is_and: bool
    left: Node
    right: Node


@dataclass(eq=False, slots=True, repr=False)
class Conditional(Node):
    condition: Node
    then: Node
    other: Node


@dataclass(eq=False, slots=True, repr=False)
class Convert(Node):
    """`T(x)` between scalars."""

    operand: Node


@dataclass(eq=False, slots=True, repr=False)
class Intrinsic(Node):
    """An operation of `lang`; `check` has verified the operands, `lower` knows the name."""

    name: str
    operands: tuple[Node, ...]


@dataclass(eq=False, slots=True, repr=False)
class Atomic(Node):
    """An operation on memory that threads share: the word's address and values, if it has any."""

    name: str
    operands: tuple[Node, ...]
    order: Order


@dataclass(eq=False, slots=True, repr=False)
class Lane(Node):
    """One lane of a vector; with `value`, the vector in which that lane is replaced by it."""

    vector: Node
    number: int
    value: Node | None = None


@dataclass(eq=False, slots=True, repr=False)
class Shuffle(Node):
    """Lanes of two vectors by their numbers, those of `right` counting on."""

    left: Node
    right: Node
    numbers: tuple[int, ...]


@dataclass(eq=False, slots=True, repr=False)
class Offset(Node):
    """`pointer + index` in elements; `negate` for minus. `is_element`: what is there is meant, not a place behind."""

    pointer: Node
    index: Node
    negate: bool = False
    is_element: bool = False

    @property
    def bound(self) -> int:
        """What the index must be less than, where the array's length is part of the program; else 0."""
        if not self.is_element:
            return 0
        if isinstance(self.pointer, Field):
            return self.pointer.count
        is_array = isinstance(self.pointer, Local) and self.pointer.variable.writes == 1
        return self.pointer.variable.elements if is_array else 0  # type: ignore[attr-defined]


@dataclass(eq=False, slots=True, repr=False)
class Field(Node):
    """The address of a struct's field, typed as a pointer to or reference of what is stored there."""

    base: Node
    offset: int
    count: int = 0  # elements of an embedded array


@dataclass(eq=False, slots=True, repr=False)
class Load(Node):
    """`is_invariant`: nothing that the function does changes what is there, so it may be read later than it stands."""

    address: Node
    aligned: bool
    is_invariant: bool = False


@dataclass(eq=False, slots=True, repr=False)
class RecordField(Node):
    record: Variable
    name: str


@dataclass(eq=False, slots=True, repr=False)
class RecordValue(Node):
    """A record handed to an inline kernel or a handler."""

    variable: Variable


@dataclass(eq=False, slots=True, repr=False)
class Call(Node):
    callee: Specialised
    arguments: tuple[Node, ...]
    caught: bool = False  # the value is the status


@dataclass(eq=False, slots=True, repr=False)
class CallPointer(Node):
    function: Node
    arguments: tuple[Node, ...]


@dataclass(eq=False, slots=True, repr=False)
class CodeAddress(Node):
    """The address of a kernel or handler."""

    callee: Specialised


@dataclass(eq=False, slots=True, repr=False)
class TableAddress(Node):
    table: ConstantData


@dataclass(eq=False, slots=True, repr=False)
class StackArray(Node):
    element: Type
    count: int


@dataclass(eq=False, slots=True, repr=False)
class SeveralValues(Node):
    items: tuple[Node, ...]


# --- statements --------------------------------------------------------------------------------


@dataclass(eq=False, slots=True, repr=False)
class Statement:
    line: int


@dataclass(eq=False, slots=True, repr=False)
class Assign(Statement):
    variable: Variable
    value: Node

    def __post_init__(self) -> None:
        self.variable.writes += 1
        if isinstance(self.value, StackArray):
            self.variable.elements = self.value.count


@dataclass(eq=False, slots=True, repr=False)
class Unpack(Statement):
    """Assign a call's several results."""

    variables: tuple[Variable, ...]
    value: Node

    def __post_init__(self) -> None:
        for variable in self.variables:
            variable.writes += 1


@dataclass(eq=False, slots=True, repr=False)
class Store(Statement):
    address: Node
    value: Node
    aligned: bool


@dataclass(eq=False, slots=True, repr=False)
class SetRecordField(Statement):
    record: Variable
    name: str
    value: Node


@dataclass(eq=False, slots=True, repr=False)
class ClearRecord(Statement):
    """`regs = Regs()`."""

    variable: Variable


@dataclass(eq=False, slots=True, repr=False)
class Evaluate(Statement):
    value: Node


@dataclass(eq=False, slots=True, repr=False)
class Assert(Statement):
    """Tested in the checked build; no other has any trace of it."""

    condition: Node
    text: str


@dataclass(eq=False, slots=True, repr=False)
class If(Statement):
    condition: Node
    then: list[Statement]
    other: list[Statement]


@dataclass(eq=False, slots=True, repr=False)
class Switch(Statement):
    """An `if/elif` chain comparing one integer with constants."""

    subject: Node
    cases: list[tuple[list[int], list[Statement]]]
    default: list[Statement]


@dataclass(eq=False, slots=True, repr=False)
class Loop(Statement):
    """`while condition: body`, with `step` run before the next round (where `continue` goes)."""

    condition: Node | None
    body: list[Statement]
    step: list[Statement]


@dataclass(eq=False, slots=True, repr=False)
class Unrolled(Statement):
    rounds: list[list[Statement]]


@dataclass(eq=False, slots=True, repr=False)
class Break(Statement):
    pass


@dataclass(eq=False, slots=True, repr=False)
class Continue(Statement):
    pass


@dataclass(eq=False, slots=True, repr=False)
class Return(Statement):
    value: Node | None


@dataclass(eq=False, slots=True, repr=False)
class Raise(Statement):
    tag: int
    code: Node
    detail: Node


@dataclass(eq=False, slots=True, repr=False)
class TailCall(Statement):
    code: Node
    record: Variable


# --- functions ---------------------------------------------------------------------------------


@dataclass(eq=False, slots=True, repr=False)
class Variable:
    """A parameter or local. What is written once (a parameter: never) is a value and needs no memory."""

    name: str
    type: Type
    index: int
    is_parameter: bool = False
    writes: int = 0
    elements: int = 0  # of the stack array that was assigned to it


@dataclass(eq=False, slots=True, repr=False)
class ConstantData:
    """A `table(...)`: read-only data, or addresses of code (`None`: null); or `cells(...)`."""

    element: Type
    values: list[Any]  # numbers, or `Specialised | None`
    is_mutable: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Specialised:
    """A kernel or handler together with its static arguments: one machine function.

    `body` is filled when the function is checked; before that only the signature is known.
    """

    symbol: str
    name: str  # for people, with static arguments
    source: Any  # the Kernel or Handler
    parameters: list[Variable]
    result: Type
    file: str
    line: int
    inline: bool = False
    cold: bool = False
    export: str | None = None
    aliases: list[str] = field(default_factory=list)  # further C names
    libcall: bool = False  # what LLVM itself calls by the C name
    weak: bool = False  # another definition of the C name takes its place
    external: str | None = None  # the C name of what something else defines: there is no body
    handler: bool = False
    raises_to: Specialised | None = None
    status: str | None = None
    body: list[Statement] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    calls: dict[Specialised, Any] = field(default_factory=dict)  # calls whose errors propagate, with their syntax
    references: dict[Specialised, None] = field(default_factory=dict)  # everything mentioned
    writes: set[str] = field(default_factory=set)  # registers it assigns
    raise_syntax: Any = None  # of the first `raise` in it
    may_raise: bool = False

    @property
    def record(self) -> Record | None:
        """The registers this takes, if it is a handler or works on a handler's registers."""
        first = self.parameters[0].type if self.parameters else None
        return first if isinstance(first, Record) else None
