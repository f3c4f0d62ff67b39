"""Native code beside Cranelift's: `python -m tests.native.speed [--seconds S] [NAME…]`.

Both run in this process, in turn, for so many seconds together: whatever else the machine does meets both alike, and
the least times are those that nothing has met. The argument is such that a call takes about 4 ms: to make one takes
wasmtime's Python more than 10 microseconds. `fusee bench` times processes, of which a native call is a small part.
"""

import argparse
import time
from contextlib import suppress
from dataclasses import replace
from statistics import geometric_mean, median
from typing import Any

import wasmtime

from fusee import Config, Engine, Instance, Module, Store, Trap
from fusee.bench.workloads import EVERY_WORKLOAD, WORKLOADS, Workload

_PROPOSALS = (
    "gc", "function_references", "tail_call", "exceptions", "memory64", "multi_memory", "simd", "relaxed_simd",
)  # fmt: skip
_SECONDS_OF_CALL = 0.004


def fusee_call(workload: Workload) -> Any:
    config = Config()
    config.strategy = "native"
    store = Store(Engine(config))
    run: Any = Instance(store, Module(store.engine, workload.path.read_bytes()), []).exports(store)["run"]
    return lambda: run(store, workload.small_argument)


def cranelift_call(workload: Workload) -> Any:
    config = wasmtime.Config()
    for name in _PROPOSALS:
        setattr(config, f"wasm_{name}", True)
    store = wasmtime.Store(wasmtime.Engine(config))
    module = wasmtime.Module(store.engine, workload.path.read_bytes())
    run: Any = wasmtime.Instance(store, module, []).exports(store)["run"]
    return lambda: run(store, workload.small_argument)


def timed(call: Any) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def lengthened(workload: Workload) -> Workload:
    """With an argument for which a call takes longer than its beginning, but no more than the workload's."""
    call = fusee_call(workload)
    taken = min(timed(call) for _ in range(3))
    factor = max(1.0, _SECONDS_OF_CALL / taken)
    return replace(workload, small_argument=min(round(workload.small_argument * factor), workload.argument))


def measure(workload: Workload, seconds: float) -> tuple[float, float]:
    """How many times as fast native code is, by the least times, and by the median of pairs."""
    for make in (fusee_call, cranelift_call):
        if (answer := make(workload)() & 0xFFFF_FFFF) != workload.small_answer:
            raise ValueError(f"{workload.name}: {answer} is not the answer")
    longer = lengthened(workload)
    calls = fusee_call(longer), cranelift_call(longer)
    pairs, end = list[tuple[float, float]](), time.perf_counter() + seconds
    with suppress(Trap):  # a few do not give back what they allocate
        while time.perf_counter() < end or len(pairs) < 9:
            pairs.append((timed(calls[0]), timed(calls[1])))
    own, other = (min(times) for times in zip(*pairs, strict=True))
    print(f"{workload.name:16} {own * 1e6:10.1f} us {other * 1e6:10.1f} us {other / own:6.2f}", flush=True)
    return other / own, median(other / own for own, other in pairs)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=1.0)
    arguments.add_argument("names", nargs="*", metavar="NAME")
    given = arguments.parse_args()
    chosen = [one for one in EVERY_WORKLOAD if one.name in given.names]
    chosen = chosen or [one for one in WORKLOADS if not one.measures_loading]
    by_least, by_median = zip(*(measure(workload, given.seconds) for workload in chosen), strict=True)
    print(f"geometric mean {geometric_mean(by_least):.3f}, by medians of pairs {geometric_mean(by_median):.3f}")


if __name__ == "__main__":
    main()
