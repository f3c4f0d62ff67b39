"""What it takes to load a module: decoding, validation, instantiation, until its functions can be called."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fusee.bench.engines import Engine
from fusee.bench.process import run_child
from fusee.bench.tasks import Case, Task
from fusee.bench.wasm import repeat_functions
from fusee.bench.workloads import find_workloads

_LARGE_BYTES = 100_000  # what is smaller loads faster than a process can be timed
_SAMPLE = "json"  # the workload whose functions, again and again, make a module that every engine can load
_SAMPLE_BYTES = 1 << 20
# A process that can load again does so until it has loaded this many bytes, or this often.
_BYTES_PER_PROCESS = 20 << 20
_MOST_LOADS = 50
_LEAST_SECONDS = 1e-4  # what seems to be less is only noise


@dataclass
class Load:
    """Times and memory of one module's loading, per engine that can be asked to and takes a measurable time."""

    name: str
    bytes: int
    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)


def large_modules(cases: Iterable[Case]) -> list[Path]:
    """Those among the programs whose loading can be timed."""
    modules = dict.fromkeys(case.full.module for case in cases)
    return [module for module in modules if module.stat().st_size >= _LARGE_BYTES]


def sample_module(folder: Path) -> Path:
    """A workload made large, written into the folder."""
    sample = folder / f"{_SAMPLE} repeated.wasm"
    sample.write_bytes(repeat_functions(find_workloads(_SAMPLE)[0].path.read_bytes(), _SAMPLE_BYTES))
    return sample


def loads_per_process(engine: Engine, size: int) -> int:
    """How often one process loads a module of so many bytes: enough to be told from its start, if it can."""
    return min(max(_BYTES_PER_PROCESS // size, 1), _MOST_LOADS) if engine.loads_again else 1


def measure_load(engines: Sequence[Engine], module: Path, empty: Path, repetitions: int) -> Load:
    """User and system time, with that of a process that loads an `empty` module subtracted; interleaved, medians."""
    load = Load(module.stem, module.stat().st_size)
    differences: dict[str, list[float]] = {}
    peaks: dict[str, list[int]] = {}
    for _ in range(repetitions):
        for engine in engines:
            if engine.load is None:
                continue
            times = loads_per_process(engine, load.bytes)
            full, idle = (run_child(engine.load(Task(path), times)) for path in (module, empty))
            differences.setdefault(engine.name, []).append((full.seconds - idle.seconds) / times)
            peaks.setdefault(engine.name, []).append(full.peak_bytes)
    for name, each in differences.items():
        if (seconds := statistics.median(each)) >= _LEAST_SECONDS:
            load.seconds[name] = seconds
            if peak := int(statistics.median(peaks[name])):
                load.peak_bytes[name] = peak
    return load
