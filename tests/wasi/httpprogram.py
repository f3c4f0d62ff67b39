"""A program that may send and answer HTTP requests, without an engine."""

from collections.abc import Iterator
from typing import Any

import pytest

from fusee.component.values import Variant
from tests.wasi.program import Program

TYPES = "http/types"


@pytest.fixture
def program() -> Iterator[Program]:
    """One that may send requests."""
    made = Program()
    made.context.http_check = lambda method, url: True
    with made.context:
        yield made


def call(program: Program, name: str, *arguments: Any) -> Any:
    """A function of `wasi:http/types`: what it gives, or its error."""
    found = program.call(TYPES, name, *arguments)
    return found.payload if isinstance(found, Variant) and found.tag in ("ok", "err") else found


def ok(program: Program, name: str, *arguments: Any) -> Any:
    """A function that has to succeed."""
    return program.ok(TYPES, name, *arguments)
