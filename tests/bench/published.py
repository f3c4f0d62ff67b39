"""The programs of `fusee bench --real` as tests take them."""

import pytest

from fusee.bench.real import PROGRAMS
from fusee.bench.tasks import Task


def task_of(name: str) -> Task:
    """What `fusee bench --real` runs."""
    program = next(program for program in PROGRAMS if program.name == name)
    if program.module is None:
        pytest.skip(program.source.remedy)
    return program.task
