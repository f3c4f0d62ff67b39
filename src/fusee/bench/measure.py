"""Timing: every run is a child process whose user time the operating system reports."""

import os
import re
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fusee.bench.engines import Engine
from fusee.bench.workloads import Workload

TIMEOUT_SECONDS = 300
# A call that does next to nothing, but passes through the same code: what it takes is start-up.
IDLE_ARGUMENT = 1


class WrongAnswer(Exception):
    """An engine did not give a workload's known answer, so its time means nothing."""


@dataclass(frozen=True)
class Run:
    """One child process: the time it spent and what it printed."""

    user_seconds: float
    peak_bytes: int
    output: str


@dataclass
class Timing:
    """What one engine needed for one workload, over all repetitions."""

    process_seconds: list[float] = field(default_factory=list)
    startup_seconds: list[float] = field(default_factory=list)

    @property
    def whole(self) -> float:
        """Median user time of the whole process."""
        return statistics.median(self.process_seconds)

    @property
    def call(self) -> float:
        """The same without start-up: loading, compiling and whatever else an idle call costs."""
        return max(self.whole - statistics.median(self.startup_seconds), 1e-6)


Results = dict[str, dict[str, Timing]]


def run_child(command: Sequence[str]) -> Run:
    """Run a command to its end and take its times from the kernel, not from the guest."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        watch = _kill_after(child, TIMEOUT_SECONDS)
        _, status, usage = os.wait4(child.pid, 0)
        watch()
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if child.returncode != 0:
        raise WrongAnswer(f"{' '.join(command)} ended with status {child.returncode}: {text.strip()[-500:]}")
    return Run(usage.ru_utime, usage.ru_maxrss * 1024, text)


def _kill_after(child: "subprocess.Popen[bytes]", seconds: float) -> Callable[[], None]:
    """Start a watchdog; the function returned calls it off."""
    timer = threading.Timer(seconds, child.kill)
    timer.start()
    return timer.cancel


def parse_answer(output: str) -> int | None:
    """The last number that an engine printed, as an unsigned i32 (`Result: -2`, `0xfffffffe:i32`, `4294967294`)."""
    numbers = re.findall(r"(?<![\w.:])-?(?:0x[0-9a-f]+|\d+)(?![\w.])", output)
    return int(numbers[-1], 0) % 2**32 if numbers else None


def run_workload(engine: Engine, workload: Workload) -> float:
    """One full run; its time counts only if the answer is right."""
    run = run_child(engine.command(workload.path, workload.argument))
    answer = parse_answer(run.output)
    if answer != workload.answer:
        raise WrongAnswer(f"{engine.name} gave {answer} for {workload.name}, not {workload.answer}")
    return run.user_seconds


def measure(
    engines: Sequence[Engine],
    workloads: Iterable[Workload],
    repetitions: int,
    progress: Callable[[str, str], None] = lambda workload, engine: None,
) -> Results:
    """Time every engine on every workload, interleaved: A B C A B C …, so that a noisy minute hits all alike."""
    results: Results = {}
    for workload in workloads:
        timings = {engine.name: Timing() for engine in engines}
        for _ in range(repetitions):
            for engine in engines:
                progress(workload.name, engine.name)
                timing = timings[engine.name]
                idle = run_child(engine.command(workload.idle_path, IDLE_ARGUMENT))
                timing.startup_seconds.append(idle.user_seconds)
                timing.process_seconds.append(run_workload(engine, workload))
        results[workload.name] = timings
    return results
