"""Classes of named fields, as `dataclasses` has them, for what a process loads that compiles while a guest waits.

`dataclasses` writes five functions for each class and has Python compile them, and loads what reads signatures: 0.03 s
for the eighty classes of such a process. Here it is one, and that when there is the first instance, which most of them
never have. Equality is identity; `__post_init__` is called as there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

T = TypeVar("T")


class _Made:
    """In the place of a default: what each instance has of its own."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory


def field(*, default_factory: Callable[[], T]) -> T:
    """A field that is made for each instance if it is not given."""
    return cast(T, _Made(default_factory))


@dataclass_transform(eq_default=False, field_specifiers=(field,))
class Plain:
    """What is annotated in a subclass is a field, behind those of its base; its value in the class is the default."""

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, frozen: bool = False) -> None:
        """`frozen`: no field is set again, as types are checked."""
        super().__init_subclass__()
        cls._fields += tuple(cls.__annotations__)
        if "__init__" not in cls.__dict__:
            cls.__init__ = _first_init  # type: ignore[method-assign, assignment]


def _first_init(self: Plain, *values: Any, **named: Any) -> None:
    """Make the constructor, which takes the place of this one."""
    cls = type(self)
    defaults = {name: getattr(cls, name) for name in cls._fields if hasattr(cls, name)}
    parameters = [f"{name}=defaults[{name!r}]" if name in defaults else name for name in cls._fields]
    lines = [f"def __init__(self, {', '.join(parameters)}):", "    pass"]  # which may have no fields
    for name in cls._fields:
        is_made = isinstance(defaults.get(name), _Made)
        made = f"{name}.factory() if {name} is defaults[{name!r}] else {name}"
        lines.append(f"    self.{name} = {made if is_made else name}")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    scope: dict[str, Any] = {"defaults": defaults}
    exec("\n".join(lines), scope)
    cls.__init__ = scope["__init__"]  # type: ignore[method-assign]
    scope["__init__"](self, *values, **named)
