"""A store's references: to Python objects, and to what guests make."""

import ctypes
import weakref
from time import thread_time_ns
from typing import TYPE_CHECKING, cast

from fusee.api._conversion import from_reference, to_reference
from fusee.api._living import LivingStore
from fusee.api.ending import Ending
from fusee.api.errors import StoreError
from fusee.api.managed import expect
from fusee.api.types import DefinedReference
from fusee.engine.state.heap import STEP_WORDS
from fusee.engine.state.runtime import SLOT_BYTES

if TYPE_CHECKING:
    from fusee.api._decoded import Lifetime
    from fusee.api.object_types import ArrayType, StructType
    from fusee.api.types import FuncType, ValType


class ReferringStore(LivingStore):
    """A store that keeps what references refer to, and collects the rest."""

    def gc(self, budget: int | None = None) -> bool:
        """Look for objects that guests hold no more, and free them; whether a search has been completed.

        Between and in calls that happens of itself, as often as is worth it. With a `budget`, in nanoseconds of this
        thread's processor time, the guests' own objects are looked for in steps, until it is used up; the next call
        goes on from there. Without one the search begins anew and is completed, and Python objects that guests have
        been given are let go of, too.
        """
        self._opened()
        if budget is None:
            self._alone(self._native.collect_all_for, self._address)
            self._let_go()
            return True
        expect(budget, int, "an int")
        end = thread_time_ns() + budget
        while True:
            is_complete = bool(self._alone(self._native.collect_for, self._address, STEP_WORDS))
            if is_complete or thread_time_ns() >= end:
                return is_complete

    def _trace(self, marks: "ctypes.Array[ctypes.c_ubyte]") -> int:
        looked_at: int = self._alone(self._native.collect_hosts, self._address, marks, len(marks))
        return looked_at

    _to_reference = to_reference
    _from_reference = from_reference

    def _kind_of_object(self, address: int) -> int:
        """Whether a structure (`KIND_STRUCT`) or an array (`KIND_ARRAY`) is at an address."""
        kind: int = self._alone(self._native.kind_of_object, self.engine._address, address)
        return kind

    def _is_of_type(self, reference: int, type: "ValType") -> bool:  # noqa: A002
        """Whether a reference is of a type of its hierarchy."""
        return bool(self._alone(self._native.is_of_type, self.engine._address, reference, type._code))

    def _object_type(self, type: "StructType | ArrayType") -> int:  # noqa: A002
        """The engine's number for a type, of which an object is to be made: it has to live as long as the store."""
        declaration = type._declaration
        if declaration is None or declaration.engine is not self.engine:
            from copy import copy

            return self.engine._canonical(copy(type))  # which is from nowhere
        if isinstance(declaration.keeper, LivingStore):
            if declaration.keeper is not self:
                raise StoreError("the type belongs to another store")
        else:
            self._lifetimes.add(cast("Lifetime", declaration.keeper))
        return declaration.number

    def _code_of(self, type: "ValType") -> int:  # noqa: A002
        """The engine's code for a value type, which means that as long as the store lives."""
        if isinstance(type, DefinedReference):
            if type._engine is not weakref.ref(self.engine):
                raise StoreError(f"{type} belongs to another engine")
            if type._keeper is not None:
                self._lifetimes.add(cast("Lifetime", type._keeper))
        return type._code

    def _place_of_type(self, type: "FuncType") -> tuple[int, int]:  # noqa: A002
        """The address of a module that defines a function type, and lives as long as the store, and the index there."""
        declaration = type._declaration
        if declaration is None or declaration.engine is not self.engine:
            return self.engine._defined(type), 0
        self._lifetimes.add(cast("Lifetime", declaration.keeper))
        return declaration.module, declaration.type_index

    def _keep(self, reference: int) -> int:
        """A place in the engine that keeps what a reference refers to, until `_free_place`."""
        place: int = self._alone(self._native.keep, self._address, reference)
        if not place:
            raise StoreError("the object has ended: another thread has used the store")
        return place

    def _keep_for(self, holder: object, reference: int) -> None:
        """What a reference refers to lives as long as a Python object."""
        self._release_with(holder, self._keep(reference))

    def _release_with(self, holder: object, place: int) -> None:
        """A place is used no longer than a Python object lives."""
        Ending(holder, _free_place, weakref.ref(self), place)

    def _read_place(self, place: int) -> int:
        held = self._hold()
        return int.from_bytes(held.space.read(place, SLOT_BYTES), "little")

    def _free_place(self, place: int) -> None:
        """In any thread: one store of a word. Whoever calls it has a lock that keeps the store open."""
        self._native.space.write(place, bytes(SLOT_BYTES))


def _free_place(owner: "weakref.ref[ReferringStore]", place: int) -> None:
    store = owner()
    if store is None:
        return
    with store.engine._gate.clock:  # whoever closes the store, in another thread, waits with ending it
        if not store._is_closed:
            store._free_place(place)
