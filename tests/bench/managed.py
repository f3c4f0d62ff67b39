"""Workloads with objects and exceptions against wasmtime: `python -m tests.bench.managed [ROUNDS [NAME…]]`.

As `fusee bench --workload gc`, but by the processor time of this thread, in one process, in turns, each call in a new
store; the median counts. So it also says something on a machine that others use, and takes seconds.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import fusee
from fusee.bench.wasmtime_guest import make_engine
from fusee.bench.workloads import MANAGED_WORKLOADS, Proposal, Workload

PART = 5  # of the work that `fusee bench` asks for


def prepare(implementation: Any, engine: Any, workload: Workload) -> Callable[[int], tuple[int, float]]:
    """A function that calls the workload, and gives the answer and the seconds that it took."""
    module = implementation.Module.from_file(engine, str(workload.path))

    def call(argument: int) -> tuple[int, float]:
        store = implementation.Store(engine)
        run = implementation.Instance(store, module, []).exports(store)["run"]
        begin = time.thread_time()
        answer = run(store, argument)
        return answer % 2**32, time.thread_time() - begin

    return call


def main(rounds: int, names: list[str]) -> None:
    """Print a row of a table for each workload."""
    import wasmtime

    print("| | Fusee, ms | Pulley | Cranelift |\n|---|---|---|---|")
    for workload in (workload for workload in MANAGED_WORKLOADS if not names or workload.name in names):
        calls = [prepare(fusee, fusee.Engine(), workload)]
        if Proposal.LEGACY_EXCEPTIONS not in workload.proposals:  # which wasmtime does not know
            calls += [prepare(wasmtime, make_engine(target), workload) for target in ("pulley64", "host")]
        for call in calls:
            assert call(workload.small_argument)[0] == workload.small_answer, workload.name
        work = max(1, workload.argument // PART)
        turns = [[call(work)[1] for call in calls] for _ in range(rounds)]
        own, *others = (statistics.median(column) for column in zip(*turns, strict=True))
        pulley, cranelift = [f"{other / own:.3g}×" for other in others] or ["–", "–"]
        star = " °" if workload.hold_out else ""
        print(f"| {workload.name}{star} | {own * 1e3:.1f} | {pulley} | {cranelift} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:])
