"""What another thread does, or a signal handler, between any two instructions of the product's Python code."""

import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import fusee
from fusee import Store, StoreError
from fusee.kernel.layout import layout
from fusee.kernel.target import Target

_PRODUCT = str(Path(fusee.__file__).parent / "api")
_MOST = 80  # steps that are tried of a use


def steps_of(use: Callable[[], Any]) -> tuple[Any, range]:
    """What a use gives, and the steps of it before which something else may happen: all, or evenly many of them."""
    counting = Stepper(-1, lambda: None)
    given = counting.run(use)
    return given, range(0, counting.count, 1 + counting.count // _MOST)


class Stepper:
    """Calls `action` before the instruction of that number that a use of the product executes."""

    def __init__(self, step: int, action: Callable[[], None]) -> None:
        self._step = step
        self.count = 0
        self._action = action
        self.has_acted = False

    def run(self, use: Callable[[], Any]) -> Any:
        """What the use gives."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            return use()
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if self.has_acted or not frame.f_code.co_filename.startswith(_PRODUCT):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            if self.count == self._step:
                self.has_acted = True
                self._action()
            self.count += 1
        return self._trace


class Ending:
    """A store whose memory is zeroed when it is given back, which really happens when this is closed."""

    def __init__(self, store: Store, places: list[tuple[int, type]]) -> None:
        """`places` are the addresses of the engine's structs, with their types."""
        self.ended: list[int] = []  # the store's address, once it was given back
        self._store = store
        self._native: Any = store._native
        self._release = self._native.release_store
        self._places = [(address, layout(kind, Target.host()).extent.size) for address, kind in places]
        self._contents = [ctypes.string_at(*place) for place in self._places]
        self._native.release_store = self._end  # type: ignore[attr-defined]

    def _end(self, address: int) -> None:
        assert address == self._store._address
        self.ended.append(address)
        for place in self._places:
            ctypes.memset(place[0], 0, place[1])

    def close_store(self) -> None:
        """As `Store.close`, but where that is refused, nothing."""
        with suppress(StoreError):
            self._store.close()

    def close(self) -> None:
        """Give the memory back, with what has been there."""
        self._native.release_store = self._release
        if not self.ended:
            self._store.close()
            return
        for (address, size), contents in zip(self._places, self._contents, strict=True):
            assert not any(ctypes.string_at(address, size)), "written after the end"
            ctypes.memmove(address, contents, size)
        self._release(self._store._address)
