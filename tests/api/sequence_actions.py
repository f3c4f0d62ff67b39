"""What a random sequence of API calls is made of: each action is a call or two, and checks what must come of it.

The actions themselves are in `sequence_stores`, `sequence_modules` and `sequence_objects`.
"""

from collections.abc import Callable
from typing import Any, Final

import fusee
from fusee import FuncType, ValType
from tests.api.sequence_world import World, Wrong

Action = Callable[[World], object]
ACTIONS: Final[list[Action]] = []
KINDS: Final = (
    (fusee.Func, "func"), (fusee.Memory, "memory"), (fusee.Table, "table"), (fusee.Global, "global"),
    (fusee.Tag, "tag"), (fusee.SharedMemory, "shared"),
)  # fmt: skip

NUMBERS_TYPE: Final = FuncType([ValType.i32()], [ValType.i32()])
OBJECTS_TYPE: Final = FuncType([ValType.externref()], [ValType.externref()])
VALUE_TYPES: Final = (
    ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64(),
    ValType.externref(), ValType.funcref(), ValType.anyref(),
)  # fmt: skip


def action(weight: int) -> Callable[[Action], Action]:
    """Have it happen so often."""

    def add(function: Action) -> Action:
        ACTIONS.extend([function] * weight)
        return function

    return add


def kind_of(item: Any) -> str:
    return next(name for kind, name in KINDS if isinstance(item, kind))


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Wrong(what)
