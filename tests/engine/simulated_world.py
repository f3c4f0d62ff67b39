"""An un-compiled engine and store in simulated memory, to run the runtime's kernels on."""

from collections.abc import Sequence

from fusee.api.text import wat2wasm
from fusee.engine.decode.module import decode_module
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.instantiate import instantiate
from fusee.engine.runtime.store import new_store, open_engine
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import Instance
from fusee.engine.validate.module import validate_module
from fusee.kernel.arena import allocate_simulated, new, new_array, release_simulated
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, null, u8, u32, u64, usize
from fusee.spec.features import ALL_FEATURES

MOST_BYTES = 1 << 24  # what the simulated system has in one piece
live: set[int] = set()
reserved: list[tuple[int, int]] = []


@kernel
def allocate(count: usize, size: usize) -> Ptr[u8]:
    if int(count) * int(size) > MOST_BYTES:
        return null(Ptr[u8])
    p = allocate_simulated(int(count) * int(size))
    live.add(int(address(p)))
    return p


@kernel
def release(p: Ptr[u8]) -> None:
    if not is_null(p):
        live.remove(int(address(p)))
        release_simulated(p)


@kernel
def reserve_nothing(size: usize) -> Ptr[u8]:
    return null(Ptr[u8])


@kernel
def unreserve(p: Ptr[u8], size: usize) -> None:
    raise AssertionError("nothing was reserved")


@kernel
def call_host(store: usize, identity: u32, instance: usize, slots: Ptr[u64]) -> u32:
    return u32(1)


class World:
    """One engine with one store."""

    def __init__(self, stack_bytes: int = 1 << 12) -> None:
        live.clear()
        platform = new(Platform)
        platform.allocate = allocate
        platform.release = release
        platform.reserve = reserve_nothing
        platform.unreserve = unreserve
        platform.call_host = call_host
        self.engine = open_engine(platform, False)
        self.store = new_store(self.engine, u64(stack_bytes), usize(0))

    def module(self, text: str) -> Module:
        """A module from its text."""
        return self.decode(bytes(wat2wasm(text)))

    def decode(self, binary: bytes) -> Module:
        """A module from its binary."""
        source = allocate_simulated(binary)
        registry = cast(TypeRegistry, self.engine.registry)
        m = decode_module(registry, self.engine.platform, source, u32(len(binary)), u64(int(ALL_FEATURES)))
        validate_module(m)
        return m

    def instantiate(self, m: Module, imports: Sequence[object] = ()) -> Instance:
        """An instance; imports are structs of the runtime."""
        given = new_array(usize, max(len(imports), 1))
        for i, item in enumerate(imports):
            given[i] = address(item)
        return instantiate(self.store, m, given)
