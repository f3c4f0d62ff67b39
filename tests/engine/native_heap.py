"""The heap compiled alone, in this process: many objects in little time, and in the checked build."""

import ctypes
from functools import cache

from fusee.engine.runtime.heap.allocate import new_array, new_struct
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.runtime.store import new_store, open_engine, release_engine, release_store
from fusee.engine.state.runtime import Store
from fusee.kernel.build import Library, Program, load
from fusee.kernel.memory import view
from tests.engine.native_modules import platform

ENTRIES = (open_engine, release_engine, new_store, release_store, new_struct, new_array, is_object)


@cache
def library(checked: bool) -> Library:
    return load(Program("heap", ENTRIES), checked=checked)


class NativeHeap:
    """A store for objects alone."""

    def __init__(self, checked: bool = False) -> None:
        functions = library(checked)
        self.new_struct = functions.function(new_struct)
        self.new_array = functions.function(new_array)
        self.is_object = functions.function(is_object)
        self._release = functions.function(release_store), functions.function(release_engine)
        self._engine = functions.function(open_engine)(platform(checked), False)
        self.address: int = functions.function(new_store)(self._engine, 1 << 16, 0)
        self.store = view(Store, self.address)

    def close(self) -> None:
        self._release[0](self.address)
        self._release[1](self._engine)

    def words(self, at: int, count: int) -> "ctypes.Array[ctypes.c_uint64]":
        """Words of memory, to read and to write."""
        return (ctypes.c_uint64 * count).from_address(at)
