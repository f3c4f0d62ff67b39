"""What an adapter is for, and what it is. Here is nothing that takes time to load."""

from dataclasses import dataclass
from typing import Final

from fusee.component.items import FuncType
from fusee.component.layout import parameters_type
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.primitive import ErrorContext
from fusee.component.types.resource import HandleType
from fusee.component.types.valtype import ValType

Pair = tuple[ValType, ValType]
"""A type as the source of a value has it, and the target."""
MovedHandle = tuple[str, Pair]
"""The direction in which it is moved, and its types."""

EXPORT: Final = "adapter"
RESULT: Final = "result"
"""What gives the result of a task."""
MOVED: Final = (HandleType, StreamType, FutureType, ErrorContext)
"""Types whose values are in tables."""


@dataclass(frozen=True)
class Side:
    """What one side's canonical function has."""

    type: FuncType
    encoding: str
    has_memory: bool
    has_realloc: bool

    @property
    def params(self) -> ValType:
        """The tuple that the parameters are together."""
        return parameters_type([ty for _, ty in self.type._params])


@dataclass(frozen=True)
class Call:
    """What an adapter's module depends on: calls that are equal have the same."""

    caller: Side
    callee: Side
    has_post_return: bool
    entered: int
    """How many instances the call enters."""
    has_scope: bool
    """Whether it is noted which handles are lent to it."""


@dataclass(frozen=True)
class TaskCall:
    """The same of a call that is a task: who starts it and who is told its result are Python's."""

    caller: Side
    callee: Side
    is_lowered_async: bool
    is_lifted_async: bool
    has_callback: bool


@dataclass(frozen=True)
class Copy:
    """The same of copies from one end of a stream or a future to the other."""

    element: Pair
    encodings: tuple[str, str]
    has_realloc: bool


@dataclass(frozen=True)
class Adapter:
    """The module of a call, what it imports, and the types of the handles that it has moved."""

    binary: bytes
    imports: tuple[str, ...]
    handles: tuple[MovedHandle, ...]
    waiting: frozenset[int] = frozenset()
    """Its functions that guests may wait in."""
