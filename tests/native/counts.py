"""Instructions that a watch executes with everything native: `python -m tests.native.counts [--against FILE] [NAME…]`.

Beside each workload's number is how much of the interpreter's that is: those of FILE, which are today's baselines
(`tests.guard`) if none is given.
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from fusee import Config, Engine, Instance, Module, Store
from fusee.bench.workloads import WORKLOADS, Workload
from fusee.emulator.count import InstructionCount
from tests.guard.compare import read_baselines
from tests.guard.measure import WATCH
from tests.native.parts import natively


def counted(engine: Engine, count: InstructionCount, workload: Workload) -> int:
    """Instructions of the call with the small argument. Raises `ValueError` if the answer is not right."""
    store = Store(engine)
    exports: Any = Instance(store, Module(engine, workload.path.read_bytes()), []).exports(store)
    ready = count.total
    answer = exports["run"](store, workload.small_argument)
    if answer & 0xFFFF_FFFF != workload.small_answer:
        raise ValueError(f"{workload.name}: {answer} is not the answer")
    return count.total - ready


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--against", type=Path, help="counts of an earlier interpreter, as baselines.json has them")
    arguments.add_argument("names", nargs="*", metavar="NAME")
    given = arguments.parse_args()
    numbers = read_baselines() if given.against is None else json.loads(given.against.read_text())
    interpreted = numbers["instructions to run"]
    config = Config()
    config.target, config.strategy = WATCH, "native"
    shares = []
    with natively("all"):
        engine: Any = Engine(config)
        total = InstructionCount(engine._native.device)
        for workload in WORKLOADS:
            if workload.name in given.names or not (given.names or workload.measures_loading):
                count = counted(engine, total, workload)
                shares.append(count / interpreted[workload.name])
                print(f"{workload.name:16} {count:12,} {shares[-1]:.3f}", flush=True)
    print(f"geometric mean {geometric_mean(shares):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
