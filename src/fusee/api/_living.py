"""A store's life: what it holds, how it begins and ends, and that it is not used after its end."""

import weakref
from collections.abc import Callable
from time import thread_time_ns
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast
from weakref import WeakSet, WeakValueDictionary

from fusee.api._objects import ObjectTable
from fusee.api._watch import add_store, remove_store
from fusee.api.ending import Ending, look
from fusee.api.engine import Engine
from fusee.api.errors import StoreError
from fusee.api.hold import Hold, Tenure
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.raw import RawMemory
from fusee.engine.state.heap import STEP_WORDS
from fusee.engine.state.runtime import NO_LIMIT
from fusee.engine.state.runtime import Store as StoreState
from fusee.kernel.memory import view

if TYPE_CHECKING:
    from fusee.api._decoded import Lifetime
    from fusee.api._waiting import Waiter
    from fusee.api.exception import WasmException
    from fusee.api.externtypes import TagType
    from fusee.api.func import Extern, HostCallable
    from fusee.api.module import Module
    from fusee.api.references import ObjectRef
    from fusee.api.store import Store
    from fusee.wasi import WasiContext


_Result = TypeVar("_Result")


class Closable(Protocol):
    """What ends with a store."""

    def close(self) -> None:
        """End it."""

    def forget(self) -> None:
        """What the store owns is not there any more."""


class LivingStore(ObjectTable, Unique, Managed):
    """What a `Store` is made of, for what it can do."""

    def __init__(self, engine: Engine | None = None, data: Any = None) -> None:
        """A store of `engine`, which is kept, or of a new one; `data` is any object, kept for `Store.data`.

        Raises `ArgumentError`; `ValueError` if the engine is closed; `LimitError` if the system has no memory.
        """
        if engine is None:
            engine = Engine()
        expect(engine, Engine, "an Engine")
        engine._opened()
        look()
        super().__init__()
        self._hold_nothing()
        store = cast("Store", self)  # this class alone is never made
        self.engine = engine
        self._native = engine._native
        self._data = data
        self._is_closed = self._has_ended = False
        self._tenure = Tenure(self._native.space)
        self._embedding = self._native.new_embedder(store)
        self._lock = self._embedding.lock  # held by the thread that is in the store's code
        self._address: int = self._native.new_store(engine._address, self._stack_bytes(engine), self._embedding.address)
        self._invoke = self._native.invoke_status
        self._state = view(StoreState, self._address, self._native.space)
        if engine._is_metered and not engine._consume_fuel:
            store._fill(int(NO_LIMIT))
        self._native.stores[self._address] = weakref.ref(store)
        add_store(self._address, self._embedding)
        self._end = Ending(self, _end, self._native, self._address, engine, self._lifetimes, self._borrowed)

    def _hold_nothing(self) -> None:
        """A new store has no instances, nothing that these have made, and no limits."""
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
        self._borrowed: dict[int, Store] = {}  # who owns the shared memories that instances have imported
        self._borrowers: WeakSet[Store] = WeakSet()  # stores with instances that have imported those of this one
        self._waiter: Waiter | None = None  # the guest waits for a word of a shared memory

    @staticmethod
    def _stack_bytes(engine: Engine) -> int:
        """The size of the guests' stack."""
        return engine._max_wasm_stack

    @property
    def _context(self) -> Self:
        """The store itself; what `Caller.context` gives too."""
        return self._opened()

    def _opened(self) -> Self:
        """The store, unless it was closed."""
        return refuse_closed() if self._is_closed else self

    def _hold(self) -> Hold:
        """What keeps the store's memory in place for who reads it, unless the store was closed."""
        held = self._tenure.hold
        return refuse_closed() if held is None or self._is_closed else held

    def _alone(self, entry: "Callable[..., _Result]", *arguments: Any) -> "_Result":
        """What an entry of the engine's gives, called with the store's lock, and only while there is a store.

        Whoever has waited for the lock may have waited for `close`. So all entries that work on a store are called by
        this, but those that guests run in: they look themselves.
        """
        with self._lock:
            if self._is_closed:
                refuse_closed()
            return entry(*arguments)

    def close(self) -> None:
        """End all that the store holds; views of its memories stay valid.

        Raises `StoreError` while a guest runs, and in a signal handler or finalizer in the middle of another use.
        """
        self._end_tasks()
        self._refuse_within()
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
        self._refuse_within()
        end = thread_time_ns() + budget
        is_complete = False
        while not is_complete:
            with self._lock:
                if self._has_ended:
                    break
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

    def _refuse_within(self) -> None:
        """A signal handler or a finalizer closes it in the middle of a use by the same thread, which has the lock."""
        if self._embedding.is_used_here and not self._has_ended:
            raise StoreError("the store is being used")

    def _refuse_uses(self) -> None:
        if self._embedding.depth:
            raise StoreError("a guest of the store is running")
        self._embedding.is_closed = True
        with self.engine._gate.clock:
            self._is_closed = True
        if self._components is not None:
            self._components.forget()
        self._invoke = refuse_closed

    def _end_alone(self) -> None:
        """End in the engine; after those that borrow something, if there are any, and those that read."""
        with self.engine._gate.clock:  # nobody begins to borrow meanwhile
            self._has_ended = not any(store._end.alive for store in self._borrowers)
        if self._has_ended:
            self._tenure.end(self._end)

    def _forget(self) -> None:
        self._hosts.clear()
        self._modules.clear()
        self._memories.clear()
        self._objects.clear()
        self._references.clear()
        if self._wasi_context is not None:
            self._wasi_context.close()
            self._wasi_context = None

    def data(self) -> Any:
        """What the store was made with."""
        return self._opened()._data


def _end(native: Any, address: int, engine: Engine, lifetimes: "set[Lifetime]", borrowed: object) -> None:
    """End a store, and then its modules; its engine and what it borrows are arguments so that they end after it."""
    native.stores.pop(address, None)
    remove_store(address)
    native.release_store(address)
    lifetimes.clear()
