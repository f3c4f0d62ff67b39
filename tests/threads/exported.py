"""Functions of real modules, called with numbers in Fusee and in wasmtime: `python -m tests.threads exported MODULE`.

What a module imports is stubbed: functions give zeros, and memories are as its type says. `_initialize` is called
first, as hosts of such modules do. Called are exported functions that take and give nothing but numbers, and those in
tables that are exported. Both engines go through the same calls with the same state; after each their results, or
traps, and their memories must be the same. Who does not come back within a while is stopped, and both begin anew.
"""

import ctypes
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import fusee

SECONDS: Final = 1.0  # of a call
MOST: Final = 100  # functions
INITIALIZE: Final = "_initialize"
COMPARED: Final = 256 << 20  # bytes of a memory: behind those a program of this kind has nothing so early
ARGUMENTS: Final[tuple[Callable[[int], int], ...]] = (
    lambda _: 0,
    lambda place: place + 1,
    lambda place: 1024 + 4096 * place,
)
"""Of the first, second … parameter, in so many calls of a function."""


def as_import(api: ModuleType, memory: Any) -> Any:
    """A shared memory as what an instance is given: wasmtime-py passes the address of a copy of its pointer."""
    if api is fusee:
        return memory
    ffi = api._ffi
    made = ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, ffi.wasmtime_extern_union(sharedmemory=memory.ptr()))
    memory._as_extern = lambda: made
    return memory


class Guest:
    """An instance, by one engine or the other: they have the same API."""

    def __init__(self, api: ModuleType, binary: bytes) -> None:
        self.api = api
        config = api.Config()
        config.epoch_interruption = True
        config.wasm_threads = True
        if api is not fusee:
            config.shared_memory = True
            config.cranelift_opt_level = "none"
            config.cache = True  # it takes minutes to compile the largest
        self.engine = api.Engine(config)
        self.module = api.Module(self.engine, binary)
        self.begin()

    def begin(self) -> None:
        """A new instance."""
        self.store = self.api.Store(self.engine)
        self.store.set_epoch_deadline(1 << 30)
        given = [self._stub(item.type) for item in self.module.imports]
        exports = self.api.Instance(self.store, self.module, given).exports(self.store)
        items = dict(exports.items())
        kinds = self.api.Memory, self.api.SharedMemory
        memories = [item for item in [*given, *items.values()] if isinstance(item, kinds)]
        self.memories = list({self.place(memory)[0]: memory for memory in memories}.values())
        self.functions = {f"{name}": item for name, item in items.items() if isinstance(item, self.api.Func)}
        for name, item in items.items():
            if isinstance(item, self.api.Table):
                elements = ((at, item.get(self.store, at)) for at in range(item.size(self.store)))
                self.functions |= {f"{name}[{at}]": func for at, func in elements if isinstance(func, self.api.Func)}
        if INITIALIZE in self.functions:
            self.call(INITIALIZE, ())

    def _stub(self, kind: Any) -> Any:
        api = self.api
        if isinstance(kind, api.FuncType):
            results = [0.0 if str(item) in ("f32", "f64") else 0 for item in kind.results]
            answer: Any = None if not results else results[0] if len(results) == 1 else tuple(results)
            return api.Func(self.store, kind, lambda *_: answer)
        if isinstance(kind, api.MemoryType):
            if kind.is_shared:
                return as_import(api, api.SharedMemory(self.engine, kind))
            return api.Memory(self.store, kind)
        if isinstance(kind, api.TableType):
            return api.Table(self.store, kind, None)
        value = api.Val.f64(0.0) if str(kind.content) == "f64" else api.Val.i32(0)
        return api.Global(self.store, kind, value)

    def call(self, name: str, arguments: Sequence[float]) -> tuple[object, ...]:
        """What comes of a call: its results, the kind of a trap, or that it has not come back."""
        self.store.set_epoch_deadline(1)
        timer = threading.Timer(SECONDS, self.engine.increment_epoch)
        timer.start()
        try:
            return "gives", self.functions[name](self.store, *arguments)
        except self.api.Trap as trap:
            code = "nothing" if trap.trap_code is None else trap.trap_code.name
            return ("is stopped",) if code == "INTERRUPT" else ("traps", code)
        except self.api.WasmtimeError:
            return ("fails",)
        finally:
            timer.cancel()
            timer.join()

    def place(self, memory: Any) -> tuple[int, int]:
        """A memory's address, and its length in bytes."""
        where = () if isinstance(memory, self.api.SharedMemory) else (self.store,)
        return ctypes.addressof(memory.data_ptr(*where).contents), memory.data_len(*where)


def same_memories(one: Guest, other: Guest) -> bool:
    """Whether two instances' memories have the same lengths, and the same bytes at their beginning."""
    compare_bytes = ctypes.CDLL(None).memcmp
    compare_bytes.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    for memories in zip(one.memories, other.memories, strict=True):
        (first, length), (second, other_length) = one.place(memories[0]), other.place(memories[1])
        if length != other_length or compare_bytes(first, second, min(length, COMPARED)):
            return False
    return True


def numeric(guest: Guest) -> Iterator[tuple[str, list[str]]]:
    """Functions of nothing but numbers, with the types of what they take."""
    for name, func in guest.functions.items():
        kind = func.type(guest.store)
        params = [str(item) for item in kind.params]
        if {*params, *map(str, kind.results)} <= {"i32", "i64", "f32", "f64"}:
            yield name, params


def same(one: object, other: object) -> bool:
    """Results that are the same, NaNs among themselves."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return one == other


def compare(path: Path) -> None:
    """Call functions of a module, until `MOST` have come back; raises `AssertionError` where the engines differ."""
    import wasmtime

    binary = path.read_bytes()
    ours, theirs = Guest(fusee, binary), Guest(wasmtime, binary)
    print(f"{path.name}: both have instances, {len(ours.memories)} memories", flush=True)
    called = calls = stopped = traps = 0
    for name, params in list(numeric(ours)):
        if called == MOST:
            break
        returned = False
        for argument in ARGUMENTS:
            given = [(float if kind[0] == "f" else int)(argument(place)) for place, kind in enumerate(params)]
            outcome = ours.call(name, given)
            other = theirs.call(name, given) if outcome != ("is stopped",) else outcome
            if ("is stopped",) in (outcome, other):
                stopped += 1
                ours.begin()
                theirs.begin()
                break
            assert same(outcome, other), f"{name}{tuple(given)}: {outcome}, in wasmtime {other}"
            assert same_memories(ours, theirs), f"{name}{tuple(given)}: memories differ"
            calls += 1
            returned = returned or outcome[0] == "gives"
            traps += outcome[0] != "gives"
        called += returned
    print(f"{path.name}: {called} functions, {calls} calls, {traps} traps, the same in both; {stopped} stopped")
