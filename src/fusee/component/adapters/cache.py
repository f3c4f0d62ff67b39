"""The adapters' modules of a component and those inside of it: each is written once, whatever instances there are."""

from typing import Final

from fusee.api.engine import Engine
from fusee.api.module import Module
from fusee.component.adapters.call import Adapter, Call

MOST_BYTES: Final = 1 << 20
"""Of all of them: each function may have the same large types, and be called by any number of components inside."""

Made = tuple[Adapter, Module]


class Adapters:
    """Those of one that is in no other."""

    __slots__ = ("_left", "_made")

    def __init__(self) -> None:
        self._made: dict[Call, Made | None] = {}
        self._left = MOST_BYTES

    def find(self, engine: Engine, call: Call) -> Made | None:
        """The one for a call; None if they would be too large."""
        if call not in self._made:
            self._made[call] = self._make(engine, call)
        return self._made[call]

    def _make(self, engine: Engine, call: Call) -> Made | None:
        from fusee.component.adapters.assembler import TooLargeError
        from fusee.component.adapters.function import make_adapter

        try:
            adapter = make_adapter(call, self._left)
        except TooLargeError:
            self._left //= 2  # what was written has taken its time
            return None
        self._left = max(self._left - len(adapter.binary), 0)
        module = Module._interpreted(engine, adapter.binary)
        if engine._tier is not None:
            module._use_native_code()  # where calls of it are many
        return adapter, module
