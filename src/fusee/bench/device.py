"""What a program costs on a device: executed instructions, counted exactly in the emulator."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fusee.bench.answers import WrongAnswer, check
from fusee.bench.engines import device_engine
from fusee.bench.measure import run_task
from fusee.bench.tasks import Case

_COUNT = re.compile(r"^ *([\d,]+) (instructions|before and between calls into the program)$", re.MULTILINE)


@dataclass(frozen=True)
class Count:
    """Instructions that a device executed for one program at its small argument."""

    total: int
    loading: int  # of which before and between calls into the program


@dataclass
class DeviceCounts:
    """The counts on one device by program, and why others have none."""

    target: str
    counts: dict[str, Count]
    skipped: dict[str, str]
    refused: dict[str, str] = field(default_factory=dict)  # those that are not for devices, which is no failure

    @property
    def reasons(self) -> dict[str, str]:
        """Why programs have no count, by name."""
        return self.skipped | self.refused


def count_instructions(
    target: str, cases: Iterable[Case], watch: Callable[[Case], None] = lambda case: None
) -> DeviceCounts:
    """Run each program once on the emulated device: the numbers are the same every time."""
    engine = device_engine(target)
    result = DeviceCounts(target, {}, {})
    for case in cases:
        if refusal := engine.refusal(case.small):
            result.refused[case.name] = refusal
            continue
        watch(case)
        run = run_task(engine, case.small)
        try:
            if case.small_answer is not None:
                check(run, case.small_answer)
            result.counts[case.name] = parse_count(run.errors.decode(errors="replace"))
        except WrongAnswer as wrong:
            result.skipped[case.name] = case.reason(wrong)
    return result


def parse_count(errors: str) -> Count:
    """Reads what `fusee run --count` shows. Raises `WrongAnswer` if it is not there."""
    numbers = {what: int(number.replace(",", "")) for number, what in _COUNT.findall(errors)}
    if len(numbers) != 2:
        raise WrongAnswer(errors.strip().partition("\n")[0] or "no instructions were counted")
    return Count(numbers["instructions"], numbers["before and between calls into the program"])
