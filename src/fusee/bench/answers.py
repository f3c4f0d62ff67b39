"""Whether engines agree. Each prints numbers in its own way; what a command prints is the command's."""

import math
import re
from dataclasses import dataclass

from fusee.bench.process import Run

# `Result: -2`, `0xfffffffe:i32`, `1.500000`, `-nan`; but neither `v1.2` nor the 32 of `i32`.
_NUMBER = re.compile(
    r"(?<![\w.:])-?(?:0x[0-9a-f]+|(?:\d+\.?\d*(?:e[-+]?\d+)?)|inf(?:inity)?|nan)(?![\w.])", re.IGNORECASE
)
# Some engines print six decimals only.
_TOLERANCE = 1e-6

Number = int | float


@dataclass(frozen=True)
class Numbers:
    """The results of an exported function."""

    values: tuple[Number, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values)) or "nothing"

    def difference(self, run: Run) -> str:
        """What a process did instead; empty if it printed these, after whatever else it printed."""
        if run.status != 0:
            return run.complaint
        found = numbers_in(run.errors) + numbers_in(run.output)
        last = found[-len(self.values) :] if self.values else ()
        if len(last) == len(self.values) and all(map(same_number, self.values, last)):
            return ""
        return f"gave {Numbers(last)} instead of {self}"


@dataclass(frozen=True)
class Output:
    """What a WASI command did: its exit status, and its standard output unless that does not matter."""

    text: bytes | None
    status: int

    def __str__(self) -> str:
        length = "" if self.text is None else f"{len(self.text)} bytes with "
        return f"{length}status {self.status}"

    def difference(self, run: Run) -> str:
        """What a process did instead; empty if it did the same."""
        said = Output(None if self.text is None else run.output, run.status)
        if said == self:
            return ""
        complaint = f": {run.complaint}" if run.status != self.status else ""
        return f"gave {said} instead of {self}{complaint}"


Answer = Numbers | Output


class WrongAnswer(Exception):
    """An engine failed, or did not give the known answer: its time would mean nothing."""


def check(run: Run, answer: Answer) -> None:
    """Raise `WrongAnswer` unless a process gave it."""
    difference = answer.difference(run)
    if difference:
        raise WrongAnswer(difference)


def answer_of(run: Run, is_command: bool, with_output: bool = True) -> Answer:
    """What the first engine said, for others to agree with. Raises `WrongAnswer` if it just failed."""
    if run.status != 0 and not (is_command and run.output):
        raise WrongAnswer(run.complaint)
    text = run.output if with_output else None
    return Output(text, run.status) if is_command else Numbers(numbers_in(run.output))


def numbers_in(output: bytes) -> tuple[Number, ...]:
    """The numbers in what an engine printed."""
    return tuple(map(_parse, _NUMBER.findall(output.decode(errors="replace"))))


def _parse(text: str) -> Number:
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def same_number(a: Number, b: Number) -> bool:
    """Equality of values that may be printed signed or unsigned, or rounded."""
    if isinstance(a, int) and isinstance(b, int):
        width = 32 if all(-(2**31) <= value < 2**32 for value in (a, b)) else 64
        return (a - b) % (1 << width) == 0
    both_nan = math.isnan(a) and math.isnan(b)
    return both_nan or math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
