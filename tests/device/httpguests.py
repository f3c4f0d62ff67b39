"""A guest that may send HTTP requests, on a device and on this machine."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from fusee.component.values import Variant
from tests.device.httprelay import TYPES, HttpRelay
from tests.wasi.program import Program

FOREVER: Final = (1 << 64) - 1


@pytest.fixture
def guest() -> Iterator[HttpRelay]:
    """It gives everything back, and every exchange is closed."""
    made = HttpRelay()
    yield made
    assert made.close() == 0
    assert all(exchange.is_closed for exchange in made.http.exchanges.values())


@pytest.fixture
def program() -> Iterator[Program]:
    """The same functions on this machine."""
    made = Program()
    made.context.http_check = lambda method, url: True
    with made.context:
        yield made


def here(program: Program, name: str, *arguments: Any) -> Any:
    found = program.call(TYPES, name, *arguments)
    return found.payload if isinstance(found, Variant) and found.tag in ("ok", "err") else found
