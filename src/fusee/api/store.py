"""`Store`: one world of instances, and the host functions and objects that they can reach."""

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fusee.api._limiting import LimitedStore
from fusee.api._referring import ReferringStore
from fusee.api.errors import LimitError, WasmtimeError
from fusee.api.hold import Hold
from fusee.api.managed import expect, refuse_closed
from fusee.api.raw import RawMemory
from fusee.api.storelike import Storelike, store_of
from fusee.api.values import Signature
from fusee.engine.errors import Suspended
from fusee.engine.state.module import EXTERN_MEMORY
from fusee.engine.state.parked import MOST_PARKED_BYTES, NO_ROOM
from fusee.engine.state.runtime import FRAME_WORDS, MOST_FRAMES, UNKNOWN_OFFSET
from fusee.engine.state.runtime import Func as FuncState
from fusee.engine.state.runtime import Instance as InstanceState
from fusee.engine.state.runtime import Tag as TagState
from fusee.kernel.memory import view

if TYPE_CHECKING:
    from fusee.api.externtypes import TagType
    from fusee.api.frame import Frame
    from fusee.api.func import HostCallable
    from fusee.api.module import Module
    from fusee.api.types import FuncType
    from fusee.wasi import WasiConfig, WasiContext

_SUSPENDED: Final = Suspended(0, 0).status


class Store(LimitedStore, ReferringStore):
    """Owns all that its instances are made of. Everything made in a store keeps it alive.

    A store may be used from different threads, but by one at a time: another one gets a `StoreError`.
    """

    # WASI.

    def set_wasi(self, wasi: "WasiConfig") -> None:
        """Give the programs of this store the system that `wasi` describes, which is used up by that.

        Raises `ArgumentError`; `WasmtimeError` if a file or directory cannot be opened; `ValueError` if `wasi` is
        used up.
        """
        from fusee.wasi import WasiConfig, WasiContext

        expect(wasi, WasiConfig, "a WasiConfig")
        self._opened()
        try:
            self._wasi_context = wasi._consume(WasiContext)
        except OSError as error:
            raise WasmtimeError(f"WASI: {error}") from error
        self._wasi_context.has_deadlines = self.engine._has_deadlines
        self._wasi_context.interrupt(self._is_overdue())

    def set_wasi_http(self, check: "Callable[[str, str], bool] | None" = None) -> None:
        """Let components of this store send HTTP requests; `set_wasi` must have been called.

        With `check`, only those that it gives True for: it is called with the method and the URL, strs. `check` is not
        in wasmtime-py. Raises `WasmtimeError` if the store has no WASI.
        """
        self._opened()._wasi.http_check = check or (lambda method, url: True)

    @property
    def _wasi(self) -> "WasiContext":
        """The state of this store's WASI program."""
        if self._wasi_context is None:
            raise WasmtimeError("the guest uses WASI but the store has none: call Store.set_wasi")
        return self._wasi_context

    def _exported_memory(self, instance: int) -> int:
        """The address of the memory that the instance at an address exports as "memory"; 0 if there is none."""
        found = self._exported_memories.get(instance)
        if found is None:
            held = self._hold()
            kind, index = self._module_of(instance, held)._export_places.get("memory", (-1, 0))
            memories = view(InstanceState, instance, held.space).memories
            found = self._exported_memories[instance] = int(memories[index]) if kind == EXTERN_MEMORY else 0
        return found

    def _memory_view(self, address: int) -> memoryview:
        """The bytes of the memory at an address, for the length of a host function's call."""
        raw = self._memories.get(address)
        if raw is None:
            raw = self._memories[address] = RawMemory(address, self._native.space, self._tenure)
        return raw.current()

    # Tasks of components.

    def _advance(self, func: int, parked: int, slots: "ctypes.Array[ctypes.c_uint64]") -> int:
        """Call the function at an address, as `_call`, but it may wait; or let it go on, if `parked` is not 0.

        Gives 0 if it has returned, or else what it goes on with. In the first of `slots` is what the host function
        gives the guest by which it waits.
        """
        held = self._hold()
        try:
            status = self._native.advance_status(self._address, func, parked, slots)
        finally:
            del held  # an exception keeps the frame
        if status and status != _SUSPENDED:
            self._fail(status, slots[0])
        return slots[0] if status else 0

    def _park(self, instance: int, slots: int) -> int:
        """In a host function, which is given the two by its guest: that leaves the interpreter when it returns.

        Gives what it goes on with, 0 if it cannot. Raises `LimitError`.
        """
        parked: int = self._alone(self._native.park, self._address, instance, slots)
        if parked == NO_ROOM:
            raise LimitError(f"frames of tasks that wait take more than {MOST_PARKED_BYTES} bytes, or memory is short")
        return parked

    def _drop_parked(self, parked: int) -> None:
        """A guest that waits does not go on."""
        self._alone(self._native.drop_parked, self._address, parked)

    # References to Python objects.

    # Functions.

    def _signature(self, func: int) -> Signature:
        """How the function at an address is called."""
        held = self._hold()
        state = view(FuncState, func, held.space)
        index = int(state.index)
        if state.instance == 0:
            return self._host(index).signature
        return self._module_of(int(state.instance), held)._signature(index)

    def _func_type(self, func: int) -> "FuncType":
        """The type of the function at an address: what is made of it is of just that type."""
        held = self._hold()
        state = view(FuncState, func, held.space)
        index = int(state.index)
        if state.instance == 0:
            return self._host(index).signature.type
        return self._module_of(int(state.instance), held)._type_of_func(index)

    def _host(self, identity: int) -> "HostCallable":
        """What performs the host function of that number."""
        try:
            return self._hosts[identity]
        except IndexError:  # another thread has closed the store meanwhile
            refuse_closed()

    def _tag_type(self, address: int) -> "TagType":
        """The type of the tag at an address."""
        known = self._tags.get(address)
        if known is None:
            held = self._hold()
            state = view(TagState, address, held.space)
            module = self._module_at(state.module._address)  # type: ignore[attr-defined]
            known = self._tags[address] = module._tag_type(int(state.type_index))
        return known

    def _module_of(self, instance: int, held: Hold) -> "Module":
        """The module of the instance at an address; it can be read as long as the store."""
        return self._module_at(view(InstanceState, instance, held.space).module._address)  # type: ignore[attr-defined]

    def _module_at(self, address: int) -> "Module":
        return self._modules.get(address) or refuse_closed()  # by another thread, since who asks has looked

    def _call(self, func: int, slots: "ctypes.Array[ctypes.c_uint64]") -> None:
        """Call the function at an address; `slots` holds the arguments and receives the results."""
        held = self._tenure.hold  # without a call: this is done for each one of a guest
        if held is None:
            refuse_closed()
        try:
            status = self._invoke(self._address, func, slots)
        except ctypes.ArgumentError as error:  # they are of the right types, but to look takes a call more
            raise RecursionError("maximum recursion depth exceeded while calling a guest") from error
        finally:
            del held  # an exception keeps the frame
        if status:
            self._fail(status, slots[0])

    def _fail(self, status: int, thrown: int) -> NoReturn:
        """Raise what a call has failed with; an exception of the guest's is kept by the place `thrown`."""
        failure, self._failure = self._failure, None
        if self._is_closed:  # meanwhile, by another thread
            refuse_closed()
        if failure is None:
            from fusee.api.failures import failure_of

            failure = failure_of(status, self, thrown)
        raise failure

    def _backtrace(self) -> "list[Frame]":
        """The frames of the trap that happened last, the innermost first."""
        words: Any = (ctypes.c_uint64 * int(MOST_FRAMES * FRAME_WORDS))()
        with self._lock:  # until the instances have been looked at, too
            held = self._hold()
            count: int = self._alone(self._native.backtrace, self._address, words, MOST_FRAMES)
            return self._frames(words[: FRAME_WORDS * count], held)

    def _frames(self, words: "list[int]", held: Hold) -> "list[Frame]":
        """Frames by what the engine tells of each: the instance's address, the function's index, and where."""
        from fusee.api.frame import Frame

        places: dict[tuple[int, int], tuple[str | None, str | None, int]] = {}  # by instance and function
        frames = []
        for at in range(0, len(words), FRAME_WORDS):
            instance, func, offset = words[at : at + FRAME_WORDS]
            place = places.get((instance, func))
            if place is None:
                module = self._module_of(instance, held)
                names = module._names
                place = places[instance, func] = names.functions.get(func), names.module, module._body_offset(func)
            name, module_name, start = place
            offset = start if offset == UNKNOWN_OFFSET else offset
            frames.append(Frame(func, name, module_name, offset, offset - start))
        return frames


class StoreContext:
    """A store that is lent: good wherever a `Store` is asked for, until it is taken back.

    What wasmtime-py gives to the host functions of components.
    """

    __slots__ = ("_store",)

    def __init__(self, store: Storelike) -> None:
        """Lend `store`. Raises `ArgumentError`."""
        self._store: Store | None = store_of(store)

    @property
    def _context(self) -> Store:
        """The store. Raises `ValueError` once it was taken back."""
        if self._store is None:
            raise ValueError("caller is no longer valid")
        return self._store._opened()

    def _invalidate(self) -> None:
        self._store = None
