"""Options of canonical functions (Binary and CanonicalABI, "canonopt")."""

from typing import Final

from fusee.api.errors import MalformedError
from fusee.api.externtypes import MemoryType
from fusee.component.binary.core import core_func
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import Scope
from fusee.component.program import CORE_FUNC, CORE_MEMORY, Options

_ENCODINGS: Final = {0x00: "utf8", 0x01: "utf16", 0x02: "latin1+utf16"}
_INDICES: Final = {0x03: "memory", 0x04: "realloc", 0x05: "post-return", 0x07: "callback"}
_REALLOC: Final = core_func(["i32"] * 4, ["i32"])
_CALLBACK: Final = core_func(["i32"] * 3, ["i32"])


def decode_options(scope: Scope, reader: Reader) -> Options:
    """The options. Raises `ValidationError` if one does not fit, or the others."""
    found: dict[str, int | str] = {}
    for _ in range(reader.count("options")):
        start = reader.position
        code = reader.byte()
        if code in _ENCODINGS:
            name, value = "string-encoding", _ENCODINGS[code]
        elif code in _INDICES:
            name, value = _INDICES[code], reader.u32()  # type: ignore[assignment]
        elif code == 0x06:
            name, value = "async", 1  # type: ignore[assignment]
        else:
            raise MalformedError(f"malformed canonical option {code:#x}", start)
        if name in found:
            raise invalid(f"canonical option `{name}` is specified more than once", start)
        found[name] = value
        _check_option(scope, name, value, start)
    options = Options(
        str(found.get("string-encoding", "utf8")), _number(found.get("memory")), _number(found.get("realloc")),
        _number(found.get("post-return")), "async" in found, _number(found.get("callback")),
    )  # fmt: skip
    if options.is_async and options.post_return is not None:
        raise invalid("canonical options `async` and `post-return` exclude each other", reader.position)
    if options.callback is not None and not options.is_async:
        raise invalid("canonical option `callback` is only allowed with `async`", reader.position)
    if options.realloc is not None and options.memory is None:
        raise invalid("canonical option `memory` is required with `realloc`", reader.position)
    return options


def _number(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None


def _check_option(scope: Scope, name: str, value: int | str, offset: int) -> None:
    if name == "memory":
        check_memory(scope, int(value), offset)
    elif name == "realloc" and scope.at(CORE_FUNC, int(value), offset) != _REALLOC:
        raise invalid("canonical option `realloc` uses a core function with an incorrect signature", offset)
    elif name == "callback" and scope.at(CORE_FUNC, int(value), offset) != _CALLBACK:
        raise invalid("canonical option `callback` uses a core function with an incorrect signature", offset)
    elif name == "post-return":
        scope.at(CORE_FUNC, int(value), offset)


def check_memory(scope: Scope, index: int, offset: int) -> None:
    """A memory that canonical functions can work on. Raises `ValidationError`."""
    memory = scope.at(CORE_MEMORY, index, offset)
    assert isinstance(memory, MemoryType)
    if memory.is_64 or memory.is_shared or memory.page_size_log2 != 16:
        raise invalid("canonical functions need a memory of 32 bits that is not shared", offset)
