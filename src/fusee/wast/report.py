"""The outcome of scripts: counts, failures with their place, and why commands were skipped."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One command that did not do what the script says."""

    file: Path
    line: int
    command: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.command}: {self.message}"


@dataclass
class FileReport:
    """The outcome of one script."""

    file: Path
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)
    skips: Counter[str] = field(default_factory=Counter)

    def fail(self, line: int, command: str, message: str) -> None:
        """Records a failure."""
        self.failures.append(Failure(self.file, line, command, message))


@dataclass
class Report:
    """The outcome of several scripts."""

    files: list[FileReport] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """How many commands did what their script says."""
        return sum(file.passed for file in self.files)

    @property
    def failures(self) -> list[Failure]:
        """Every failure, in order."""
        return [failure for file in self.files for failure in file.failures]

    @property
    def skips(self) -> Counter[str]:
        """How many commands were skipped, by reason."""
        total: Counter[str] = Counter()
        for file in self.files:
            total += file.skips
        return total

    @property
    def summary(self) -> str:
        """The last line of every report."""
        return f"{self.passed} passed, {len(self.failures)} failed, {self.skips.total()} skipped"

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "passed": self.passed,
            "failed": len(self.failures),
            "skipped": self.skips.total(),
            "failures": [
                {"file": str(f.file), "line": f.line, "command": f.command, "message": f.message} for f in self.failures
            ],
            "skips": dict(self.skips.most_common()),
        }

    def expect(self, known: Sequence["KnownFailure"]) -> None:
        """Turns known failures into skips, and each known failure that did not happen into a failure."""
        for file in self.files:
            for entry in known:
                if entry.is_about(file.file):
                    _settle(file, entry)


@dataclass(frozen=True)
class KnownFailure:
    """Commands of one script that are known to fail, and why."""

    file: str  # the last components of the script's path
    lines: tuple[int, ...]
    reason: str

    def is_about(self, script: Path) -> bool:
        """Whether this entry speaks of the script."""
        return script.as_posix().endswith("/" + self.file)


def load_known_failures(path: Path) -> list[KnownFailure]:
    """Reads `[[failure]]` tables with `file`, `lines` and `reason` from a TOML file."""
    entries = tomllib.loads(path.read_text()).get("failure", [])
    return [KnownFailure(e["file"], tuple(e["lines"]), e["reason"]) for e in entries]


def _settle(file: FileReport, entry: KnownFailure) -> None:
    for line in entry.lines:
        met = [failure for failure in file.failures if failure.line == line]
        for failure in met:
            file.failures.remove(failure)
            file.skips[f"known failure: {entry.reason}"] += 1
        if not met:
            file.fail(line, "known failure", f"passes now; remove it from the list ({entry.reason})")
