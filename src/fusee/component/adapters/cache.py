"""The adapters' modules that a component has: each is written once, whatever instances there are."""

from typing import Final

from fusee.api.engine import Engine
from fusee.api.module import Module
from fusee.component.adapters.call import Adapter, Call

MOST_BYTES: Final = 1 << 20
"""Of all of a component's adapters: each of its functions may have the same large types."""

Made = tuple[Adapter, Module]


class Adapters:
    """Those through which a component calls others."""

    __slots__ = ("_made", "_size")

    def __init__(self) -> None:
        self._made: dict[Call, Made | None] = {}
        self._size = 0

    def find(self, engine: Engine, call: Call) -> Made | None:
        """The one for a call; None if they would be too large."""
        if call not in self._made:
            self._made[call] = self._make(engine, call)
        return self._made[call]

    def _make(self, engine: Engine, call: Call) -> Made | None:
        from fusee.component.adapters.function import make_adapter
        from fusee.component.adapters.values import TooManyCasesError

        if self._size > MOST_BYTES:
            return None
        try:
            adapter = make_adapter(call)
        except TooManyCasesError:
            return None
        self._size += len(adapter.binary)
        if self._size > MOST_BYTES:
            return None
        module = Module._interpreted(engine, adapter.binary)
        if engine._tier is not None:
            module._use_native_code()  # where calls of it are many
        return adapter, module
