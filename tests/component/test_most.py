"""How many parts types may have, and how deep those of components may be nested."""

from collections.abc import Callable

import pytest

from fusee import Engine, LimitError, ValidationError
from fusee.component import Component
from fusee.component.binary.scope import MOST_DEPTH
from fusee.component.binary.typedefs import MOST_FLAGS, MOST_PARAMETERS, MOST_PARTS
from tests.component.encoding import name, types, vector
from tests.component.mutate import accepts
from tests.hostile.encoding import unsigned

U8 = b"\x7d"


def flags(count: int) -> bytes:
    """Flags."""
    return b"\x6e" + vector([name(f"f{number}") for number in range(count)])


def enum(count: int) -> bytes:
    """An enum's cases."""
    return b"\x6d" + vector([name(f"c{number}") for number in range(count)])


def function(count: int) -> bytes:
    """A function with parameters."""
    return b"\x40" + vector([name(f"p{number}") + U8 for number in range(count)]) + b"\1\0"


def tuple_of(count: int) -> bytes:
    """A tuple."""
    return b"\x6f" + vector([U8] * count)


MOST = {
    flags: (MOST_FLAGS, "cannot have more than 32 flags"),
    function: (MOST_PARAMETERS, "function types may have 1000 parameters at most"),
    enum: (MOST_PARTS, "enum case types may have 100000 parts at most"),
    tuple_of: (MOST_PARTS, "tuple types may have 100000 parts at most"),
}


@pytest.mark.parametrize(("make", "most", "message"), [(make, *rest) for make, rest in MOST.items()])
def test_parts(make: Callable[[int], bytes], most: int, message: str) -> None:
    """For `wasm-tools`, which has the same limit for flags and parameters, and less for others."""
    assert Component(Engine(), types([make(most)]))
    with pytest.raises(ValidationError) as caught:
        Component(Engine(), types([make(most + 1)]))
    assert caught.value.message == message
    assert caught.value.offset == len(types([make(most + 1)])) - len(make(most + 1)) + 1
    assert not accepts(types([make(most + 1)]))
    assert accepts(types([make(most)])) == (most < MOST_PARTS)


def nested(depth: int) -> list[bytes]:
    """Types of instances, each of which exports one of the type before it."""
    made = [b"\x42\0"]
    for number in range(depth - 1):
        made.append(b"\x42" + vector([b"\2\3\2\1" + unsigned(number), b"\4\0" + name("a") + b"\5\0"]))
    return made


def test_depth() -> None:
    assert Component(Engine(), types(nested(MOST_DEPTH)))
    with pytest.raises(LimitError, match="types of components may be nested 50 deep") as caught:
        Component(Engine(), types(nested(MOST_DEPTH + 1)))
    last = nested(MOST_DEPTH + 1)[-1]
    assert caught.value.offset == len(types(nested(MOST_DEPTH + 1))) - len(last)
