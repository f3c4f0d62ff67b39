"""The interpreter, un-compiled: handlers under CPython, with 32-bit and 64-bit pointers, give what native ones give."""

import struct
from pathlib import Path
from typing import Any

import pytest

from fusee import Engine, Func, Instance, Module, Store, Trap
from fusee.api.traps import code_of
from fusee.engine.errors import Trap as EngineTrap
from fusee.engine.interpreter import install_interpreter, invoke
from fusee.engine.state.runtime import Func as FuncState
from fusee.engine.state.runtime import Instance as InstanceState
from fusee.kernel.arena import new_array, simulate
from fusee.kernel.lang import cast, u64
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from tests.engine.simulated_world import World
from tests.golden.listing import FOLDER

ARGUMENTS: dict[str, tuple[Any, ...]] = {"i32": (5, 3, 0), "i64": (7, -2, 1), "f32": (1.5, -0.25), "f64": (2.5, -8.0)}
LAYOUTS = {"i32": "<iI", "i64": "<q", "f32": "<fI", "f64": "<d"}
STACK_BYTES = 1 << 16
UNCALLED = ("nested", "indirect", "to_host", "through_reference", "references")  # host functions and references
SOURCES = ["locals", "loops", "branches", "br_table", "floats", "memory", "select", "multi_value", "constants", "trees"]


def arguments(kinds: list[str]) -> list[Any]:
    """One value for each parameter."""
    return [ARGUMENTS[kind][n % len(ARGUMENTS[kind])] for n, kind in enumerate(kinds)]


def to_slot(kind: str, value: Any) -> int:
    layout = LAYOUTS[kind]
    return int.from_bytes(struct.pack(layout, *(value, 0)[: len(layout) - 1]), "little")


def from_slot(kind: str, bits: int) -> Any:
    """A slot's value; the upper half of a narrow one is arbitrary."""
    return struct.unpack(LAYOUTS[kind], bits.to_bytes(8, "little"))[0]


def called_uncompiled(module: Module, index: int, target: Target) -> object:
    """The results of a function, run by CPython on a simulated machine; or its trap."""
    kind = module._signature(index).type
    params, results = [str(t) for t in kind.params], [str(t) for t in kind.results]
    with simulate(target):
        world = World(STACK_BYTES)
        install_interpreter(world.engine)
        instance: InstanceState = world.instantiate(world.decode(module._binary))
        slots = new_array(u64, 8)
        for n, value in enumerate(arguments(params)):
            slots[n] = u64(to_slot(params[n], value))
        try:
            invoke(world.store, cast(FuncState, instance.functions[index]), slots)
        except EngineTrap as trap:
            return code_of(TrapCode(trap.code))
        return [from_slot(result, int(slots[n])) for n, result in enumerate(results)]


def called_natively(module: Module, index: int) -> object:
    store = Store(module._engine)
    exports = Instance(store, module, []).exports(store)
    function = exports[str(index)]
    assert isinstance(function, Func)
    try:
        found = function(store, *arguments([str(t) for t in module._signature(index).type.params]))
    except Trap as trap:
        return trap.trap_code
    return list(found) if isinstance(found, list | tuple) else [] if found is None else [found]


def exporting(source: Path) -> Module:
    """A module of the golden listings that exports every function by its index."""
    text = source.read_text().rstrip().removesuffix(")")
    count = text.count("(func $")
    return Module(Engine(), text + "".join(f'(export "{n}" (func {n}))' for n in range(count)) + ")")


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
@pytest.mark.parametrize("source", SOURCES)
def test_functions_give_what_they_give_natively(source: str, target: Target) -> None:
    module = exporting(FOLDER / f"{source}.wat")
    for index, name in module._names.functions.items():
        if name not in UNCALLED:
            assert called_uncompiled(module, index, target) == called_natively(module, index), name
