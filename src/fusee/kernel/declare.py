"""Kernels, handlers and their specialisations. Decorating records; compiling is another module's business."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Hashable
from typing import Annotated, Any, Final, TypeVar, cast, overload

from fusee.kernel.errors import KernelError
from fusee.kernel.passing import Passing
from fusee.kernel.pointer import Fn, P, R
from fusee.kernel.registers import copy_registers, registers_info
from fusee.kernel.scalars import u64

T = TypeVar("T")


class StaticMark:
    """Marks a parameter whose value is known when the kernel is compiled."""

    def __repr__(self) -> str:
        return "STATIC"


STATIC: Final = StaticMark()
Static = Annotated[T, STATIC]


class _Declared(Fn[P, R]):
    """What kernels and handlers have in common."""

    def __init__(self, function: Callable[P, R]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = function.__name__
        self.module: str = function.__module__
        code = getattr(function, "__code__", None)
        self.uses_stack = code is not None and "stack_array" in code.co_names

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.module}.{self.name}>"


class Kernel(_Declared[P, R]):
    """A function in the kernel language. Calling it runs it un-compiled."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        inline: bool = False,
        cold: bool = False,
        export: str | None = None,
        libcall: tuple[str, ...] = (),
        external: str | None = None,
        weak: bool = False,
    ) -> None:
        super().__init__(function)
        self.inline = inline
        self.cold = cold
        self.export = libcall[0] if libcall else export
        self.libcall = libcall
        self.external = external
        self.weak = weak

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        passing = self._passing
        taken: Any = passing.arguments(args, kwargs)
        return cast(R, passing.result(self._run(*taken, **kwargs), args, kwargs))

    @functools.cached_property
    def _passing(self) -> Passing:
        return Passing(self.function)

    def _run(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.uses_stack:
            return self.function(*args, **kwargs)
        from fusee.kernel.arena import simulated

        with simulated().stack_frame():
            return self.function(*args, **kwargs)


class Handler(_Declared[P, R]):
    """A step of an interpreter, always left through a tail call. Calling it enters the interpreter there."""

    def __init__(self, function: Callable[P, R], *, raises_to: Fn[..., None] | None, status: str | None) -> None:
        if (raises_to is None) != (status is None):
            raise TypeError(f"handler {function.__name__}: raises_to and status go together")
        super().__init__(function)
        self.raises_to = raises_to
        self.status = status
        self.inline = False
        self.cold = False
        self.export: str | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        record, *static = args
        run_handlers(lambda record: self.step(record, *static, **kwargs), record)
        return cast(R, None)

    def step(self, record: Any, *args: Any, **static: Any) -> _Tail | None:
        """Run up to the next tail call; None leaves the interpreter."""
        try:
            if not self.uses_stack:
                return cast("_Tail | None", self.function(record, *args, **static))
            from fusee.kernel.arena import simulated

            with simulated().stack_frame():
                return cast("_Tail | None", self.function(record, *args, **static))
        except KernelError as error:
            if self.raises_to is None or self.status is None:
                raise
            setattr(record, self.status, registers_info(type(record)).field(self.status).type(error.status))
            return _Tail(self.raises_to, record)


class Instance(Fn[..., Any]):
    """One specialisation of a kernel or handler; equal arguments give the same object."""

    def __init__(self, kernel: _Declared[..., Any], static: tuple[tuple[str, Hashable], ...], name: str) -> None:
        self.kernel = kernel
        self.static = static
        self.name = name
        self.module = kernel.module
        self.exports: list[str] = []

    @property
    def function(self) -> Callable[..., Any]:
        """The Python function of which this is a specialisation."""
        return self.kernel.function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.kernel(*args, **kwargs, **dict(self.static))

    def step(self, record: Any) -> _Tail | None:
        """As `Handler.step`."""
        assert isinstance(self.kernel, Handler)
        return self.kernel.step(record, **dict(self.static))

    def __repr__(self) -> str:
        return f"<instance {self.module}.{self.name}>"


class _Tail:
    """A tail call that is yet to be made."""

    __slots__ = ("code", "record")

    def __init__(self, code: Any, record: Any) -> None:
        self.code = code
        self.record = record


def tail(code: Fn[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """`return tail(code, f)` ends a handler: jump to `code` with the record's fields."""
    return cast(None, _Tail(code, *args, **kwargs))


def run_handlers(code: Any, record: Any) -> None:
    """Enter an interpreter. The record is passed by value, and no tail call deepens Python's stack."""
    following: _Tail | None = _Tail(code, copy_registers(record))
    while following is not None:
        code = following.code
        step = getattr(code, "step", None)
        following = step(following.record) if step is not None else code(following.record)


def caught(function: Fn[P, None], *args: P.args, **kwargs: P.kwargs) -> u64:
    """Call a kernel and give its status word, 0 if it raised nothing, instead of propagating it."""
    try:
        function(*args, **kwargs)
    except KernelError as error:
        return u64(error.status)
    return u64(0)


@overload
def kernel(function: Callable[P, R], /) -> Kernel[P, R]: ...
@overload
def kernel(
    *,
    inline: bool = False,
    cold: bool = False,
    export: str | None = None,
    libcall: tuple[str, ...] = (),
    external: str | None = None,
    weak: bool = False,
) -> Callable[[Callable[P, R]], Kernel[P, R]]: ...
def kernel(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Declare a kernel: `@kernel`, `@kernel(inline=True)`, `@kernel(cold=True)`, `@kernel(export="name")`.

    `@kernel(libcall=("memmove",))` defines what LLVM calls by these names where a machine lacks the instructions.
    `@kernel(export="name", weak=True)` gives way to another definition of the name.
    `@kernel(external="calloc")` declares a C function that something else defines; un-compiled, its body stands for it.
    """
    if function is not None:
        return Kernel(function)
    return lambda function: Kernel(function, **options)


@overload
def handler(function: Callable[P, R], /) -> Handler[P, R]: ...
@overload
def handler(
    *, raises_to: Fn[..., None] | None = None, status: str | None = None
) -> Callable[[Callable[P, R]], Handler[P, R]]: ...
def handler(
    function: Callable[..., Any] | None = None,
    /,
    *,
    raises_to: Fn[..., None] | None = None,
    status: str | None = None,
) -> Any:
    """Declare a handler; errors raised in it are stored in the field `status` and go to `raises_to`."""
    if function is not None:
        return Handler(function, raises_to=None, status=None)
    return lambda function: Handler(function, raises_to=raises_to, status=status)


def exported(symbol: str, kernel: Kernel[..., Any], **static: Any) -> Instance:
    """`instance(kernel, …)` as a C function of that name; it may have several."""
    made = instance(kernel, **static)
    if symbol not in made.exports:
        made.exports.append(symbol)
    return made


_instances: dict[tuple[_Declared[..., Any], tuple[tuple[str, Hashable], ...]], Instance] = {}
_instance_names: dict[tuple[str, str], int] = {}


def instance(kernel: Kernel[..., Any] | Handler[..., Any], **static: Any) -> Instance:
    """The specialisation of a kernel or handler for these values of its `Static` parameters."""
    items = tuple(sorted(static.items()))
    key = kernel, items
    found = _instances.get(key)
    if found is None:
        label = "_".join([kernel.name, *(f"{name}_{_label(value)}" for name, value in items)])
        count = _instance_names.get((kernel.module, label), 0)
        _instance_names[kernel.module, label] = count + 1
        found = _instances[key] = Instance(kernel, items, f"{label}_{count + 1}" if count else label)
    return found


def _label(value: Any) -> str:
    """A short name for a static value, fit for a symbol."""
    if isinstance(value, enum.Enum):
        text = value.name
    elif isinstance(value, int):
        text = str(value).replace("-", "minus")
    else:
        text = getattr(value, "__name__", None) or getattr(value, "name", None) or repr(value)
    return re.sub(r"\W+", "_", str(text)).strip("_")
