"""From the engine's kernels to text that is inlined in generated code (`native.kernels` has what was made before).

This loads all that kernels are made of, for 0.03 s, and a kernel takes 0.1 ms and more.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from fusee.engine.natives import inlined, objects
from fusee.engine.natives.numbers import NUMBER
from fusee.engine.numeric import MEANING
from fusee.engine.numeric.lanes import picked
from fusee.engine.numeric.reference import i31_get_s, i31_get_u, ref_i31
from fusee.engine.runtime.memory import memory_size
from fusee.engine.runtime.table import callee_among, callee_in, table_at, table_size
from fusee.engine.runtime.words import (
    OPERATIONS,
    change_word,
    check_alignment,
    exchange_word,
    fence_words,
    read_word,
    write_word,
)  # fmt: skip
from fusee.kernel.check import Checker
from fusee.kernel.declare import STATIC, Kernel
from fusee.kernel.lang import f32, f64, i8, i16, i32, instance, u8, u16, u32, u64, v128
from fusee.kernel.lower import ModuleWriter
from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.inline import inlined_results
from fusee.kernel.lower.rules import call
from fusee.kernel.lower.types import result_items
from fusee.kernel.target import Target
from fusee.kernel.tree.expressions import Call, Node
from fusee.kernel.tree.functions import Specialised
from fusee.kernel.tree.types import NOTHING, Boolean, Type
from fusee.native.templates import INVARIANT, TAG, Name, Template, Text, stand_in
from fusee.spec.atomics import ATOMIC_OF
from fusee.spec.op import BY_MNEMONIC

TYPES: dict[str, Any] = {"i32": u32, "i64": u64, "f32": f32, "f64": f64, "v128": v128, "ref": u64, "func": u64}
"""What kernels take for a value of a type."""

_STORED: dict[str, Any] = {"8_s": i8, "8_u": u8, "16_s": i16, "16_u": u16, "32_s": i32, "32_u": u32}
_UNSIGNED: dict[int, Any] = {1: u8, 2: u16, 4: u32, 8: u64}
_NARROW: dict[str, Any] = {"8": u8, "16": u16, "32": u32}
_ON_WORDS: dict[str, Any] = {
    "atomic_load": (read_word, {}), "atomic_store": (write_word, {}), "atomic_cmpxchg": (exchange_word, {}),
    **{f"atomic_{name}": (change_word, {"operation": operation}) for name, operation in OPERATIONS.items()},
}  # fmt: skip
_PLAIN: dict[str, Any] = {
    "memory_size": memory_size, "callee_in": callee_in, "callee_among": callee_among, "table_at": table_at,
    "table_size": table_size, "ref_i31": ref_i31, "i31_get_s": i31_get_s, "i31_get_u": i31_get_u,
    "check_alignment": check_alignment, "fence_words": fence_words,
}  # fmt: skip

_FLOAT_OPS = ("fadd", "fsub", "fmul", "fdiv")
_SUFFIXES = {"float": "f32", "double": "f64"}  # in the names of LLVM's intrinsics
_STRICT = ('metadata !"round.tonearest"', 'metadata !"fpexcept.maytrap"')


# Which kernel that is


def _meaning(mnemonic: str, *lane: int) -> Any:
    """What a numeric instruction computes; `lane` of those that name one."""
    code = MEANING[mnemonic]
    return instance(code.kernel, **dict(code.static), lane=lane[0]) if lane else code


def _shuffle(*places: int) -> Any:
    """`i8x16.shuffle` by static numbers."""
    return instance(picked, places=places)


def _inlined(name: str, *static: tuple[str, Any]) -> Any:
    """A kernel of `engine.natives.inlined` or `objects`, or one that the interpreter's handlers use."""
    kernel = _PLAIN.get(name) or getattr(inlined, name, None) or getattr(objects, name)
    return instance(kernel, **dict(static)) if static else kernel


def _load(mnemonic: str) -> Any:
    """What a load does once its place is known."""
    kind, _, rest = mnemonic.partition(".load")
    if not rest:
        return _inlined("load_whole", ("t", TYPES[kind]))
    return _inlined("load_value", ("stored", _STORED[rest]), ("t", TYPES[kind]))


def _store(mnemonic: str) -> Any:
    """What a store does."""
    kind, _, rest = mnemonic.partition(".store")
    if not rest:
        return _inlined("store_whole", ("t", TYPES[kind]))
    return _inlined("store_value", ("stored", _NARROW[rest]), ("t", TYPES[kind]))


def _raw_load(width: int) -> Any:
    """Load an unsigned number of so many bytes."""
    return _inlined("load_whole", ("t", _UNSIGNED[width]))


def _raw_store(width: int) -> Any:
    return _inlined("store_whole", ("t", _UNSIGNED[width]))


def _on_word(mnemonic: str) -> Any:
    """What an atomic instruction does once its place is known."""
    kernel, operation = _ON_WORDS[ATOMIC_OF[mnemonic]]
    static = {"stored": _UNSIGNED[BY_MNEMONIC[mnemonic].width], "t": TYPES[mnemonic[:3]], **operation}
    return instance(kernel, **static)


_KINDS: Final[dict[str, Callable[..., Any]]] = {
    "meaning": _meaning, "shuffle": _shuffle, "inlined": _inlined, "load": _load, "store": _store,
    "raw_load": _raw_load, "raw_store": _raw_store, "on_word": _on_word,
}  # fmt: skip
"""By the first part of a `native.kernels.Key`: what finds the kernel by the others."""


def usual() -> Iterator[tuple[Any, ...]]:
    """The `native.kernels.Key` of all that are not told apart by numbers of which there are many."""
    for mnemonic in MEANING:
        if not BY_MNEMONIC[mnemonic].lanes and mnemonic != "i8x16.shuffle":
            yield "meaning", mnemonic
    yield from (("on_word", mnemonic) for mnemonic, name in ATOMIC_OF.items() if name in _ON_WORDS)
    for mnemonic in BY_MNEMONIC.keys() - MEANING.keys():
        for kind in ("load", "store"):
            if f".{kind}" in mnemonic and mnemonic not in ATOMIC_OF:
                yield kind, mnemonic
    for name, one in (vars(inlined) | vars(objects) | _PLAIN).items():
        if isinstance(one, Kernel) and not any(map(_is_static, one.function.__annotations__.values())):
            yield "inlined", name
    for width in (*_UNSIGNED, 16):
        yield from (("inlined", f"place_{bits}", ("width", width)) for bits in (32, 64))
    for number in NUMBER.values():
        yield "inlined", "helper_at", ("number", number)


def _is_static(annotation: Any) -> bool:
    return STATIC in getattr(annotation, "__metadata__", ())


# Its text


class _Given(Node):
    """An operand that has been computed."""

    operand: str


@lowers(_Given)
def _given(writer: FunctionWriter, node: _Given) -> str:
    return node.operand


class _Text(ModuleWriter):
    """What kernels are written for: any module, whose metadata have numbers of their own."""

    def weights(self, which: str) -> str:
        return f"${which}"

    def invariance(self) -> str:
        return INVARIANT if super().invariance() else ""

    def called(self) -> tuple[list[tuple[str, str]], list[str]]:
        """What a kernel calls: what was declared, and the text of what is defined."""
        self.write([])
        assert not self._tables, "what is inlined has no constant data"
        return list(self._declarations.items()), self._functions


class _KernelWriter(FunctionWriter):
    """A kernel as it is inlined; `is_shared`: what it accesses others may change, but for what is true or false."""

    def __init__(self, module: ModuleWriter, is_shared: bool) -> None:
        super().__init__(module, Specialised("", "", None, [], NOTHING, "", 0))
        self._is_shared = is_shared

    def load(self, type_: Type, address: str, aligned: bool, is_invariant: bool = False) -> str:
        if isinstance(type_, Boolean):
            return super().load(type_, address, aligned, is_invariant)
        self.location, self.is_volatile = TAG, self._is_shared
        loaded = super().load(type_, address, aligned, is_invariant)
        self.location, self.is_volatile = "", False
        return loaded

    def store(self, type_: Type, operand: str, address: str, aligned: bool) -> None:
        if isinstance(type_, Boolean):
            super().store(type_, operand, address, aligned)
            return
        self.location, self.is_volatile = TAG, self._is_shared
        super().store(type_, operand, address, aligned)
        self.location, self.is_volatile = "", False

    def arithmetic(self, op: str, type_: str, left: str, right: str) -> str:
        """As one that may raise a floating-point exception, an operation is done even if it is `x * 1`.

        LLVM takes that, and what is like it, for `x`, also where that is a signalling NaN, and also where it finds out
        later that an operand is 1 (spec 4.3.3, fmul: the result is a quiet NaN).
        """
        if op not in _FLOAT_OPS:
            return super().arithmetic(op, type_, left, right)
        lanes, _, element = type_.strip("<>").rpartition(" x ")
        suffix = f"{lanes and f'v{lanes}'}{_SUFFIXES[element]}"
        operands = f"{type_} {left}", f"{type_} {right}"
        return call(self, f"llvm.experimental.constrained.{op}.{suffix}", type_, *operands, *_STRICT)


class Lowering:
    """Makes the texts of kernels for a target, and a processor that has certain instructions beyond it."""

    def __init__(self, target: Target, instructions: frozenset[str]) -> None:
        self._checker = Checker(target)
        self._instructions = instructions

    def template(self, key: tuple[Any, ...], is_volatile: bool) -> Template:
        """The text of a kernel; `is_volatile`: what it loads and stores others may change."""
        kind, *others = key
        (function,) = self._checker.check([_KINDS[kind](*others)])
        text = _Text(
            "", self._checker.types, lambda function: False, lambda function: False, instructions=self._instructions
        )  # fmt: skip
        writer = _KernelWriter(text, is_volatile)
        operands = [_Given(one.type, 0, stand_in(number)) for number, one in enumerate(function.parameters)]
        results = inlined_results(writer, Call(function.result, 0, function, tuple(operands)))
        raised = [(Name.of(status), Name.of(block)) for status, block in writer.frames[0].raised or ()]
        result = Name.of(results[0] if result_items(function) else "")
        return Template(
            Text.of(writer.lines), Text.of(writer.head), result, writer.names, raised, Name.of(writer.block),
            *text.called(), is_condition=isinstance(function.result, Boolean), is_last=writer.ended,
        )  # fmt: skip
