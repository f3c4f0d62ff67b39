"""The programs that are timed. Each exports `run(n: i32) -> i32`, imports nothing, and its answer is known.

The source lies beside each `.wasm`; `python -m fusee.bench.workloads.build` rebuilds them. The arguments
are chosen so that a fast interpreter needs somewhat under a second, the small ones so that a call
executes some million WebAssembly instructions: for tests, and for devices in an emulator.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FOLDER = Path(__file__).parent


class Language(StrEnum):
    """What a workload is written in."""

    C = "C"
    CPP = "C++"
    RUST = "Rust"
    ASSEMBLYSCRIPT = "AssemblyScript"
    WAT = "WebAssembly text"
    PYTHON = "a Python generator of modules"


SUFFIXES = {
    Language.C: ".c",
    Language.CPP: ".cpp",
    Language.RUST: ".rs",
    Language.ASSEMBLYSCRIPT: ".ts",
    Language.WAT: ".wat",
    Language.PYTHON: ".py",
}


class Proposal(StrEnum):
    """A part of WebAssembly 3.0 that not every engine has, by the name of its proposal's repository."""

    TAIL_CALL = "tail-call"
    FUNCTION_REFERENCES = "function-references"
    MEMORY64 = "memory64"
    MULTI_MEMORY = "multi-memory"


@dataclass(frozen=True)
class Workload:
    """One program, the amounts of work asked of it and the answers that must come back, unsigned."""

    name: str
    measures: str
    argument: int
    answer: int
    small_argument: int
    small_answer: int
    language: Language = Language.C
    # What an engine must have beside WebAssembly 2.0 without SIMD, or else it is left out.
    proposals: frozenset[Proposal] = frozenset()
    # Kept out of the corpus that handlers are selected by: what the selection is worth shows on these.
    hold_out: bool = False

    @property
    def path(self) -> Path:
        """The module to run."""
        return FOLDER / f"{self.name}.wasm"

    @property
    def source(self) -> Path:
        """What the module is built from."""
        return self.path.with_suffix(SUFFIXES[self.language])


# Natively compiled C gives the same answers.
WORKLOADS = (
    Workload("fib", "calls", 36, 14930352, 23, 28657),
    Workload("sieve", "byte loads and stores", 500, 1409043412, 1, 6542),
    Workload("crc32", "a chain of dependent table look-ups", 1200, 652907296, 3, 2222152639),
    Workload("mandelbrot", "f64 arithmetic in a tight loop", 1300, 1335114772, 60, 2784501097),
    Workload("nbody", "f64 arithmetic on memory", 500000, 336061575, 2000, 2971458918),
    Workload("sha256", "i32 logic and rotations", 1800, 283957802, 5, 1904402514),
    Workload("call_indirect", "calls through a table", 30000000, 3541861957, 100000, 3890784618),
    Workload("matmul", "f64 matrix product", 200, 3272471147, 1, 4161789918),
    Workload("words", "string hashing and a hash map", 450, 83092038, 2, 1791052998),
    Workload("qsort", "recursion and an indirect comparison", 80, 2205686082, 1, 1460369409),
    Workload("json", "a parser: switches on bytes", 2000, 2396845056, 10, 3659027072),
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
