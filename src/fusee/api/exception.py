"""`WasmException`: what guests throw and catch, as the host sees it (spec 4.2.14)."""

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fusee.api.errors import ArgumentError, StoreError, WasmtimeError
from fusee.api.managed import Unique, expect, shown
from fusee.api.printable import printable
from fusee.api.tag import Tag
from fusee.api.values import Row
from fusee.engine.state.runtime import Exn as ExnState
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.spec.traps import TrapCode

if TYPE_CHECKING:
    from fusee.api.frame import Frame
    from fusee.api.store import Store


class WasmException(Unique, WasmtimeError):
    """An exception with a guest's or a host's tag. It is no `Trap`.

    A call raises it for what a guest has thrown and nobody caught. A host function raises it so that the guest that
    called catches it, by its tag or with `catch_all`; if no guest does, it is raised where the host called. A host
    function that lets a guest's exception pass does the same. Not in wasmtime-py.
    """

    def __init__(self, tag: Tag, values: Sequence[Any] = ()) -> None:
        """An exception of the host's own, with Python values for the tag's parameters.

        Raises `ArgumentError` for a wrong number of them; `TypeError` for one of another type.
        """
        expect(tag, Tag, "a Tag")
        params = tag._tag_type().functype.params
        if len(values) != len(params):
            raise ArgumentError(f"the tag has {len(params)} parameters, not {len(values)}")
        super().__init__("")
        self._tag = tag
        self._values = tuple(values)
        self._frames: tuple[Frame, ...] = ()
        self._address = 0

    @classmethod
    def _of(cls, store: "Store", address: int) -> "WasmException":
        """The exception that the engine has at `address`; the same object as long as somebody has it."""
        return store._exceptions.get(address) or cls._kept(store, store._keep(address))

    @classmethod
    def _kept(cls, store: "Store", place: int, frames: "Sequence[Frame]" = ()) -> "WasmException":
        """The one that a place keeps (`Store._keep`)."""
        with store._lock:  # nobody closes it until the place is used up
            space, address = store._hold().space, store._read_place(place)
            known = store._exceptions.get(address)
            if known is None:
                state: Any = view(ExnState, address, space)
                tag = Tag._from_address(store, int(state.tag._address))
                row = _row(tag)
                at = address + -(-layout(ExnState, space.target).extent.size // 8) * 8
                known = cls(tag, row.unpack(store, space.read(at, row.size)))
                known._hold(place)
            else:
                store._free_place(place)
            known._frames = tuple(frames) or known._frames
        return known

    def _hold(self, place: int) -> None:
        """From now on this object is the exception that a place keeps, which lives as long."""
        store = self._tag._store
        self._address = store._read_place(place)
        store._exceptions[self._address] = self
        store._release_with(self, place)

    def _reference(self, store: "Store") -> int:
        """The engine's reference to it. Raises `StoreError`."""
        if self._tag._store is not store:
            raise StoreError("the exception's tag belongs to another store")
        if not self._address:
            slots = (ctypes.c_uint64 * max(_row(self._tag).size // 8, 1))()
            _row(self._tag).pack_into(store, slots, self._values)
            with store._lock:  # until it is held
                self._hold(store._alone(store._native.make_kept_exn, store._address, self._tag._address, slots))
        return self._address

    def _throw(self, store: "Store") -> bool:
        """Have the guest that waits for a host function catch this, unless it belongs to another store."""
        if self._tag._store is not store:
            return False
        store._alone(store._native.throw_exn, store._address, self._reference(store))
        return True

    @property
    def tag(self) -> Tag:
        """Its `Tag`."""
        return self._tag

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that it carries, as Python values."""
        return self._values

    @property
    def frames(self) -> "list[Frame]":
        """Where it was thrown, if no guest has caught it: the innermost function first, 64 frames at most."""
        return list(self._frames)

    @property
    def message(self) -> str:
        """What was thrown, under its tag's name if a module of the store has one for it, and where."""
        called = printable(self._tag._name() or repr(self._tag))
        what = f"{TrapCode.UNCAUGHT_EXCEPTION.message}: {called} ({', '.join(map(shown, self._values))})"
        lines = "".join(f"{number:5}: {frame._line(8)}\n" for number, frame in enumerate(self._frames))
        return f"{what}\nwasm backtrace:\n{lines}" if lines else what

    def __str__(self) -> str:
        return self.message


def _row(tag: Tag) -> Row:
    """How its values are packed."""
    return Row(tag._tag_type().functype.params)
