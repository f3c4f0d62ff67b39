"""Functions are found in the text of their file, wherever a statement may define one."""

import contextlib
from types import FunctionType
from typing import Any

import pytest

from fusee.kernel.source import syntax_of


def plain() -> None: ...


class Holder:
    @staticmethod
    def method() -> None: ...


def nested() -> Any:
    def inner() -> None: ...

    return inner


if Holder.method is not plain:

    def conditional() -> None: ...


with contextlib.suppress(ValueError):

    def suppressed() -> None: ...


try:
    raise KeyError
except KeyError:

    def handled() -> None: ...

else:
    raise AssertionError

for _ in ():
    pass
else:

    def otherwise() -> None: ...


match 3:
    case 3:

        def matched() -> None: ...


@pytest.mark.parametrize(
    "function", [plain, Holder.method, nested, nested(), conditional, suppressed, handled, otherwise, matched]
)
def test_functions_are_found(function: FunctionType) -> None:
    found = syntax_of(function)
    assert (found.name, found.lineno) == (
        function.__name__,
        function.__code__.co_firstlineno + len(found.decorator_list),
    )


def test_what_is_no_definition_is_not_found() -> None:
    with pytest.raises(OSError, match="is not in"):
        syntax_of(lambda: None)  # type: ignore[arg-type]
