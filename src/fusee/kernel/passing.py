"""What un-compiled kernels take and give back: narrower integers become what the signature says."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from fusee.kernel.integer import Integer


class Passing:
    """The integer types in one kernel's signature; of generic kernels they depend on the call's static arguments."""

    __slots__ = ("_given", "_taken", "_variables")

    def __init__(self, function: Callable[..., Any]) -> None:
        hints = _hints(function)
        order = function.__code__.co_varnames
        self._variables: dict[Any, tuple[int, str]] = {}  # where `t: Static[type[T]]` says what `T` is
        for name, hint in hints.items():
            inner = get_args(hint)[0] if get_origin(hint) is Annotated else None
            if get_origin(inner) is type:
                self._variables[get_args(inner)[0]] = order.index(name), name
        result = hints.pop("return", None)
        self._given = [*map(self._kept, get_args(result))] if get_origin(result) is tuple else self._kept(result)
        places = ((order.index(name), self._kept(hint)) for name, hint in hints.items())
        self._taken = [(place, kind) for place, kind in places if kind is not None]

    def _kept(self, hint: Any) -> Any:
        """A type that narrower integers can become, or a type variable that may be one."""
        return hint if hint in self._variables or (isinstance(hint, type) and issubclass(hint, Integer)) else None

    def _resolved(self, kind: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if not isinstance(kind, TypeVar):
            return kind
        place, name = self._variables[kind]
        found = args[place] if place < len(args) else kwargs.get(name)
        return found if isinstance(found, type) and issubclass(found, Integer) else None

    def arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments as the kernel's parameters hold them."""
        converted: dict[int, Any] = {}
        for place, kind in self._taken:
            if place < len(args) and args[place].__class__ is not kind:
                wanted = self._resolved(kind, args, kwargs)
                if wanted is not None and args[place].__class__ is not wanted:
                    converted[place] = wanted.widened(args[place])
        return tuple(converted.get(place, value) for place, value in enumerate(args)) if converted else args

    def result(self, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """What the kernel returned, as its caller gets it."""
        given = self._given
        if given is None or value.__class__ is given:
            return value
        if isinstance(given, list):
            kinds = (self._resolved(kind, args, kwargs) for kind in given)
            return tuple(item if kind is None else kind.widened(item) for kind, item in zip(kinds, value, strict=True))
        wanted = self._resolved(given, args, kwargs)
        return value if wanted is None else wanted.widened(value)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError:  # a type of a function that surrounds it: the compiler would refuse the kernel
        return {}
