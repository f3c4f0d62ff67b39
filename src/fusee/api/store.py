"""`Store`: one world of instances, and the host functions and objects that they can reach."""

import ctypes
import weakref
from collections.abc import Callable
from copy import copy
from time import thread_time_ns
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, cast
from weakref import WeakSet, WeakValueDictionary

from fusee.api._conversion import from_reference, to_reference
from fusee.api._objects import ObjectTable
from fusee.api._stack import host_stack_bytes
from fusee.api._watch import add_store, remove_store
from fusee.api.engine import Engine
from fusee.api.errors import LimitError, StoreError, WasmtimeError
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.raw import RawMemory
from fusee.api.storelike import Storelike, store_of
from fusee.api.values import Signature
from fusee.engine.errors import Suspended
from fusee.engine.state.heap import STEP_WORDS
from fusee.engine.state.module import EXTERN_MEMORY
from fusee.engine.state.runtime import (
    FRAME_WORDS,
    MOST_FRAMES,
    MOST_FUEL,
    MOST_PARKED_BYTES,
    NO_LIMIT,
    NO_ROOM,
    SLOT_BYTES,
    UNKNOWN_OFFSET,
)
from fusee.engine.state.runtime import Func as FuncState
from fusee.engine.state.runtime import Instance as InstanceState
from fusee.engine.state.runtime import Store as StoreState
from fusee.engine.state.runtime import Tag as TagState
from fusee.kernel.memory import view
from fusee.kernel.scalars import u32, u64, usize

if TYPE_CHECKING:
    from fusee.api._waiting import Waiter
    from fusee.api.exception import WasmException
    from fusee.api.frame import Frame
    from fusee.api.func import Extern, HostCallable
    from fusee.api.module import Lifetime, Module
    from fusee.api.object_types import ArrayType, StructType
    from fusee.api.references import ObjectRef
    from fusee.api.types import TagType, ValType
    from fusee.wasi import WasiConfig, WasiContext


_NO_LIMIT: Final = int(NO_LIMIT)
_SUSPENDED: Final = Suspended(0, 0).status


class Closable(Protocol):
    """What ends with a store."""

    def close(self) -> None:
        """End it."""

    def forget(self) -> None:
        """What the store owns is not there any more."""


class Store(ObjectTable, Unique, Managed):
    """Owns all that its instances are made of. Everything made in a store keeps it alive.

    A store may be used from different threads, but by one at a time: another one gets a `StoreError`.
    """

    def __init__(self, engine: Engine | None = None, data: Any = None) -> None:
        """A store of `engine`, which is kept, or of a new one; `data` is any object, kept for `Store.data`.

        Raises `ArgumentError`; `ValueError` if the engine is closed; `LimitError` if the system has no memory.
        """
        if engine is None:
            engine = Engine()
        expect(engine, Engine, "an Engine")
        engine._opened()
        super().__init__()
        self.engine = engine
        self._native = engine._native
        self._data = data
        self._is_closed = self._has_ended = False
        self._embedding = self._native.new_embedder(self)
        self._lock = self._embedding.lock  # held by the thread that is in the store's code
        self._address: int = self._native.new_store(engine._address, self._stack_bytes(engine), self._embedding.address)
        self._invoke = self._native.invoke_status
        self._state = view(StoreState, self._address, self._native.space)
        if engine._compiles:
            self._state.host_budget = usize(host_stack_bytes())
        self._hosts: list[HostCallable] = []
        self._modules: dict[int, Module] = {}  # by address; they live as long as the store
        self._lifetimes: set[Lifetime] = set()  # theirs
        self._memories: dict[int, RawMemory] = {}  # those that host functions have asked for, by address
        # Who makes instances says how to find an export, by an instance's address and a name.
        self._find_export: Callable[[Store, int, str], Extern | None] | None = None
        self._exported_memories: dict[int, int] = {}  # the address of the memory "memory", by the instance's
        self._tags: dict[int, TagType] = {}  # the host's, by address
        self._exceptions: WeakValueDictionary[int, WasmException] = WeakValueDictionary()  # the host's, by address
        self._aggregates: WeakValueDictionary[int, ObjectRef] = WeakValueDictionary()  # by address
        self._failure: BaseException | None = None  # raised by a host function of an emulated device's guest
        self._wasi_context: WasiContext | None = None
        self._components: Closable | None = None  # what `fusee.component` keeps for the store
        self._deadline: int | None = None
        self._is_stopped = False
        if engine._is_metered and not engine._consume_fuel:
            self._fill(int(NO_LIMIT))
        self._native.stores[self._address] = weakref.ref(self)
        add_store(self._address, self._embedding)
        self._borrowed: dict[int, Store] = {}  # who owns the shared memories that instances have imported
        self._borrowers: WeakSet[Store] = WeakSet()  # stores with instances that have imported those of this one
        self._waiter: Waiter | None = None  # the guest waits for a word of a shared memory
        self._end = weakref.finalize(self, _end, self._native, self._address, engine, self._lifetimes, self._borrowed)
        self._end.atexit = False  # the process's end frees everything at once

    @staticmethod
    def _stack_bytes(engine: Engine) -> int:
        """The size of the guests' stack."""
        return engine._max_wasm_stack

    @property
    def _context(self) -> "Store":
        """The store itself; what `Caller.context` gives too."""
        return self._opened()

    def _opened(self) -> "Store":
        """The store, unless it was closed."""
        return refuse_closed() if self._is_closed else self

    def close(self) -> None:
        """End all that the store holds; views of its memories stay valid. Raises `StoreError` while a guest runs."""
        self._end_tasks()
        with self._lock:
            self._refuse_uses()
            self._end_alone()
        self._forget()

    def end(self, budget: int) -> bool:
        """Close it in steps: free guests' objects until `budget` is used up; whether everything has ended.

        The budget is in nanoseconds of this thread's processor time. The first call refuses all further uses of the
        store, later ones go on. Raises `StoreError` while a guest runs. Not in wasmtime-py.
        """
        expect(budget, int, "an int")
        self._end_tasks()
        end = thread_time_ns() + budget
        is_complete = False
        while not is_complete and self._end.alive:
            with self._lock:
                self._refuse_uses()
                is_complete = bool(self._native.end_objects(self._address, STEP_WORDS))
                if is_complete:
                    self._end_alone()
            if not is_complete and thread_time_ns() >= end:
                return False
        self._forget()
        return True

    def _end_tasks(self) -> None:
        """What waits in the store with its frames in place ends first."""
        if self._components is not None and not self._is_closed and not self._embedding.depth:
            self._components.close()

    def _refuse_uses(self) -> None:
        if self._embedding.depth:
            raise StoreError("a guest of the store is running")
        with self.engine._gate.clock:
            self._is_closed = True
        if self._components is not None:
            self._components.forget()
        self._invoke = refuse_closed

    def _end_alone(self) -> None:
        """End in the engine; after those that borrow something, if there are any."""
        with self.engine._gate.clock:  # nobody begins to borrow meanwhile
            self._has_ended = not any(store._end.alive for store in self._borrowers)
        if self._has_ended:
            self._end()

    def _forget(self) -> None:
        self._hosts.clear()
        self._modules.clear()
        self._lifetimes.clear()
        self._memories.clear()
        self._objects.clear()
        self._references.clear()
        if self._wasi_context is not None:
            self._wasi_context.close()
            self._wasi_context = None

    def data(self) -> Any:
        """What the store was made with."""
        return self._opened()._data

    # Limits.

    def set_fuel(self, fuel: int) -> None:
        """Let guests execute `fuel` instructions, an int, before they trap with `OUT_OF_FUEL`; then nothing is left.

        They pay for a straight line of instructions before its first one, as docs/python-api.md says.
        Raises `WasmtimeError` unless `Config.consume_fuel` is set, and if `fuel` does not fit 64 bits.
        """
        expect(fuel, int, "an int")
        if fuel != fuel & 0xFFFF_FFFF_FFFF_FFFF:
            raise WasmtimeError("fuel is a number of 64 bits, without a sign")
        self._metered()
        self._fill(fuel)

    def _fill(self, fuel: int) -> None:
        """Guests that look for themselves whether they shall stop come for their fuel in slices, and look then."""
        released = 0 if self._native.polls else min(fuel, int(MOST_FUEL))
        self._state.fuel_at[0], self._state.held_fuel = u64(released), u64(fuel - released)

    def get_fuel(self) -> int:
        """What is left of the fuel, in instructions. Raises `WasmtimeError` unless `Config.consume_fuel` is set."""
        state = self._metered()
        return int(state.fuel_at[0]) + int(state.held_fuel)

    def _metered(self) -> StoreState:
        if not self._opened().engine._consume_fuel:
            raise WasmtimeError("fuel is not configured in this store")
        return self._state

    def set_epoch_deadline(self, ticks_after_current: int) -> None:
        """Let guests trap with `INTERRUPT` once `Engine.increment_epoch` has been called that often from now.

        `ticks_after_current` is an int. Takes effect with `Config.epoch_interruption` or `consume_fuel`.
        """
        expect(ticks_after_current, int, "an int")
        self._opened()
        with self.engine._gate.clock:
            self._deadline = self.engine._epoch + ticks_after_current
            self._check_deadline()

    def _check_deadline(self) -> None:
        """Have guests stop if the deadline has passed; called whenever one of the two clocks is set."""
        with self.engine._gate.clock:
            if self.engine._has_deadlines:
                self._interrupt()

    def _stop(self) -> None:
        """Have guests stop for good. May be called from any thread."""
        with self.engine._gate.clock:
            self._is_stopped = True
            self._interrupt()

    def _interrupt(self) -> None:
        """Tell guests whether they shall stop."""
        with self.engine._gate.clock:
            if self._is_closed:  # meanwhile, by another thread
                return
            self._state.interrupt = u32(self._is_overdue())
            while (self._state.interrupt != 0) is not self._is_overdue():  # a signal handler has set a clock meanwhile
                self._state.interrupt = u32(self._is_overdue())
            if self._state.interrupt != 0:
                self._native.interrupt_store(self._address)
                if self._waiter is not None:
                    self._waiter.wake()
            if self._wasi_context is not None:
                self._wasi_context.interrupt(self._is_overdue())

    def _is_overdue(self) -> bool:
        if self._is_stopped:
            return True
        return self._deadline is not None and self.engine._epoch >= self._deadline

    def set_limits(
        self,
        memory_size: int = -1,
        table_elements: int = -1,
        instances: int = -1,
        tables: int = -1,
        memories: int = -1,
        heap_size: int = -1,
    ) -> None:
        """Limit what the store may hold from now on; negative: no limit. Raises `ArgumentError`.

        `memory_size` is the size in bytes of each memory, `table_elements` the length of each table, `heap_size` that
        of all structs, arrays and exceptions, in bytes of the blocks that they are in; the others are numbers of
        objects. What goes beyond raises `LimitError`; a guest gets -1 from `memory.grow`, and a `Trap` with
        `OUT_OF_MEMORY` where it makes a struct or an array. `heap_size` is not in wasmtime-py.
        """
        limits = _checked((memory_size, table_elements, instances, tables, memories, heap_size))
        self._opened()._native.set_limits(self._address, *limits)

    def set_total_limits(self, memory_size: int, table_elements: int) -> None:
        """Limit what all memories of the store may take together, in bytes, and all tables, in elements.

        A new store allows 64 GiB and 33,554,432 elements. Negative: no limit. What a limit keeps from being made
        raises `LimitError`; `memory.grow` and `table.grow` give -1. Raises `ArgumentError`. Not in wasmtime-py.
        """
        self._opened()._native.set_total_limits(self._address, *_checked((memory_size, table_elements)))

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
            kind, index = self._module_of(instance)._export_places.get("memory", (-1, 0))
            memories = view(InstanceState, instance, self._native.space).memories
            found = self._exported_memories[instance] = int(memories[index]) if kind == EXTERN_MEMORY else 0
        return found

    def _memory_view(self, address: int) -> memoryview:
        """The bytes of the memory at an address, for the length of a host function's call."""
        raw = self._memories.get(address)
        if raw is None:
            raw = self._memories[address] = RawMemory(address, self._native.space)
        return raw.current()

    # Tasks of components.

    def _advance(self, func: int, parked: int, slots: "ctypes.Array[ctypes.c_uint64]") -> int:
        """Call the function at an address, as `_call`, but it may wait; or let it go on, if `parked` is not 0.

        Gives 0 if it has returned, or else what it goes on with. In the first of `slots` is what the host function
        gives the guest by which it waits.
        """
        if self._is_closed:
            refuse_closed()
        status = self._native.advance_status(self._address, func, parked, slots)
        if status and status != _SUSPENDED:
            self._fail(status, slots[0])
        return slots[0] if status else 0

    def _park(self, instance: int, slots: int) -> int:
        """In a host function, which is given the two by its guest: that leaves the interpreter when it returns.

        Gives what it goes on with, 0 if it cannot. Raises `LimitError`.
        """
        with self._lock:
            parked: int = self._native.park(self._address, instance, slots)
        if parked == NO_ROOM:
            raise LimitError(f"frames of tasks that wait take more than {MOST_PARKED_BYTES} bytes, or memory is short")
        return parked

    def _drop_parked(self, parked: int) -> None:
        """A guest that waits does not go on."""
        with self._lock:
            self._native.drop_parked(self._address, parked)

    # References to Python objects.

    def gc(self, budget: int | None = None) -> bool:
        """Look for objects that guests hold no more, and free them; whether a search has been completed.

        Between and in calls that happens of itself, as often as is worth it. With a `budget`, in nanoseconds of this
        thread's processor time, the guests' own objects are looked for in steps, until it is used up; the next call
        goes on from there. Without one the search begins anew and is completed, and Python objects that guests have
        been given are let go of, too.
        """
        self._opened()
        if budget is None:
            with self._lock:
                self._native.collect_all_for(self._address)
            self._let_go()
            return True
        expect(budget, int, "an int")
        end = thread_time_ns() + budget
        while True:
            with self._lock:
                is_complete = bool(self._native.collect_for(self._address, STEP_WORDS))
            if is_complete or thread_time_ns() >= end:
                return is_complete

    def _trace(self, marks: "ctypes.Array[ctypes.c_ubyte]") -> int:
        with self._lock:
            looked_at: int = self._native.collect_hosts(self._address, marks, len(marks))
        return looked_at

    # References to what guests make.

    _to_reference = to_reference
    _from_reference = from_reference

    def _kind_of_object(self, address: int) -> int:
        """Whether a structure (`KIND_STRUCT`) or an array (`KIND_ARRAY`) is at an address."""
        kind: int = self._native.kind_of_object(self.engine._address, address)
        return kind

    def _is_of_type(self, reference: int, type: "ValType") -> bool:  # noqa: A002
        """Whether a reference is of a type of its hierarchy."""
        with self._lock:
            return bool(self._native.is_of_type(self.engine._address, reference, type._code))

    def _object_type(self, type: "StructType | ArrayType") -> int:  # noqa: A002
        """The engine's number for a type, of which an object is to be made: it has to live as long as the store."""
        declaration = type._declaration
        if declaration is None or declaration.engine is not self.engine:
            return self.engine._canonical(copy(type))  # which is from nowhere
        if isinstance(declaration.keeper, Store):
            if declaration.keeper is not self:
                raise StoreError("the type belongs to another store")
        else:
            self._lifetimes.add(cast("Lifetime", declaration.keeper))
        return declaration.number

    def _keep(self, reference: int) -> int:
        """A place in the engine that keeps what a reference refers to, until `_free_place`."""
        with self._lock:
            place: int = self._native.keep(self._address, reference)
        if not place:
            raise StoreError("the object has ended: another thread has used the store")
        return place

    def _keep_for(self, holder: object, reference: int) -> None:
        """What a reference refers to lives as long as a Python object."""
        self._release_with(holder, self._keep(reference))

    def _release_with(self, holder: object, place: int) -> None:
        """A place is used no longer than a Python object lives."""
        weakref.finalize(holder, _free_place, weakref.ref(self), place).atexit = False

    def _read_place(self, place: int) -> int:
        return int.from_bytes(self._native.space.read(place, SLOT_BYTES), "little")

    def _free_place(self, place: int) -> None:
        """In any thread: one store of a word."""
        self._native.space.write(place, bytes(SLOT_BYTES))

    # Functions.

    def _signature(self, func: int) -> Signature:
        """How the function at an address is called."""
        state = view(FuncState, func, self._opened()._native.space)
        if state.instance == 0:
            return self._hosts[int(state.index)].signature
        module = self._module_of(int(state.instance))
        return module._signature(int(state.index))

    def _tag_type(self, address: int) -> "TagType":
        """The type of the tag at an address."""
        known = self._tags.get(address)
        if known is None:
            state = view(TagState, address, self._opened()._native.space)
            module = self._modules[state.module._address]  # type: ignore[attr-defined]
            known = self._tags[address] = module._tag_type(int(state.type_index))
        return known

    def _module_of(self, instance: int) -> "Module":
        """The module of the instance at an address."""
        return self._modules[view(InstanceState, instance, self._native.space).module._address]  # type: ignore[attr-defined]

    def _call(self, func: int, slots: "ctypes.Array[ctypes.c_uint64]") -> None:
        """Call the function at an address; `slots` holds the arguments and receives the results."""
        try:
            status = self._invoke(self._address, func, slots)
        except ctypes.ArgumentError as error:  # they are of the right types, but to look takes a call more
            raise RecursionError("maximum recursion depth exceeded while calling a guest") from error
        if status:
            self._fail(status, slots[0])

    def _fail(self, status: int, thrown: int) -> NoReturn:
        """Raise what a call has failed with; an exception of the guest's is kept by the place `thrown`."""
        failure, self._failure = self._failure, None
        if failure is None:
            from fusee.api.failures import failure_of

            failure = failure_of(status, self, thrown)
        raise failure

    def _backtrace(self) -> "list[Frame]":
        """The frames of the trap that happened last, the innermost first."""
        from fusee.api.frame import Frame

        words: Any = (ctypes.c_uint64 * int(MOST_FRAMES * FRAME_WORDS))()
        with self._lock:
            count: int = self._native.backtrace(self._address, words, MOST_FRAMES)
        places: dict[tuple[int, int], tuple[str | None, str | None, int]] = {}  # by instance and function
        frames = []
        for at in range(0, FRAME_WORDS * count, FRAME_WORDS):
            instance, func, offset = words[at : at + FRAME_WORDS]
            place = places.get((instance, func))
            if place is None:
                module = self._module_of(instance)
                names = module._names
                place = places[instance, func] = names.functions.get(func), names.module, module._body_offset(func)
            name, module_name, start = place
            offset = start if offset == UNKNOWN_OFFSET else offset
            frames.append(Frame(func, name, module_name, offset, offset - start))
        return frames


def _checked(limits: tuple[int, ...]) -> list[int]:
    """Limits as the engine has them. Raises `ArgumentError`."""
    for limit in limits:
        expect(limit, int, "an int")
    return [min(limit, _NO_LIMIT) if limit >= 0 else _NO_LIMIT for limit in limits]


def _free_place(owner: "weakref.ref[Store]", place: int) -> None:
    store = owner()
    if store is None:
        return
    with store.engine._gate.clock:  # whoever closes the store, in another thread, waits with ending it
        if not store._is_closed:
            store._free_place(place)


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


def _end(native: Any, address: int, *lives_longer: object) -> None:
    """End a store; its engine and modules are arguments so that they end after it."""
    native.stores.pop(address, None)
    remove_store(address)
    native.release_store(address)
