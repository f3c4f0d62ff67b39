"""The interfaces of WASI 0.2 and 0.3 as tables: their types, and functions with what they do.

A function enters its interface's table through a decorator, which states its type once, as WIT does:

    @STREAMS.method("input-stream.read(len: u64) -> result<list<u8>, stream-error>")
    def read(context: WasiContext, stream: InputStream, length: int) -> bytes:

A body is given the program's state, objects for its handles, and other values as `fusee.component` has them. It gives
objects for handles, and for a `result` what is right; an error it raises: as `Err`, or as the `WasiError` or `OSError`
that the host's file has, which becomes the interface's error code in one place.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeVar

from fusee.api.errors import LimitError, Trap
from fusee.component.resources import ResourceAny, ResourceHost
from fusee.component.traps import leave_component
from fusee.component.types.composite import FutureType, ListType, OptionType, ResultType, StreamType
from fusee.component.types.resource import HandleType, OwnType, ResourceType
from fusee.component.types.valtype import HANDLE, ValType
from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import WasiError
from fusee.wasi.p2.wit import function_type, read_function, read_type
from fusee.wasi.resources import Resource, ResourceTable

VERSION: Final = "0.2.8"
_FIRST_NUMBER: Final = 0x7761_7000  # of the host's resource types, away from the small ones that users choose

Body = TypeVar("Body", bound=Callable[..., Any])
Reader = Callable[[ResourceTable, Any, Any], Any]

INTERFACES: Final[dict[str, "Interface"]] = {}
_CLASSES: Final[dict[int, type[Resource]]] = {}


class HostFunction(NamedTuple):
    """A function of an interface: `name` is as components import it."""

    name: str
    params: list[tuple[str, ValType]]
    result: ValType | None
    body: Callable[..., Any]
    error: "Callable[[WasiError | OSError], Any] | None"
    named: "Callable[[str], Any] | None" = None
    is_async: bool = False

    def call(self, context: WasiContext, *arguments: Any) -> Any:
        """What the body gives, with objects for handles. Raises `Err` for the error case of a result."""
        try:
            return self.body(context, *arguments)
        except (Err, WasiError, OSError) as error:
            raise self._failure(error) from None
        except Trap as raised:
            leave_component(raised)  # who calls the component takes WASI for a part of it
            raise

    async def complete(self, context: WasiContext, awaited: Awaitable[Any], finish: Callable[..., Any]) -> Any:
        """The same for what a body has given to be awaited; `finish` makes values for the guest of it."""
        try:
            return finish(context, await awaited)
        except (Err, WasiError, OSError) as error:
            raise self._failure(error) from None
        except Trap as raised:
            leave_component(raised)
            raise

    def _failure(self, error: "Err | WasiError | OSError") -> Exception:
        """What to raise for what a body has raised."""
        if isinstance(error, Err):
            is_name = self.named is not None and isinstance(error.payload, str)
            return Err(self.named(error.payload)) if is_name and self.named else error
        if self.error is None or not isinstance(self.result, ResultType):
            return error
        return Err(self.error(error))

    def bound(self) -> Callable[..., Any]:
        """What a linker is given: takes a store and values of the parameters' types."""
        call = self.call
        readers = [_reader(ty) for _, ty in self.params]
        is_tagged = isinstance(self.result, ResultType) and self.result._is_tagged
        gives_handles = self.result is not None and bool(self.result._flags & HANDLE)
        takes_handles = any(readers)

        def finish(context: WasiContext, value: Any) -> Any:
            if gives_handles:
                value = hand_out(context.resources, value)
            return Variant("ok", value) if is_tagged else value

        def host(store: Any, *arguments: Any) -> Any:
            context: WasiContext = store._context._wasi
            if takes_handles:
                table = context.resources
                arguments = tuple(
                    value if read is None else read(table, store, value)
                    for read, value in zip(readers, arguments, strict=True)
                )
            try:
                value = call(context, *arguments)
            except Err as error:
                if gives_handles:
                    raise Err(hand_out(context.resources, error.payload)) from None
                raise
            if self.is_async and hasattr(value, "__await__"):
                return self.complete(context, value, finish)
            return finish(context, value)

        return host


class Interface:
    """An interface: what names in it stand for, and its functions.

    `uses` are those whose types it uses. `error` makes the error case of its functions of what files fail with, `named`
    of the name that a body raises `Err` with.
    """

    def __init__(
        self, name: str, *uses: "Interface", error: "Callable[[WasiError | OSError], Any] | None" = None,
        named: "Callable[[str], Any] | None" = None, version: str = VERSION,
        table: "dict[str, Interface] | None" = None,
    ) -> None:  # fmt: skip
        self.name = f"wasi:{name}@{version}"
        self.names: dict[str, ValType | ResourceType] = {}
        for used in uses:
            self.names |= used.names
        self.functions: dict[str, HostFunction] = {}
        self._error, self._named = error, named
        (INTERFACES if table is None else table)[self.name] = self

    def define(self, name: str, text: str) -> ValType:
        """Gives a type a name."""
        made = self.names[name] = read_type(text, self.names)
        return made

    def alias(self, name: str, other: str) -> None:
        """Gives a type a further name."""
        self.names[name] = self.names[other]

    def resource(self, name: str, kind: type[Resource]) -> ResourceType:
        """Gives a resource a name; `kind` is the class of its objects."""
        number = _FIRST_NUMBER + len(_CLASSES)
        _CLASSES[number] = kind
        made = self.names[name] = ResourceType.host(number)
        kind.number = number
        return made

    def function(self, text: str) -> Callable[[Body], Body]:
        """Registers a function of no resource."""
        return self._add(text, "{}", "")

    def method(self, text: str) -> Callable[[Body], Body]:
        """Registers a method: `resource.name(…)`, whose first parameter is the borrowed resource."""
        start = "async " if text.startswith("async ") else ""
        owner, _, rest = text.removeprefix(start).partition(".")
        return self._add(start + rest, f"[method]{owner}.{{}}", f"self: borrow<{owner}>, ")

    def static(self, text: str) -> Callable[[Body], Body]:
        """Registers a function of a resource that is given none."""
        owner, _, rest = text.partition(".")
        return self._add(rest, f"[static]{owner}.{{}}", "")

    def constructor(self, text: str) -> Callable[[Body], Body]:
        """Registers what makes a resource: `resource(…)`."""
        owner = text.partition("(")[0]
        return self._add(f"{text} -> {owner}", "[constructor]{}", "")

    def _add(self, text: str, name: str, first: str) -> Callable[[Body], Body]:
        is_async = text.startswith("async ")
        text = text.removeprefix("async ")
        word, params, result = read_function(text.replace("(", f"({first}", 1), self.names)

        def register(body: Body) -> Body:
            full = name.format(word)
            self.functions[full] = HostFunction(full, params, result, body, self._error, self._named, is_async)
            return body

        return register


def hand_out(table: ResourceTable, value: Any) -> Any:
    """A value with handles in the place of objects, which the guest owns from now on."""
    if isinstance(value, Resource):
        return ResourceHost.own(table.add(value), value.number)
    if isinstance(value, Variant):
        return Variant(value.tag, hand_out(table, value.payload))
    if isinstance(value, tuple | list):
        return type(value)(hand_out(table, one) for one in value)
    return value


def _reader(ty: ValType) -> Reader | None:
    """What puts objects in the place of the handles of a parameter; None if there are none yet, as in a future."""
    if not ty._flags & HANDLE or isinstance(ty, StreamType | FutureType):
        return None
    if isinstance(ty, HandleType):
        kind = _CLASSES[ty.ty._host or 0]
        return _taker(kind) if isinstance(ty, OwnType) else _borrower(kind)
    if isinstance(ty, ListType):
        element = _reader(ty.element)
        assert element is not None
        return lambda table, store, values: [element(table, store, value) for value in values]
    if isinstance(ty, OptionType):
        payload = _reader(ty.payload)
        assert payload is not None
        return lambda table, store, value: None if value is None else payload(table, store, value)
    assert isinstance(ty, ResultType) and ty.ok is not None and not ty._is_tagged
    return _result_reader(_reader(ty.ok))


def _result_reader(ok: Reader | None) -> Reader:
    """For a result whose value is a handle, and whose error is none."""

    def read(table: ResourceTable, store: Any, value: Any) -> Variant:
        if isinstance(value, ResourceAny) and ok is not None:
            return Variant("ok", ok(table, store, value))
        return Variant("err", value)

    return read


def _borrower(kind: type[Resource]) -> Reader:
    return lambda table, store, handle: table.get(handle.rep, kind)


def _taker(kind: type[Resource]) -> Reader:
    return lambda table, store, handle: table.take(handle.to_host(store).rep, kind)


def type_of(function: HostFunction) -> Any:
    """The type of a function, which a component's import has to match."""
    return function_type(function.params, function.result, function.is_async)


def bounded(length: int, most: int, what: str) -> int:
    """A length that the host makes room for. Raises `LimitError` if it is more than `most` bytes."""
    if length > most:
        raise LimitError(f"{what}: {length} bytes are asked for, and {most} allowed")
    return length
