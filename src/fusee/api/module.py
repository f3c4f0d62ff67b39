"""`Module`: a decoded and validated module."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fusee.api._decoded import DecodedModule, end_module
from fusee.api.engine import Engine
from fusee.api.managed import expect, expect_path
from fusee.engine.state.code import CODE_START
from fusee.engine.state.code import Code as CodeState
from fusee.kernel.memory import view

if TYPE_CHECKING:
    from os import PathLike

    from fusee.api.names import Names

_NONE: Final = frozenset[int]()


class Module(DecodedModule):
    """A module (spec 2.5), checked as a whole when it is made; functions are translated when first called."""

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray | memoryview) -> None:
        """The module in `wasm`: in the binary format, or in the text format if it is a str or begins with `(` or `;;`.

        Raises `ArgumentError`; `MalformedError` or `ValidationError` with the offset at which the module is wrong,
        `ProposalError` if it is right by a proposal that is off or missing, `WasmtimeError` for errors in the text.
        """
        expect(engine, Engine, "an Engine")
        self._open(engine._opened(), _to_binary(wasm), b"")

    def _open(self, engine: Engine, binary: bytes, code: bytes) -> None:
        """Make it of a binary, and of native code that belongs to it, if there is any."""
        self._open_interpreted(engine, binary)
        self._use_native_code(code)

    @classmethod
    def _interpreted(cls, engine: Engine, binary: bytes) -> "Module":
        """A module whose functions have no native code before `_use_native_code`. Raises as the constructor."""
        module = cls.__new__(cls)
        module._open_interpreted(engine, binary)
        return module

    def _use_native_code(self, code: bytes = b"", interpreted: frozenset[int] = _NONE) -> None:
        """Have its functions get native code as its engine's strategy says, before anything of it is called.

        Those that are `interpreted` stay so.
        """
        engine, lifetime = self._engine, self._lifetime
        if engine._tier is not None and lifetime is not None:
            engine._tier.add(self._address, self._binary, lifetime, self._kept, interpreted)
        elif engine._compiles and not interpreted.issuperset(self._own_functions):
            own = frozenset(self._own_functions) - interpreted
            self._kept.append(install_native(engine, self._address, self._binary, code, own))

    @classmethod
    def from_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Module":
        """The module in a file, of the binary or the text format. Raises `OSError`, and what the constructor raises."""
        expect_path(path)
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Raise `MalformedError` or `ValidationError` unless the bytes are a valid module. Raises `ArgumentError`."""
        expect(wasm, (bytes, bytearray, memoryview), "wasm bytes")
        expect(engine, Engine, "an Engine")
        binary = bytes(wasm)
        end_module(engine._opened(), engine._compile(binary), binary)

    def serialize(self) -> bytearray:
        """Bytes from which `deserialize` makes this module again: its binary, and if its engine's strategy is "native"
        the native code of its functions for this processor and this version of Fusee."""
        from fusee.api._serialized import Serialized

        binary, engine = self._opened()._binary, self._engine
        code = engine._native.exported_code(binary, engine._is_metered) if engine._compiles else b""
        return Serialized(binary, code).to_bytes()

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> "Module":
        """The module that `serialize` gave; it is checked again, but not the native code in it.

        So bytes must be trusted if the engine's strategy is "native"; others do not look at the code. Raises
        `ArgumentError`; `WasmtimeError` for other bytes, for damaged ones, and where code is used that was compiled for
        another processor or by another version.
        """
        from fusee.api._serialized import Serialized

        expect(engine, Engine, "an Engine")
        expect(encoded, (bytes, bytearray), "bytes")
        module = cls.__new__(cls)
        module._open(engine._opened(), *Serialized.from_bytes(encoded))
        return module

    @classmethod
    def deserialize_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Module":
        """`deserialize` on what a file contains. Raises `WasmtimeError` if it cannot be read, and what that raises."""
        from fusee.api._serialized import read_serialized

        return cls.deserialize(engine, read_serialized(path))

    @cached_property
    def _names(self) -> "Names":
        """The custom section "name"."""
        from fusee.api.names import decode_names

        place = self._state.name_section
        return decode_names(self._binary, int(place.start), int(place.end))

    @property
    def _own_functions(self) -> range:
        """The indices of the functions that it defines."""
        return range(int(self._state.imported_func_count), int(self._state.func_count))

    def _body_offset(self, func: int) -> int:
        """Where the body of a function defined here starts, in bytes."""
        bodies = self._state.bodies
        return int(bodies[func - int(self._state.imported_func_count)].locals.start)

    def _translated_functions(self) -> Iterator[tuple[int, int, int]]:
        """Of each function that was translated: its index, and the address and size in bytes of its code."""
        m, space = self._state, self._engine._native.space
        for index in self._own_functions:
            start = int(m.code_table[index])
            if start:
                yield index, start - CODE_START, int(view(CodeState, start - CODE_START, space).size)


def install_native(
    engine: Engine, module: int, binary: bytes, exported: bytes, wanted: frozenset[int]
) -> object:  # fmt: skip
    """Give those functions of a new module native code that are wanted, and can have it; what keeps that, or None.

    The code is `exported`, unless that is empty.
    """
    native, is_metered = engine._native, engine._is_metered
    code = native.imported_code(binary, exported, is_metered) if exported else native.native_code(binary, is_metered)
    if code is not None:
        for index, addresses in code.functions.items():
            if index in wanted:
                native.install_native(engine._address, module, index, *addresses)
    return code


def reaching(
    modules: Sequence[Module], links: Sequence[Sequence[tuple[int, tuple[int, int] | None]]], groups: Sequence[int]
) -> list[frozenset[int]]:  # fmt: skip
    """As `fusee.native.reach.reaching`."""
    from fusee.native.reach import reaching

    return reaching([module._binary for module in modules], links, groups)


def _to_binary(wasm: str | bytes | bytearray | memoryview) -> bytes:
    expect(wasm, (str, bytes, bytearray, memoryview), "wasm bytes or text")
    if not isinstance(wasm, str):
        binary = bytes(wasm)
        if not binary.lstrip().startswith((b"(", b";;")):
            return binary
        wasm = binary.decode(errors="replace")
    from fusee.api.text import wat2wasm

    return bytes(wat2wasm(wasm))
