"""The engine's kernels, checked for a target, as generated code has them inlined."""

from functools import cache
from typing import Any

from fusee.engine.natives import inlined, objects
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
from fusee.kernel.lang import f32, f64, i8, i16, i32, instance, u8, u16, u32, u64, v128
from fusee.kernel.target import Target
from fusee.kernel.tree.functions import Specialised
from fusee.spec.atomics import ATOMIC_OF
from fusee.spec.op import Op

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


@cache
def kernels_for(target: Target) -> "Kernels":
    """Those that this process has checked for a target."""
    return Kernels(target)


class Kernels:
    """Specialisations by name, made when they are first asked for."""

    def __init__(self, target: Target) -> None:
        self.checker = Checker(target)
        self._made: dict[tuple[Any, ...], Specialised] = {}

    def _specialised(self, key: tuple[Any, ...], code: Any) -> Specialised:
        (made,) = self.checker.check([code])
        self._made[key] = made
        return made

    def meaning(self, mnemonic: str, lane: int | None = None) -> Specialised:
        """What a numeric instruction computes; `lane` of those that name one."""
        key = (mnemonic, lane)
        found = self._made.get(key)
        if found is None:
            code = MEANING[mnemonic]
            if lane is not None:
                code = instance(code.kernel, **dict(code.static), lane=lane)
            found = self._specialised(key, code)
        return found

    def shuffle(self, places: tuple[int, ...]) -> Specialised:
        """`i8x16.shuffle` by static numbers."""
        key = ("shuffle", places)
        return self._made.get(key) or self._specialised(key, instance(picked, places=places))

    def raw_load(self, width: int) -> Specialised:
        """Load an unsigned number of so many bytes."""
        return self.inlined("load_whole", t=_UNSIGNED[width])

    def raw_store(self, width: int) -> Specialised:
        return self.inlined("store_whole", t=_UNSIGNED[width])

    def inlined(self, name: str, **static: Any) -> Specialised:
        """A kernel of `engine.natives.inlined` or `objects`, or one that the interpreter's handlers use."""
        key = (name, *static.values())
        found = self._made.get(key)
        if found is None:
            kernel = _PLAIN.get(name) or getattr(inlined, name, None) or getattr(objects, name)
            found = self._specialised(key, instance(kernel, **static) if static else kernel)
        return found

    def load(self, mnemonic: str) -> Specialised:
        """What a load does once its place is known."""
        kind, _, rest = mnemonic.partition(".load")
        if not rest:
            return self.inlined("load_whole", t=TYPES[kind])
        return self.inlined("load_value", stored=_STORED[rest], t=TYPES[kind])

    def store(self, mnemonic: str) -> Specialised:
        """What a store does."""
        kind, _, rest = mnemonic.partition(".store")
        if not rest:
            return self.inlined("store_whole", t=TYPES[kind])
        return self.inlined("store_value", stored=_NARROW[rest], t=TYPES[kind])

    def on_word(self, op: Op) -> Specialised:
        """What an atomic instruction does once its place is known."""
        key = (op.mnemonic,)
        found = self._made.get(key)
        if found is None:
            kernel, operation = _ON_WORDS[ATOMIC_OF[op.mnemonic]]
            static = {"stored": _UNSIGNED[op.width], "t": TYPES[op.mnemonic[:3]], **operation}
            found = self._specialised(key, instance(kernel, **static))
        return found
