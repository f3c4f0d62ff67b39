"""What Emscripten's JavaScript is to its modules, in Python and without a file system.

A module that Emscripten makes for JavaScript imports what its C library needs, partly from WASI, partly from `env`.
Here is the part of `env` that a program without files can use: time, memory, the ways to fail. What names a file is
told that there is none, what else is asked of files is refused. A function that is not here is a trap.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from fusee.bench.real.guest import ADDRESSES, Aborted, Guest

PAGE: Final = 1 << 16
# Emscripten's error numbers are those of WASI; its system calls give them negated.
ENOENT: Final = 44
ENOSYS: Final = 52
_NAMING = "chmod faccessat getcwd lstat64 mkdirat newfstatat openat readlinkat rmdir stat64 unlinkat utimensat"
_REFUSED = "fchmod fchown32 fcntl64 fstat64 ftruncate64"


class Emscripten(Guest):
    """A module of Emscripten's."""

    def _supply(self, linker: Any) -> None:
        functions = self._functions()
        for item in self.module.imports:
            if item.module == "env" and item.name in functions:
                linker.define_func("env", item.name, item.type, functions[item.name])
        linker.define_unknown_imports_as_traps(self.module)

    def _start(self) -> None:
        """As the JavaScript does: the stack's bounds, which builds with checks compare with, then constructors."""
        self._call_if_there("emscripten_stack_init")
        if "__set_stack_limits" in self._exports:
            bounds = (self.call(f"emscripten_stack_get_{which}") for which in ("base", "end"))
            self.call("__set_stack_limits", *bounds)
        self._call_if_there("__wasm_call_ctors")

    def _functions(self) -> dict[str, Callable[..., Any]]:
        """What there is to import."""
        functions: dict[str, Callable[..., Any]] = {
            "__assert_fail": self._fail,
            "__handle_stack_overflow": self._overflow,
            "_abort_js": self._abort,
            "_mmap_js": lambda *arguments: -ENOSYS,
            "emscripten_date_now": lambda: time.time() * 1e3,
            "emscripten_get_now": lambda: time.perf_counter() * 1e3,
            "emscripten_get_heap_max": lambda: _signed(self._most_bytes),
            "emscripten_resize_heap": self._resize,
        }
        functions |= {f"__syscall_{name}": lambda *arguments: -ENOENT for name in _NAMING.split()}
        return functions | {f"__syscall_{name}": lambda *arguments: -ENOSYS for name in _REFUSED.split()}

    def _fail(self, condition: int, file: int, line: int, function: int) -> None:
        where = f"{self.text(file)}:{line}" if file else "an unknown place"
        inside = f", in {self.text(function)}" if function else ""
        raise Aborted(f"assertion failed: {self.text(condition)}, at {where}{inside}")

    def _overflow(self, wanted: int) -> None:
        raise Aborted(f"the program's stack overflowed: {wanted % ADDRESSES:#x} is below its end")

    def _abort(self) -> None:
        raise Aborted("the program called abort()")

    @property
    def _most_bytes(self) -> int:
        """A page less than all where the memory has no maximum: its size would be zero in 32 bits."""
        most: int | None = self._memory.type(self._store).limits.max
        return ADDRESSES - PAGE if most is None else min(most * PAGE, ADDRESSES - PAGE)

    def _resize(self, size: int) -> int:
        """Grow to so many bytes: by a fifth at least, as the JavaScript does, so that this is not asked too often."""
        size %= ADDRESSES
        now = self._memory.data_len(self._store)
        for wanted in (max(size, now + now // 5), size):
            pages = -(-(min(wanted, self._most_bytes) - now) // PAGE)
            try:
                if now + pages * PAGE >= size:
                    self._memory.grow(self._store, pages)
                    return 1
            except self._package.WasmtimeError:
                continue  # the system, or the memory's maximum, gives less
        return 0


def _signed(value: int) -> int:
    """As an i32, which wasmtime's functions give only so."""
    return value - ADDRESSES if value >= ADDRESSES // 2 else value
