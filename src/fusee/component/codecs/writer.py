"""Python functions that lift or lower, while they are written.

For each type a function is written and compiled once, as `dataclasses` does: it reads all slots of a row with one call
of `struct` (for a list, those of all elements), and makes the value of them in one expression. Types that are named in
it are constants. What it takes from a call is `cx`, a `context.Context`. Deep types are functions that call functions.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from fusee.component.codecs import helpers
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.primitive import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64, ErrorContext
from fusee.component.types.valtype import ValType
from fusee.component.values import Variant

NUMBERS: Final = (S8, U8, S16, U16, S32, U32, S64, U64, F32, F64)
"""What `memoryview.cast` and `array` know, too. Other types may have a number's format, and other values."""
CARRIED: Final = {StreamType: "stream", FutureType: "future", ErrorContext: "error_context"}
_HELPERS: Final[dict[str, Any]] = {
    name: getattr(helpers, name)
    for name in ("make_record", "lift_char", "lower_char", "to_f32", "field", "not_a_bool", "not_a_tuple", "no_case",
                 "out_of_range", "lower_numbers", "lower_octets", "choose", "flag_bits", "no_length", "map_items",
                 "elements", "put_octets", "put_numbers")
} | {"Variant": Variant}  # fmt: skip


class Writer:
    """One function while it is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scope: dict[str, Any] = dict(_HELPERS)
        self._names = 0

    def name(self) -> str:
        """A name for a variable."""
        self._names += 1
        return f"v{self._names}"

    def names(self, count: int) -> list[str]:
        """Names for variables."""
        return [self.name() for _ in range(count)]

    def constant(self, value: Any) -> str:
        """A name that stands for an object."""
        self._names += 1
        name = f"k{self._names}"
        self.scope[name] = value
        return name

    def line(self, text: str, indent: int = 1) -> None:
        """A line of the body."""
        self.lines.append("    " * indent + text)

    def finish(self, parameters: str) -> Callable[..., Any]:
        """The function."""
        source = "\n".join([f"def made({parameters}):", *self.lines])
        exec(compile(source, "<fusee.component>", "exec"), self.scope)
        made: Callable[..., Any] = self.scope["made"]
        return made


def cached(ty: ValType, key: tuple[str, str], make: Callable[[], Any]) -> Any:
    """What has been compiled for a type, or is now; `key` says what it is for."""
    found = ty._codecs.get(key)
    if found is None:
        found = ty._codecs[key] = make()
    return found


def unpacked(names: Sequence[str]) -> str:
    """Names as the target of an assignment that takes a tuple apart."""
    return "".join(f"{name}, " for name in names) or "()"
