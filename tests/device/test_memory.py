"""What a watch needs to get a module ready and to run it: memory and instructions."""

import os
from typing import Any

import pytest

from fusee import Config, Engine, Func, Instance, Memory, Module, Store
from fusee.bench.workloads import Workload, find_workloads
from fusee.emulator.count import InstructionCount
from fusee.emulator.space import PAGE_BYTES, DeviceSpace
from fusee.engine.state.runtime import Store as StoreState
from fusee.kernel.memory import view
from fusee.kernel.target import Target
from tests.device.conftest import WATCH

FIXED_BYTES = 64 << 10
BYTES_OF_CODE = 4  # for each one of WebAssembly that was executed

LOADING_INSTRUCTIONS = 20_000_000
INSTRUCTIONS_OF_CODE = 100  # for each byte

FUNCTION, CODE = 3, 10  # numbers of sections


def new_engine() -> Engine:
    config = Config()
    config.target = WATCH
    return Engine(config)


def executed_bytes(module: Module) -> int:
    """The size of the functions that were translated, as WebAssembly."""
    state = module._state
    bodies = [state.bodies[i - int(state.imported_func_count)].code for i, _, _ in module._translated_functions()]
    return sum(int(code.end) - int(code.start) for code in bodies)


def untouched_bytes(store: Store) -> int:
    """How much of the guest's stack was never written: pages that no system commits for `calloc`."""
    native: Any = store.engine._native
    base = int(view(StoreState, store._address, native.space).stack_base.address)
    size = native.device.heap.sizes[base]
    used = len(native.space.read(base, size).rstrip(b"\0"))
    return int(size - -(-used // PAGE_BYTES) * PAGE_BYTES)


@pytest.mark.parametrize("workload", find_workloads("json,qsort,validator,vtable_poly6,queens"), ids=lambda w: w.name)
def test_a_running_instance_takes_little_memory(workload: Workload) -> None:
    engine = new_engine()
    native: Any = engine._native
    heap = native.device.heap
    module = Module(engine, workload.path.read_bytes())
    before = heap.peak_bytes = heap.used_bytes
    store = Store(engine)
    exports = Instance(store, module, []).exports(store)
    run, memory = exports["run"], exports["memory"]
    assert isinstance(run, Func)
    assert isinstance(memory, Memory)
    run(store, workload.small_argument)
    beside = heap.peak_bytes - before - memory.data_len(store) - untouched_bytes(store)
    assert 0 < beside <= FIXED_BYTES + BYTES_OF_CODE * executed_bytes(module)


def leb(number: int) -> bytes:
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*result, number])


def read_leb(binary: bytes, at: int) -> tuple[int, int]:
    """A number and what is behind it."""
    value = shift = 0
    while binary[at] & 0x80:
        value |= (binary[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | binary[at] << shift, at + 1


def repeated(binary: bytes, size: int) -> bytes:
    """The module with its functions over and over, until they take `size` bytes."""
    sections, at = [], 8
    while at < len(binary):
        length, start = read_leb(binary, at + 1)
        sections.append((binary[at], binary[start : start + length]))
        at = start + length
    times = -(-size // len(dict(sections)[CODE]))
    result = binary[:8]
    for section, body in sections:
        if section in (FUNCTION, CODE):
            count, start = read_leb(body, 0)
            body = leb(count * times) + body[start:] * times
        result += bytes([section]) + leb(len(body)) + body
    return result


def test_a_large_module_is_soon_ready() -> None:
    (workload,) = find_workloads("json")
    binary = repeated(workload.path.read_bytes(), 1 << 20)
    engine = new_engine()
    native: Any = engine._native
    count = InstructionCount(native.device)
    store = Store(engine)
    Instance(store, Module(engine, binary), [])
    assert len(binary) > 1 << 20
    assert 0 < count.total < LOADING_INSTRUCTIONS + INSTRUCTIONS_OF_CODE * len(binary)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is divided here")
def test_a_process_with_many_devices_can_be_divided() -> None:
    """What devices could use is not set aside, else it would be counted a second time for the child, and refused."""
    spaces = [DeviceSpace(Target.parse("arm64_32-apple-watchos"), 0, 0xE000_0000) for _ in range(12)]
    number = os.fork()
    if number == 0:
        os._exit(len(spaces))
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == len(spaces)
