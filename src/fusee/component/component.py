"""`Component`: a decoded and validated component."""

from typing import TYPE_CHECKING, Final

from fusee.api.engine import Engine
from fusee.api.errors import WasmtimeError
from fusee.api.managed import Managed, Unique, expect, expect_path, refuse_closed
from fusee.api.module import _to_binary
from fusee.component.binary.decode import decode
from fusee.component.items import ComponentInstanceType, ComponentType
from fusee.component.program import Program
from fusee.component.types.valtype import NotMade

if TYPE_CHECKING:
    from os import PathLike

SERIALIZED: Final = b"\0fusee-component-1\n"


class ExportIndex(NotMade):
    """Where in a component an export is."""

    __slots__ = ("_path", "_program")

    _program: Program
    _path: tuple[str, ...]

    @classmethod
    def _of(cls, program: Program, path: tuple[str, ...]) -> "ExportIndex":
        made = cls.__new__(cls)
        made._program, made._path = program, path
        return made


class Component(Unique, Managed):
    """A component, checked as a whole when it is made, with the core modules in it."""

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray | memoryview) -> None:
        """The component in `wasm`, in the binary format; in the text format if it is a str or begins with `(` or `;;`.

        Raises `ArgumentError`; `MalformedError` or `ValidationError` with the offset at which it is wrong,
        `UnsupportedError` for what is not supported, `LimitError` if it is too large, `WasmtimeError` for errors in the
        text.
        """
        expect(engine, Engine, "an Engine")
        self._engine = engine._opened()
        self._binary = _to_binary(wasm)
        self._code: Program | None = decode(engine, self._binary)

    @property
    def _program(self) -> Program:
        """How it is made alive."""
        return refuse_closed() if self._code is None else self._code

    def close(self) -> None:
        """End it. Instances stay."""
        self._code = None

    @classmethod
    def from_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Component":
        """The component in a file, of the binary or the text format. Raises `OSError`, and as the constructor."""
        expect_path(path)
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Raise what the constructor raises unless the bytes are a valid component. Not in wasmtime-py."""
        expect(wasm, (bytes, bytearray, memoryview), "wasm bytes")
        expect(engine, Engine, "an Engine")
        decode(engine._opened(), bytes(wasm))

    def serialize(self) -> bytearray:
        """Bytes from which `deserialize` makes it again: its binary under a header, not machine code."""
        assert self._program
        return bytearray(SERIALIZED + self._binary)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> "Component":
        """What `serialize` gave; it is checked again. Raises `ArgumentError`; `WasmtimeError` for other bytes."""
        expect(encoded, (bytes, bytearray), "bytes")
        if not encoded.startswith(SERIALIZED):
            raise WasmtimeError("these bytes are not a serialized component")
        return cls(engine, encoded[len(SERIALIZED) :])

    @classmethod
    def deserialize_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Component":
        """`deserialize` on what a file contains. Raises `WasmtimeError` if it cannot be read, and what that raises."""
        from fusee.api._serialized import read_serialized

        return cls.deserialize(engine, read_serialized(path))

    @property
    def type(self) -> ComponentType:
        """Its `ComponentType`."""
        return self._program.type

    def get_export_index(self, name: str, instance: ExportIndex | None = None) -> ExportIndex | None:
        """Where the export `name` is, of the component or of an instance that it exports; None if there is none.

        Raises `ArgumentError`.
        """
        return export_index(self._program, name, instance)


def export_index(program: Program, name: str, instance: ExportIndex | None) -> ExportIndex | None:
    """Where an export is; None if there is none."""
    expect(name, str, "a str")
    if instance is not None:
        expect(instance, ExportIndex, "an ExportIndex")
        if instance._program is not program:
            return None
    path = instance._path if instance is not None else ()
    exports = program.type._exports
    for step in path:
        inner = exports[step]
        if not isinstance(inner, ComponentInstanceType):
            return None
        exports = inner._exports
    return ExportIndex._of(program, (*path, name)) if name in exports else None
