"""The Python objects that guests have been given: which reference stands for which, and which are still needed."""

import ctypes
from collections.abc import Iterable
from typing import Any, Final

from fusee.api.managed import refuse_closed
from fusee.engine.state.runtime import HANDLE_SHIFT, TAG_HOST, TAG_MASK

LEAST_GROWTH: Final = 1024  # objects that are let in before it is looked for some that can go
WORDS_PER_OBJECT: Final = 16  # that are looked at for each object let in, at most


def is_handle(reference: int) -> bool:
    """Whether a reference is one that Python gave, and not a guest's own."""
    return reference & TAG_MASK == TAG_HOST


class ObjectTable:
    """Objects get handles from 0 on, which are used again once the guest can have none of that number any more."""

    _are_many: bool  # time to look which objects are still needed

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}  # by reference
        self._references: dict[int, int] = {}  # the other way round, by the object's id
        self._free: list[int] = []
        self._handles = 0  # given so far
        self._most_objects = LEAST_GROWTH
        self._are_many = False
        self._asked = 0  # how often for a reference
        self._packing = 0  # rows of values that are being packed: their references are nowhere yet

    def _intern(self, value: Any) -> int:
        """The externref for a Python object; the same for the same object."""
        self._asked += 1
        reference = self._references.get(id(value))
        if reference is None:
            if self._free:
                reference = self._free.pop()
            else:
                reference = self._handles << HANDLE_SHIFT | TAG_HOST
                self._handles += 1
            self._objects[reference] = value
            self._references[id(value)] = reference
            if len(self._objects) > self._most_objects:
                self._are_many = True
        return reference

    def _interned(self, reference: int) -> Any:
        """The Python object of such a reference."""
        try:
            return self._objects[reference]
        except KeyError:  # another thread has closed the store since the reference was read
            refuse_closed()

    def _trace(self, marks: "ctypes.Array[ctypes.c_ubyte]") -> int:
        """Mark what the guests' globals, tables and segments hold; gives the number of words looked at."""
        raise NotImplementedError

    def _let_go(self, kept: Iterable[int] = ()) -> None:
        """Let go of all objects but those that guests hold and, whatever they are, those that `kept` may refer to.

        Takes time for what is looked at; so it is done again when there are as many new objects as that is worth.
        """
        if not self._objects or self._packing:
            return
        asked = self._asked
        marks = (ctypes.c_ubyte * self._handles)()
        looked_at = self._trace(marks) + len(marks)
        if self._packing or self._asked != asked:
            return  # another thread has values that were not looked at: the next call tries again
        for word in kept:
            if is_handle(word) and word >> HANDLE_SHIFT < len(marks):
                marks[word >> HANDLE_SHIFT] = 1
        gone = []
        for reference in [reference for reference in self._objects if not marks[reference >> HANDLE_SHIFT]]:
            # In this order, so that an interrupt in between leaves an object too much, and no reference without one.
            gone.append(self._objects[reference])
            self._references.pop(id(gone[-1]), None)
            del self._objects[reference]
            self._free.append(reference)
        self._most_objects = len(self._objects) + max(LEAST_GROWTH, len(self._objects), looked_at // WORDS_PER_OBJECT)
        self._are_many = False
        del gone  # last: what ends with them may come back to the store
