"""Writes core modules of instructions as text (spec 5): names, and one token for each immediate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from fusee.spec import opcodes as _opcodes  # its rows fill the registry
from fusee.spec.leb128 import signed, unsigned
from fusee.spec.op import BY_MNEMONIC, Imm, Op
from fusee.spec.types import COMP_FUNC, EMPTY_BLOCK, Heap

assert _opcodes

_HEADER: Final = b"\0asm\1\0\0\0"
_TYPES: Final = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "exnref": Heap.EXN, "-": EMPTY_BLOCK}
_TYPE, _IMPORT, _FUNCTION, _EXPORT, _CODE = 1, 2, 3, 7, 10
_FUNC_KIND, _MEMORY_KIND, _GLOBAL_KIND = 0, 2, 3
_HAS_MEMORY: Final = 0x40
_CATCH_ALL_REF: Final = 3
_CHARACTERS: Final = 5
"""Of text, for a byte: at least so many."""
_BLOCKS: Final = ("block", "loop", "if", "try_table")

Signature = tuple[tuple[str, ...], tuple[str, ...]]
"""Types of parameters and results, by their names."""


def _vector(items: Sequence[bytes]) -> bytes:
    return unsigned(len(items)) + b"".join(items)


def _kinds(names: Sequence[str]) -> bytes:
    return _vector([bytes([_TYPES[name]]) for name in names])


def _sized(content: bytes) -> bytes:
    return unsigned(len(content)) + content


def _name(text: str) -> bytes:
    return _sized(text.encode())


class TooLargeError(Exception):
    """There would be more instructions than there may be."""


class Assembler:
    """One module: what it imports, then its functions, of which some are exported."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes` bounds its instructions, and so what writing them takes."""
        self._left = most_bytes
        self.memories: dict[str, int] = {}
        self.globals: dict[str, int] = {}
        self.functions: dict[str, int] = {}
        self.imports: list[str] = []
        """Names, in their order."""
        self._types: dict[Signature, int] = {}
        self._imported: list[bytes] = []
        self._defined: list[tuple[int, Code]] = []

    def _import(self, name: str, kind: int, what: bytes) -> None:
        self.imports.append(name)
        self._imported.append(_name("") + _name(name) + bytes([kind]) + what)

    def import_memory(self, name: str) -> None:
        """A memory of 32 bits."""
        self.memories[name] = len(self.memories)
        self._import(name, _MEMORY_KIND, b"\0\0")

    def import_global(self, name: str) -> None:
        """A variable, an i32."""
        self.globals[name] = len(self.globals)
        self._import(name, _GLOBAL_KIND, bytes([_TYPES["i32"], 1]))

    def import_function(self, name: str, params: Iterable[str], results: Iterable[str]) -> None:
        """A function. All imports come before what is defined."""
        self.functions[name] = len(self.functions)
        self._import(name, _FUNC_KIND, unsigned(self._type((tuple(params), tuple(results)))))

    def spend(self, count: int) -> None:
        """So many bytes more. Raises `TooLargeError`."""
        self._left -= count
        if self._left < 0:
            raise TooLargeError

    def _type(self, signature: Signature) -> int:
        return self._types.setdefault(signature, len(self._types))

    def function(
        self, name: str, params: Mapping[str, str], results: Iterable[str], sides: Mapping[str, str]
    ) -> "Code":  # fmt: skip
        """A new function; `params` are types by name, `sides` what names in its code stand for."""
        self.functions[name] = len(self.functions)
        code = Code(self, params, sides)
        self._defined.append((self._type((tuple(params.values()), tuple(results))), code))
        return code

    def finish(self, *exported: str) -> bytes:
        """The module, which exports functions by their names; backtraces call them so, too."""
        bodies = [code.finish() for _, code in self._defined]
        types = [bytes([COMP_FUNC]) + _kinds(params) + _kinds(results) for params, results in self._types]
        places = [(unsigned(self.functions[name]), _name(name)) for name in exported]
        sections = {
            _TYPE: types, _IMPORT: self._imported, _FUNCTION: [unsigned(ty) for ty, _ in self._defined],
            _EXPORT: [name + bytes([_FUNC_KIND]) + place for place, name in places],
            _CODE: [_sized(body) for body in bodies],
        }  # fmt: skip
        content = b"".join(bytes([kind]) + _sized(_vector(items)) for kind, items in sections.items())
        module = b"\0" + _sized(_name("component"))  # names (spec 7.4)
        shown = module + b"\1" + _sized(_vector([place + name for place, name in places]))
        return _HEADER + content + b"\0" + _sized(_name("name") + shown)


class Code:
    """The instructions of a function."""

    def __init__(self, module: Assembler, params: Mapping[str, str], sides: Mapping[str, str]) -> None:
        self._module = module
        self.sides = sides
        """What names of memories, variables and functions stand for."""
        self._params = len(params)
        self._locals = {name: index for index, name in enumerate(params)}
        self._kinds: list[str] = []
        self._labels: list[str] = []
        self._bytes = bytearray()

    def local(self, name: str, kind: str = "i32") -> str:
        """A variable of a name, which may be there already."""
        if name not in self._locals:
            self._locals[name] = self._params + len(self._kinds)
            self._kinds.append(kind)
        return name

    def emit(self, text: str) -> None:
        """Instructions; a block has a label, or `_`, and a type, or `-`; a place in memory is `memory+offset`."""
        tokens = iter(text.split())
        self._module.spend(len(text) // _CHARACTERS)
        for mnemonic in tokens:
            op = BY_MNEMONIC[mnemonic]
            self._bytes += _opcode(op)
            if mnemonic in _BLOCKS:
                self._labels.append(next(tokens))
            elif mnemonic == "end":
                self._labels.pop()
            for kind in op.immediates:
                self._bytes += self._immediate(kind, tokens)

    def _immediate(self, kind: Imm, tokens: Iterator[str]) -> bytes:
        token = next(tokens)
        if kind == Imm.BLOCK_TYPE:
            return bytes([_TYPES[token]])
        if kind == Imm.LABEL:
            return self._label(token)
        if kind == Imm.LABELS:
            *targets, default = token.split(",")
            return _vector([self._label(target) for target in targets]) + self._label(default)
        if kind == Imm.CATCHES:  # the block itself is no target of its clauses
            return b"\1" + bytes([_CATCH_ALL_REF]) + unsigned(self._depth(token) - 1)
        if kind in (Imm.I32, Imm.I64):
            return signed(int(token, 0), 32 if kind == Imm.I32 else 64)
        if kind == Imm.MEMARG:
            memory, _, offset = token.partition("+")
            return bytes([_HAS_MEMORY]) + self._memory(memory) + unsigned(int(offset or "0"))
        if kind == Imm.MEMORY:
            return self._memory(token)
        if kind == Imm.LOCAL:
            return unsigned(self._locals[token])
        space = self._module.functions if kind == Imm.FUNC else self._module.globals
        return unsigned(space[self.sides.get(token, token)])

    def _memory(self, name: str) -> bytes:
        return unsigned(self._module.memories[self.sides.get(name, name)])

    def _depth(self, label: str) -> int:
        return self._labels[::-1].index(label)

    def _label(self, label: str) -> bytes:
        return unsigned(self._depth(label))

    def finish(self) -> bytes:
        """Locals and instructions (spec 5.5.13)."""
        assert not self._labels
        kinds = [b"\1" + bytes([_TYPES[kind]]) for kind in self._kinds]
        return _vector(kinds) + bytes(self._bytes) + _opcode(BY_MNEMONIC["end"])


def _opcode(op: Op) -> bytes:
    return bytes([op.prefix]) + unsigned(op.code & 0xFFF) if op.prefix else bytes([op.code])
