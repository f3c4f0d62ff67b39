"""The programs that are timed. Each exports `run(n: i32) -> i32`, imports nothing, and its answer is known.

The C source lies beside each `.wasm`; `python -m fusee.bench.workloads.build` rebuilds them. The arguments
are chosen so that a fast interpreter needs somewhat under a second.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Workload:
    """One program, the amount of work asked of it and the answer that must come back."""

    name: str
    measures: str
    argument: int
    answer: int

    @property
    def path(self) -> Path:
        """The module to run."""
        return FOLDER / f"{self.name}.wasm"


# Answers are unsigned; natively compiled C gives the same ones.
WORKLOADS = (
    Workload("fib", "calls", 36, 14930352),
    Workload("sieve", "byte loads and stores", 500, 1409043412),
    Workload("crc32", "a chain of dependent table look-ups", 1200, 652907296),
    Workload("mandelbrot", "f64 arithmetic in a tight loop", 1300, 1335114772),
    Workload("nbody", "f64 arithmetic on memory", 500000, 336061575),
    Workload("sha256", "i32 logic and rotations", 1800, 283957802),
    Workload("call_indirect", "calls through a table", 30000000, 3541861957),
    Workload("matmul", "f64 matrix product", 200, 3272471147),
    Workload("words", "string hashing and a hash map", 450, 83092038),
    Workload("qsort", "recursion and an indirect comparison", 80, 2205686082),
    Workload("json", "a parser: switches on bytes", 2000, 2396845056),
)


def find_workloads(names: str | None) -> list[Workload]:
    """The workloads of a comma-separated list, in its order; all of them where there is none."""
    if names is None:
        return list(WORKLOADS)
    by_name = {workload.name: workload for workload in WORKLOADS}
    chosen = [name.strip() for name in names.split(",")]
    unknown = [name for name in chosen if name not in by_name]
    if unknown:
        raise ValueError(f"no workload named {unknown[0]!r}; there are {', '.join(by_name)}")
    return [by_name[name] for name in chosen]
