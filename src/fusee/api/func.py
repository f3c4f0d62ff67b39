"""`Func`, and what host functions see of their caller."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Union

from fusee.api.errors import FuseeError, HostError
from fusee.api.store import Store, Storelike, own
from fusee.api.types import FuncType, ValType
from fusee.api.values import Signature

if TYPE_CHECKING:
    from fusee.api.globals import Global
    from fusee.api.memory import Memory
    from fusee.api.table import Table

Extern = Union["Func", "Table", "Memory", "Global"]


class HostFunction:
    """A Python function as guests call it."""

    __slots__ = ("access_caller", "call", "signature")

    def __init__(self, signature: Signature, call: Callable[..., Any], access_caller: bool) -> None:
        self.signature = signature
        self.call = call
        self.access_caller = access_caller

    def run(self, store: Store, instance: int, slots: int) -> None:
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
        elif not isinstance(result, Sequence) or len(result) != count:
            raise HostError(f"callback produced wrong number of results: {count} are needed")
        else:
            signature.results.pack_into(store, buffer, result)


class Func:
    """A function, the guest's or the host's."""

    __slots__ = ("_signature", "address", "store")

    def __init__(self, store: Storelike, ty: FuncType, func: Callable[..., Any], access_caller: bool = False) -> None:
        if not isinstance(getattr(store, "context", None), Store):
            raise TypeError("expected a Store")
        if not isinstance(ty, FuncType):
            raise TypeError("expected a FuncType")
        self.store = store.context
        self._signature: Signature | None = Signature(ty)
        self.store.hosts.append(HostFunction(self._signature, func, access_caller))
        self.address: int = self.store.native.new_host_func(
            self.store.address,
            len(self.store.hosts) - 1,
            self.store.engine.canonical(ty),
            len(ty.params),
            len(ty.results),
        )

    @classmethod
    def from_address(cls, store: Store, address: int) -> "Func":
        """The function that the engine has at `address`."""
        self = object.__new__(cls)
        self.store = store
        self.address = address
        self._signature = None
        return self

    @property
    def signature(self) -> Signature:
        """How it is called."""
        if self._signature is None:
            self._signature = self.store.signature(self.address)
        return self._signature

    def type(self, store: Storelike) -> FuncType:
        """Its type."""
        own(store, self.store)
        return self.signature.type

    def matches(self, type: ValType) -> bool:  # noqa: A002
        """Whether a reference to it is of a (function reference) type."""
        engine = self.store.engine
        with engine.lock:
            return bool(engine.native.func_matches(engine.address, self.address, type.code))

    def __call__(self, store: Storelike, *params: Any) -> Any:
        """Call it: None, one value, or a list of several."""
        owner = own(store, self.store)
        signature = self.signature
        if len(params) != len(signature.params.types):
            few = "too many" if len(params) > len(signature.params.types) else "too few"
            expected = len(signature.params.types)
            raise FuseeError(f"{few} parameters provided: given {len(params)}, expected {expected}")
        slots = signature.buffer()
        signature.params.pack_into(owner, slots, params)
        owner.invoke(self.address, slots)
        count = len(signature.results.types)
        if count == 0:
            return None
        results = signature.results.unpack(owner, slots)
        return results[0] if count == 1 else list(results)

    def call_raw(self, store: Storelike, slots: Sequence[int]) -> list[int]:
        """Call it with bit patterns, 64 bits each (two for v128): NaNs pass as they are."""
        owner = own(store, self.store)
        signature = self.signature
        if 8 * len(slots) != signature.params.size:
            raise FuseeError(f"{len(slots)} slots given, expected {signature.params.size // 8}")
        array = signature.buffer(*slots)
        owner.invoke(self.address, array)
        return array[: signature.results.size // 8]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Func) and self.address == other.address and self.store is other.store

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"<Func {self.signature.type}>"


class Caller:
    """The instance that calls a host function, for as long as the call lasts."""

    __slots__ = ("_instance", "_store")

    def __init__(self, store: Store, instance: int) -> None:
        self._store: Store | None = store
        self._instance = instance

    @property
    def context(self) -> Store:
        """The store, so that a `Caller` serves wherever a `Store` does."""
        if self._store is None:
            raise ValueError("caller is no longer valid")
        return self._store

    def get(self, name: str) -> Extern | None:
        """The calling instance's export of that name; None if there is none, or the call is over."""
        from fusee.api.instance import export_of

        if self._store is None or self._instance == 0:
            return None
        return export_of(self._store, self._instance, name)

    def __getitem__(self, name: str) -> Extern:
        found = self.get(name)
        if found is None:
            raise KeyError(f"failed to find export {name}")
        return found

    def memory_view(self) -> memoryview:
        """The bytes of the memory that the calling instance exports as "memory", until the call ends or it grows.

        WASI's functions work on it, as the witx definition says. Raises `FuseeError` if there is none.
        """
        store = self.context
        memory = store.exported_memory(self._instance) if self._instance else 0
        if memory == 0:
            raise FuseeError("missing required memory export")
        return store.memory_view(memory)

    def _invalidate(self) -> None:
        self._store = None
