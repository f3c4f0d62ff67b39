"""`Func`, and what host functions see of their caller."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from fusee.api.errors import ArgumentError, HostError, LinkError, WasmtimeError
from fusee.api.managed import Unique, expect, shown
from fusee.api.storelike import Storelike, own, store_of
from fusee.api.types import FuncType, ValType
from fusee.api.values import Signature
from fusee.engine.state.runtime import SLOT_BYTES

if TYPE_CHECKING:
    from fusee.api.globals import Global
    from fusee.api.memory import Memory
    from fusee.api.sharedmemory import SharedMemory
    from fusee.api.store import Store
    from fusee.api.table import Table
    from fusee.api.tag import Tag

    Extern: TypeAlias = "Func | Table | Memory | SharedMemory | Global | Tag"
else:
    Extern = object  # Python compiles strings in types, and makes the classes of its syntax for it: 1 ms of each start


class HostCallable(Protocol):
    """What guests call: given the slots of a call, as the engine has them, it takes the arguments and puts results."""

    @property
    def signature(self) -> Signature:
        """Its type."""

    def run(self, store: "Store", instance: int, slots: int) -> object:
        """Perform a call; `slots` is an address. Gives None, or something else after `Store._park`."""


class HostFunction:
    """A Python function as guests call it."""

    __slots__ = ("access_caller", "call", "signature")

    def __init__(self, signature: Signature, call: Callable[..., Any], access_caller: bool) -> None:
        self.signature = signature
        self.call = call
        self.access_caller = access_caller

    def run(self, store: "Store", instance: int, slots: int) -> None:
        """Take the arguments from `slots`, call, and put the results there."""
        signature = self.signature
        buffer = signature.buffer.from_address(slots)
        arguments = signature.params.unpack(store, buffer)
        if self.access_caller:
            caller = Caller(store, instance)
            try:
                result = self.call(caller, *arguments)
            finally:
                caller._invalidate()
        else:
            result = self.call(*arguments)
        count = len(signature.results.types)
        if count == 1:
            signature.results.pack_into(store, buffer, (result,))
        elif count == 0:
            if result is not None:
                raise HostError("callback produced results when it shouldn't")
        elif not isinstance(result, Sequence):
            raise ArgumentError(f"callback produced {shown(result)}, where a sequence of {count} results is needed")
        elif len(result) != count:
            raise HostError(f"callback produced wrong number of results: {len(result)}, not {count}")
        else:
            signature.results.pack_into(store, buffer, result)
        if store._are_many:
            store._let_go(buffer)


class Func(Unique):
    """A function, the guest's or the host's (spec 4.2.6).

    All methods raise `StoreError` for another store, `ValueError` for a closed one.
    """

    __slots__ = ("__weakref__", "_address", "_function_signature", "_store")

    def __init__(self, store: Storelike, ty: FuncType, func: Callable[..., Any], access_caller: bool = False) -> None:
        """A function of the type `ty` in `store` that guests call and `func` performs.

        `func` takes Python values for its parameters, behind a `Caller` if `access_caller` is true, and gives None,
        one value, or a sequence of several. What it raises ends the guest, and is raised where the guest was called.
        Raises `ArgumentError`.
        """
        owner = store_of(store)
        expect(ty, FuncType, "a FuncType")
        self._bind(owner, HostFunction(Signature(ty), func, access_caller))

    def _bind(self, owner: "Store", host: "HostCallable") -> None:
        """Make it the function that `host` performs."""
        self._store = owner
        self._function_signature: Signature | None = host.signature
        ty = host.signature.type
        canonical = owner.engine._canonical(ty)
        owner._hosts.append(host)
        self._address: int = owner._alone(
            owner._native.new_host_func,
            owner._address,
            len(owner._hosts) - 1,
            canonical,
            len(ty.params),
            len(ty.results),
            self._signature.params.size // SLOT_BYTES,
            self._signature.results.size // SLOT_BYTES,
        )

    @classmethod
    def _of_host(cls, store: "Store", host: "HostCallable") -> "Func":
        """A function that works on the slots of its calls."""
        self = object.__new__(cls)
        self._bind(store, host)
        return self

    @classmethod
    def _from_address(cls, store: "Store", address: int) -> "Func":
        """The function that the engine has at `address`."""
        self = object.__new__(cls)
        self._store = store
        self._address = address
        self._function_signature = None
        return self

    @property
    def _signature(self) -> Signature:
        """How it is called."""
        if self._function_signature is None:
            self._function_signature = self._store._signature(self._address)
        return self._function_signature

    def type(self, store: Storelike) -> FuncType:
        """Its `FuncType`."""
        return own(store, self._store)._func_type(self._address)

    def _matches(self, type: ValType) -> bool:  # noqa: A002
        """Whether a reference to it is of a (function reference) type."""
        store, engine = self._store, self._store.engine
        return bool(store._alone(store._native.func_matches, engine._address, self._address, type._code))

    def __call__(self, store: Storelike, *params: Any) -> Any:
        """Call it with Python values or `Val`s; gives None, one value, or a list of several.

        An int is taken modulo 2ⁿ. Raises `WasmtimeError` for a wrong number of parameters; `TypeError` for one of
        another type; `Trap`; `ExitTrap` if a WASI program ends itself; what a host function raises; `StoreError` if
        another thread is using the store.
        """
        owner = self._store
        if store is not owner:
            own(store, owner)
        signature = self._function_signature or self._signature
        if len(params) != len(signature.params.types):
            few = "too many" if len(params) > len(signature.params.types) else "too few"
            expected = len(signature.params.types)
            raise WasmtimeError(f"{few} parameters provided: given {len(params)}, expected {expected}")
        slots = signature.buffer()
        signature.params.pack_into(owner, slots, params)
        owner._call(self._address, slots)
        count = len(signature.results.types)
        results = signature.results.unpack(owner, slots) if count else ()
        if owner._are_many:
            owner._let_go()  # now that results are held
        if count == 0:
            return None
        return results[0] if count == 1 else list(results)

    def call_raw(self, store: Storelike, slots: Sequence[int]) -> list[int]:
        """Call it with bit patterns, 64 bits each (two for v128): NaNs pass as they are. Not in wasmtime-py.

        Raises what a call raises, and `ArgumentError`.
        """
        owner = own(store, self._store)
        signature = self._signature
        try:
            if 8 * len(slots) != signature.params.size:
                raise WasmtimeError(f"{len(slots)} slots given, expected {signature.params.size // 8}")
            array = signature.buffer(*slots)
        except TypeError:
            raise ArgumentError(f"expected a sequence of ints, not {shown(slots)}") from None
        owner._call(self._address, array)
        return array[: signature.results.size // 8]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Func) and self._address == other._address and self._store is other._store

    def __hash__(self) -> int:
        return hash(self._address)

    def __repr__(self) -> str:
        return f"<Func {self._signature.type}>"


class Caller:
    """The instance that calls a host function, for as long as the call lasts. Good wherever a `Store` is asked for."""

    __slots__ = ("_instance", "_store")

    def __init__(self, store: "Store", instance: int) -> None:
        """Made for a call by the engine; `instance` is an address, or 0."""
        self._store: Store | None = store
        self._instance = instance

    @property
    def _context(self) -> "Store":
        """The store, so that a `Caller` serves wherever a `Store` does."""
        if self._store is None:
            raise ValueError("caller is no longer valid")
        return self._store

    def get(self, name: str) -> Extern | None:
        """The calling instance's export of that name, a str; None if there is none, or the call is over.

        Raises `ArgumentError`.
        """
        expect(name, str, "a str")
        store = self._store
        if store is None or self._instance == 0 or store._find_export is None:
            return None
        return store._find_export(store, self._instance, name)

    def __getitem__(self, name: str) -> Extern:
        """What `get` gives. Raises `KeyError` for None."""
        found = self.get(name)
        if found is None:
            raise KeyError(f"failed to find export {name}")
        return found

    def _memory_view(self) -> memoryview:
        """The bytes of the memory that the calling instance exports as "memory", until the call ends or it grows.

        WASI's functions work on it, as the witx definition says. Raises `LinkError` if there is none.
        """
        store = self._context
        memory = store._exported_memory(self._instance) if self._instance else 0
        if memory == 0:
            raise LinkError("missing required memory export")
        return store._memory_view(memory)

    def _invalidate(self) -> None:
        self._store = None
