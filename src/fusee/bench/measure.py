"""Timing: every run is a child process whose times the operating system reports."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from fusee.bench.answers import Answer, WrongAnswer, answer_of, check
from fusee.bench.engines import Engine
from fusee.bench.load import loads_per_process
from fusee.bench.process import Run, run_child
from fusee.bench.tasks import Case, Task

_LEAST_SECONDS = 1e-3


class Clock(Enum):
    """What is timed."""

    USER = "User time of a call"  # of the process and what it started, start-up left out
    WALL = "Time of a whole process by the clock on the wall"  # start-up and compiling included, on whatever cores


@dataclass
class Timing:
    """What one engine needed for one case, over all repetitions."""

    process_seconds: list[float] = field(default_factory=list)
    startup_seconds: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)

    def add(self, startup: float, process: float, peak: int) -> None:
        """One repetition."""
        self.startup_seconds.append(startup)
        self.process_seconds.append(process)
        self.peak_bytes.append(peak)

    @property
    def whole(self) -> float:
        """Median user time of the whole process."""
        return statistics.median(self.process_seconds)

    @property
    def startup(self) -> float:
        """Median user time of the process that does next to nothing."""
        return statistics.median(self.startup_seconds)

    @property
    def call(self) -> float:
        """The whole without start-up: loading, compiling and whatever else an idle call costs."""
        return self.whole - self.startup

    @property
    def is_clear(self) -> bool:
        """Whether the call is long enough to be told from start-up."""
        return self.call >= _LEAST_SECONDS

    @property
    def peak(self) -> int:
        """Median of the most memory that the process had, in bytes."""
        return int(statistics.median(self.peak_bytes))


@dataclass
class Row:
    """One case: the timings of the engines that ran it, and why the others did not."""

    case: Case
    timings: dict[str, Timing] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def skip(self, engine: str, reason: str) -> None:
        """Leave an engine out; what was measured of it does not count."""
        self.timings.pop(engine, None)
        self.skipped[engine] = reason

    def ratio(self, subject: str, peer: str) -> float | None:
        """How many times faster than the peer the subject is, start-up left out; None without a clear time of both."""
        own, other = self.timings.get(subject), self.timings.get(peer)
        if own is None or other is None or not (own.is_clear and other.is_clear):
            return None
        return other.call / own.call

    def reasons(self) -> dict[str, str]:
        """Why engines have no ratio."""
        unclear = [name for name, timing in self.timings.items() if not timing.is_clear]
        return self.skipped | dict.fromkeys(unclear, "too short to be told from start-up")


Watch = Callable[[Row, str], None]


def run_task(engine: Engine, task: Task) -> Run:
    """One process of an engine."""
    return run_child(engine.command(task), task.directory)


def measure(
    engines: Sequence[Engine],
    cases: Iterable[Case],
    repetitions: int,
    watch: Watch = lambda row, engine: None,
    clock: Clock = Clock.USER,
) -> list[Row]:
    """Time every engine on every case, interleaved: A B C A B C …, so that a noisy minute hits all alike.

    `watch` is called with the row and the engine whose turn it is, and with "" when a row is done.
    """
    return [_measure_case(engines, case, repetitions, watch, clock) for case in cases]


def _measure_case(engines: Sequence[Engine], case: Case, repetitions: int, watch: Watch, clock: Clock) -> Row:
    row = Row(case)
    answer = _try_engines(engines, row, watch)
    for _ in range(repetitions):
        for engine in engines:
            if answer is None or engine.name in row.skipped:
                continue
            watch(row, engine.name)
            try:
                _time(engine, case, answer, row.timings.setdefault(engine.name, Timing()), clock)
            except WrongAnswer as wrong:
                row.skip(engine.name, str(wrong))
    watch(row, "")
    return row


def _try_engines(engines: Sequence[Engine], row: Row, watch: Watch) -> Answer | None:
    """Skip the engines that cannot run the small task; the answer to the full one, if any could."""
    case, answer = row.case, row.case.small_answer
    for engine in engines:
        watch(row, engine.name)
        if refusal := engine.refusal(case.small):
            row.skip(engine.name, refusal)
            continue
        run = run_task(engine, case.small)
        try:
            if answer is None:
                answer = answer_of(run, case.small.export is None, case.compares_output)
            else:
                check(run, answer)
        except WrongAnswer as wrong:
            row.skip(engine.name, case.reason(wrong))
    return case.answer or answer


def _time(engine: Engine, case: Case, answer: Answer, timing: Timing, clock: Clock) -> None:
    if clock is Clock.WALL:
        run = run_task(engine, case.full)
        check(run, answer)
        timing.add(0.0, run.elapsed_seconds, run.peak_bytes)
        return
    if case.measures_loading and engine.load is not None:
        _time_loading(engine, case, timing)
        return
    idle = run_task(engine, case.idle)
    run = run_task(engine, case.full)
    check(run, answer)
    timing.add(idle.user_seconds, run.user_seconds, run.peak_bytes)


def _time_loading(engine: Engine, case: Case, timing: Timing) -> None:
    """Many loads in one process, where the engine can do that: one may be much shorter than the process's start."""
    assert engine.load is not None
    times = loads_per_process(engine, case.full.module.stat().st_size)
    idle, run = (run_child(engine.load(task, times), task.directory) for task in (case.idle, case.full))
    if run.status != 0:
        raise WrongAnswer(run.complaint)
    timing.add(idle.seconds, idle.seconds + (run.seconds - idle.seconds) / times, run.peak_bytes)
