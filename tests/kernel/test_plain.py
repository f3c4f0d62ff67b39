"""Classes of named fields, without what `dataclasses` loads."""

import pickle
from typing import Any

import pytest

from fusee.kernel.plain import Plain, field


class Node(Plain):
    line: int
    parts: list[int] = field(default_factory=list)


class Named(Node):
    """Its fields come behind those of the base."""

    name: str = "none"

    @property
    def shown(self) -> str:
        return f"{self.line} {self.name}"


class Counted(Named):
    """Does something when it has its fields."""

    def __post_init__(self) -> None:
        self.parts.append(self.line)


class Own(Node):
    """Has a constructor of its own."""

    def __init__(self) -> None:
        self.line = 7


@pytest.mark.parametrize("is_base_first", [False, True])
def test_fields_are_given_by_place_and_by_name(is_base_first: bool) -> None:
    if is_base_first:
        assert Node(1).line == 1
    made = Named(2, [3], name="four")
    assert (made.line, made.parts, made.shown) == (2, [3], "2 four")
    assert Named(2).shown == "2 none"
    assert Named(line=5, parts=[6]).parts == [6]
    assert Own().line == 7
    assert Counted(8).parts == [8]


def test_what_is_made_is_of_one_instance() -> None:
    one, other = Node(1), Node(1)
    one.parts.append(2)
    assert (other.parts, Node(1).parts) == ([], [])
    assert one != other


@pytest.mark.parametrize("values", [(), (1, [], 3)])
def test_what_is_missing_or_too_much_is_an_error(values: tuple[Any, ...]) -> None:
    for _ in range(2):  # the first instance makes the constructor
        with pytest.raises(TypeError, match="argument"):
            Node(*values)


def test_another_process_gets_what_it_is_sent() -> None:
    made = pickle.loads(pickle.dumps(Named(1, [2], "three")))
    assert (made.line, made.parts, made.name) == (1, [2], "three")
