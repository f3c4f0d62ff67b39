"""Engines that only pretend."""

import sys

from fusee.bench.engines import Engine
from fusee.bench.tasks import Case, Task


def printing(text: str, name: str = "parrot") -> Engine:
    """Answers everything with the same words."""
    return Engine(name, "a parrot", lambda task: [sys.executable, "-c", f"print({text!r})"])


def failing(text: str, name: str) -> Engine:
    """Complains and fails."""
    return Engine(name, "a parrot", lambda task: [sys.executable, "-c", f"import sys; sys.exit({text!r})"])


def echo(case: Case, name: str) -> Engine:
    """Knows a case's answers."""

    def command(task: Task) -> list[str]:
        answer = case.answer if task == case.full else case.small_answer
        return ["echo", str(answer)]

    return Engine(name, "knows it all", command)
