"""What the engine knows of the stack on which a store's guest runs, for who puts another one in its place."""

import ctypes
from typing import TYPE_CHECKING, Any

from fusee.api._python import HostEmbedding
from fusee.api.errors import UnsupportedError
from fusee.engine.python.state import Embedder
from fusee.engine.state.runtime import Store as StoreState
from fusee.kernel.layout import layout
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.api.store import Store


class StackWords:
    """Words of a store. They may be changed while a guest is in a host function, by its thread."""

    __slots__ = ("_depth", "_limit", "_thread", "_top")

    def __init__(self, store: "Store") -> None:
        """Raises `UnsupportedError` for a store on an emulated device."""
        embedding = store._embedding
        if not isinstance(embedding, HostEmbedding):
            raise UnsupportedError("tasks that wait with their frames in place need an engine of the host's")
        fields = layout(StoreState, Target.host()).fields
        self._top = ctypes.c_size_t.from_address(store._address + fields["stack_top"].offset)
        self._limit = ctypes.c_size_t.from_address(store._address + fields["host_limit"].offset)
        places: Any = layout(Embedder, Target.host()).fields
        self._thread = ctypes.c_size_t.from_address(embedding.address + places["thread"].offset)
        self._depth = ctypes.c_uint32.from_address(embedding.address + places["depth"].offset)

    @property
    def top(self) -> int:
        """The address behind the newest frame."""
        return self._top.value

    @top.setter
    def top(self, value: int) -> None:
        self._top.value = value

    @property
    def place(self) -> tuple[int, int, int]:
        """The thread that uses the store, how many calls into guests have not returned there, the end of its stack."""
        return self._thread.value, self._depth.value, self._limit.value

    @place.setter
    def place(self, value: tuple[int, int, int]) -> None:
        self._thread.value, self._depth.value, self._limit.value = value

    @property
    def thread(self) -> int:
        """That thread alone."""
        return self._thread.value

    @thread.setter
    def thread(self, value: int) -> None:
        self._thread.value = value
