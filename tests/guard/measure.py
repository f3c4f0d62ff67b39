"""What must not grow unnoticed: instructions that a watch executes, and bytes of code. All of it is exact.

Each engine needs a process of its own, because an instruction set is chosen before it is imported.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

WATCH: Final = "arm64_32-apple-watchos9.0"
COMPUTER: Final = "x86_64-unknown-linux-gnu"  # without what one processor has and another has not

Numbers = dict[str, dict[str, int]]
"""By group and name."""


def measure() -> Numbers:
    """Everything that is guarded."""
    sizes = {
        f"{WATCH}, speed": _apart(library_bytes, "speed"),
        f"{WATCH}, size": _apart(library_bytes, "size"),
        f"{COMPUTER}, this machine's selection": _apart(engine_bytes),
    }
    return {**_apart(count_instructions), "bytes of code and constants": sizes}


def _apart(function: Callable[..., Any], *arguments: str) -> Any:
    """The result of a function in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def count_instructions() -> Numbers:
    """What the device library for speed executes for each workload: until it is ready, and for its small argument."""
    from fusee.bench.workloads import WORKLOADS
    from fusee.engine.isa.selection import prefer, shipped
    from fusee.kernel.target import Target

    prefer(shipped(Target.parse(WATCH)))
    from fusee import Config, Engine, Func, Instance, Module, Store
    from fusee.emulator.count import InstructionCount

    config = Config()
    config.target = WATCH
    engine = Engine(config)
    native: Any = engine._native
    count = InstructionCount(native.device)
    loading, running = {}, {}
    for workload in WORKLOADS:
        before = count.total
        store = Store(engine)
        instance = Instance(store, Module(engine, workload.path.read_bytes()), [])
        run = instance.exports(store)["run"]
        assert isinstance(run, Func)
        ready = count.total
        answer = run(store, workload.small_argument)
        if int(str(answer)) & 0xFFFF_FFFF != workload.small_answer:
            raise ValueError(f"{workload.name}: {answer} is not the answer")
        loading[workload.name], running[workload.name] = ready - before, count.total - ready
    return {"instructions to load": loading, "instructions to run": running}


def library_bytes(optimize: Any) -> int:
    """Size of the device library."""
    from fusee.package.library import build_library

    size: Any = build_library(WATCH, optimize).sizes["text"]
    return int(size)


def engine_bytes() -> int:
    """Size of the engine with all of its instructions, as this machine has it but for its processor's own."""
    from fusee.engine.program import PROGRAM
    from fusee.kernel.build import emit_objects
    from fusee.kernel.target import Target
    from fusee.package.objects import Kind, read_object

    objects = emit_objects(PROGRAM, Target.parse(COMPUTER), debug=False)
    return sum(read_object(contents).size(Kind.CODE, Kind.CONSTANTS) for contents in objects.values())
