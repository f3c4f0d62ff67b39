"""`python -m tests.component.adapterfuzz FIRST COUNT`: calls between components by adapters and through Python.

For each seed values of a random type go through two components, and a memory of random bytes says what one gives the
other, as arguments and as a result. Both ways must give the same values and the same traps.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import fusee
from fusee.component import Component, Instance, Linker
from fusee.component.adapters.copies import find_copier
from fusee.component.adapters.link import adapter
from fusee.component.layout import layout_of
from fusee.component.types.valtype import ValType
from tests.component.guests import LIBC
from tests.component.randomtypes import ENCODINGS, RandomTypes, flat_of, shown
from tests.fuzz.seeds import first_and_count

_DATA: Final = 16
"""Where random bytes begin; the heap of `LIBC` begins at 1024."""
MOST_BYTES: Final = 400
_AREA: Final = 512


@contextmanager
def through_python() -> Iterator[None]:
    """No adapters for what is instantiated and called meanwhile."""
    with (
        patch("fusee.component.runtime.instantiate.adapter", lambda *given: None),
        patch("fusee.component.asynchronous.streams.find_copier", lambda *given: None),
    ):  # fmt: skip
        yield


@contextmanager
def with_adapters() -> Iterator[None]:
    """Whoever is instantiated meanwhile and calls another component, or copies to it, has an adapter."""

    def checked(find: Callable[..., Any]) -> Callable[..., Any]:
        def found(*given: Any) -> Any:
            made = find(*given)
            assert made is not None
            return made

        return found

    with (
        patch("fusee.component.runtime.instantiate.adapter", checked(adapter)),
        patch("fusee.component.asynchronous.streams.find_copier", checked(find_copier)),
    ):  # fmt: skip
        yield


class Both:
    """One component, made alive with adapters, and without."""

    def __init__(self, text: str | bytes, **functions: Callable[..., Any]) -> None:
        """`functions` are the host's; `echo` and `show` note what they are given."""
        self.engine = fusee.Engine()
        self.component = Component(self.engine, text)
        self._functions = functions

    def outcome(self, name: str, *args: Any) -> str:
        """What two calls give, the same both ways: results or traps, and what `echo` has seen."""
        with with_adapters():
            first = self._outcome(name, args)
        with through_python():
            second = self._outcome(name, args)
        assert first == second
        return first

    def _outcome(self, name: str, args: tuple[Any, ...]) -> str:
        seen: list[Any] = []
        instance, store = self.instantiate(seen)
        func = instance.get_func(store, name)
        assert func is not None
        results = []
        for _ in range(2):
            try:
                results.append(shown(func(store, *args)))
            except fusee.Trap as trap:
                code = trap.trap_code
                message = trap.message.rpartition("wasm trap: ")[2].strip()  # without its backtrace
                message = message.partition("\nwasm backtrace:")[0]  # an exception's
                results.append(f"trap {message}" + (f" ({code.name})" if code is not None else ""))
        return f"{'; '.join(results)}; seen {shown(seen)}"

    def instantiate(self, seen: list[Any]) -> tuple[Instance, fusee.Store]:
        """An instance in a store of its own."""
        store, linker = fusee.Store(self.engine), Linker(self.engine)

        def echo(store: fusee.Store, value: Any) -> Any:
            seen.append(value)
            return value

        def show(store: fusee.Store, value: Any) -> None:
            seen.append(value)

        functions: dict[str, Callable[..., Any]] = {"echo": echo, "show": show}
        with linker.root() as root:
            for name, function in {**functions, **self._functions}.items():
                root.add_func(name, function)
        return linker.instantiate(store, self.component), store


class Pair:
    """Two components, of which the outer one calls the inner one, and a type of values."""

    def __init__(self, types: RandomTypes, text: str, ty: ValType, encodings: tuple[str, str]) -> None:
        """`encodings` are the inner one's and the outer one's."""
        self._definitions = " ".join(types.definitions)
        self._types = " ".join(f'(with "t{i}" (type $t{i}))' for i in range(len(types.definitions)))
        self._flat, self._size = flat_of(ty), layout_of(ty).size
        self._options = [f"(memory $memory) (realloc $realloc) string-encoding={encoding}" for encoding in encodings]
        self._param, self._result = f'(param "value" {text})', f"(result {text})"
        # Core types: of arguments, of results, of a pointer to a result.
        self._core_param = f"(param {self._flat or 'i32'})"
        self._is_direct = len(self._flat.split()) == 1
        self._core_result = f"(result {self._flat if self._is_direct else 'i32'})"
        self._core_lowered = self._core_result if self._is_direct else "(param i32)"
        self._gets = " ".join(f"(local.get {i})" for i in range(len(self._flat.split()) or 1))

    def _composed(self, inner: str, outer: str, ty: str) -> Both:
        """`f` of the outer component calls `f` of the inner one."""
        host = f'(import "echo" (func $x {self._param} {self._result}))'
        return Both(f"""(component {self._definitions} {host}
          (component $inner {self._definitions} {host} {inner})
          (component $outer {self._definitions} (import "f" (func $x {ty})) {outer})
          (instance $i (instantiate $inner (with "echo" (func $x)) {self._types}))
          (instance $o (instantiate $outer (with "f" (func $i "f")) {self._types}))
          (alias export $o "f" (func $found))
          (export "f" (func $found)))""")

    def _part(self, side: int, lowered: str, function: str, ty: str, data: bytes = b"") -> str:
        """A component's inside: `f` of the type has a core function, which calls `$x` of a core type."""
        options = self._options[side]
        lower = lift = ""
        if lowered:
            lower = f"(core func $lowered (canon lower (func $x) {options}))"
            lift = '(export "x" (func $lowered))'
        return f"""{LIBC} {lower}
          (core module $m
            {f'(import "host" "x" (func $x {lowered}))' if lowered else ""}
            (import "libc" "memory" (memory 1))
            (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
            (data (i32.const {_DATA}) "{"".join(f"{chr(92)}{byte:02x}" for byte in data)}")
            (func (export "f") {function}))
          (core instance $host {lift})
          (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance $host))))
          (func (export "f") {ty} (canon lift (core func $i "f") {options}))"""

    def echoes(self) -> Both:
        """A value goes through both to the host, and back."""
        call = f"(call $x {self._gets})"
        if not self._is_direct:
            room = f"(call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const {self._size}))"
            call = f"(local $at i32) (local.set $at {room}) (call $x {self._gets} (local.get $at)) (local.get $at)"
        ty, function = f"{self._param} {self._result}", f"{self._core_param} {self._core_result} {call}"
        lowered = f"{self._core_param} {self._core_lowered}"
        return self._composed(self._part(0, lowered, function, ty), self._part(1, lowered, function, ty), ty)

    def takes(self, data: bytes, places: Sequence[int]) -> Both:
        """The inner component is given core values from places of the outer one's memory."""
        call = f"(call $x {self._gets}) drop" if self._is_direct else f"(call $x {self._gets} (i32.const 32768))"
        lowered = f"{self._core_param} {self._core_lowered}"
        inner = self._part(0, lowered, f"{self._core_param} {call}", self._param)
        outer = self._part(1, self._core_param, f"(call $x {self._values(places)})", "", data)
        return self._composed(inner, outer, self._param)

    def gives(self, data: bytes, places: Sequence[int], area: int) -> Both:
        """The outer component is given a result that places of the inner one's memory say."""
        given = self._values(places) if self._is_direct else f"(i32.const {places[0]})"
        inner = self._part(0, "", f"{self._core_result} {given}", self._result, data)
        call = "(call $x)" if self._is_direct else f"(call $x (i32.const {area})) (i32.const {area})"
        outer = self._part(1, self._core_lowered, f"{self._core_result} {call}", self._result)
        return self._composed(inner, outer, self._result)

    def _values(self, places: Sequence[int]) -> str:
        """Core values from a memory; a pointer if they would be too many."""
        if not self._flat:
            return f"(i32.const {places[0]})"
        return " ".join(f"({kind}.load (i32.const {at}))" for kind, at in zip(self._flat.split(), places, strict=False))


def check(seed: int) -> list[str]:
    """What has happened. Raises `AssertionError` if the two ways do not agree."""
    types = RandomTypes(seed)
    chance = types.chance
    text, ty = types.type()
    while layout_of(ty).size > MOST_BYTES:
        text, ty = types.type()
    pair = Pair(types, text, ty, (chance.choice(ENCODINGS), chance.choice(ENCODINGS)))
    both = pair.echoes()
    found = [both.outcome("f", types.value(ty)) for _ in range(3)]
    for _ in range(2):
        few = chance.choice((2, 20, 256))  # numbers that are small are good discriminants and lengths
        data = bytes(chance.choice((0, 0, 0, 1, 1, 2, 16, 65, chance.randrange(few))) for _ in range(300))
        places = [_DATA + chance.choice((4, 4, 4, 1)) * chance.randrange(60) for _ in range(16)]
        found.append(pair.takes(data, places).outcome("f"))
        found.append(pair.gives(data, places, _AREA).outcome("f"))
    # Where two things are wrong, adapters find the place for a result first.
    found.append(pair.gives(bytes(300), [_DATA] * 16, chance.choice((513, 65536 - 8, 65536, 1 << 31))).outcome("f"))
    return found


def run(check: Callable[[int], list[str]], first: int, count: int) -> int:
    """Check many seeds: the exit status."""
    findings, traps = 0, Counter[str]()
    for seed in range(first, first + count):
        try:
            traps.update(re.sub(r"; seen.*|\(.*|[0-9]+", "", text) for text in check(seed) if text.startswith("trap"))
        except Exception as error:
            findings += 1
            print(f"{seed}: {type(error).__name__}: {error}", flush=True)
    print(f"{count} types, {findings} findings; {dict(traps)}")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(run(check, *first_and_count(__doc__)))
