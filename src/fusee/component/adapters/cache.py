"""The adapters' modules of a component and those inside of it: each is written once, whatever instances there are."""

from typing import Final

from fusee.api.engine import Engine
from fusee.api.module import Module
from fusee.component.adapters.call import Adapter, Call, Copy, TaskCall

MOST_BYTES: Final = 1 << 20
"""Of all of them: each function may have the same large types, and be called by any number of components inside."""

Made = tuple[Adapter, Module]
AnyCall = Call | TaskCall | Copy


class Adapters:
    """Those of one that is in no other."""

    __slots__ = ("_left", "_made")

    def __init__(self) -> None:
        self._made: dict[AnyCall, Made | None] = {}
        self._left = MOST_BYTES

    def find(self, engine: Engine, call: AnyCall) -> Made | None:
        """The one for a call, or a copy; None if they would be too large."""
        if call not in self._made:
            self._made[call] = self._make(engine, call)
        return self._made[call]

    def _make(self, engine: Engine, call: AnyCall) -> Made | None:
        from fusee.component.adapters.assembler import TooLargeError

        try:
            adapter = _write(call, self._left)
        except TooLargeError:
            self._left //= 2  # what was written has taken its time
            return None
        self._left = max(self._left - len(adapter.binary), 0)
        module = Module._interpreted(engine, adapter.binary)
        if engine._tier is not None:
            module._use_native_code(interpreted=adapter.waiting)  # where calls of it are many
        return adapter, module


def _write(call: AnyCall, most_bytes: int) -> Adapter:
    """Raises `TooLargeError`."""
    from fusee.component.adapters.elements import make_copier
    from fusee.component.adapters.function import make_adapter
    from fusee.component.adapters.tasks import make_task_adapter

    if isinstance(call, Call):
        return make_adapter(call, most_bytes)
    return make_task_adapter(call, most_bytes) if isinstance(call, TaskCall) else make_copier(call, most_bytes)
