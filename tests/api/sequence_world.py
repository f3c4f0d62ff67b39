"""What a random sequence of API calls has made so far, and how it chooses among that."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import fusee
from fusee.api.text import wat2wasm
from tests.api.sequence_guests import TEXTS

NUMBERS: Final = (0, 1, 2, 3, 7, 8, 100, 255, 4096, 65528, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**63, -1, -8)
MOST_KEPT: Final = 10  # of a kind
MOST_DEPTH: Final = 3  # of host functions that do something themselves
FUEL: Final = 20_000
MOST_BYTES: Final = 1 << 20

DOCUMENTED: Final = (fusee.FuseeError, fusee.ArgumentError, TypeError, ValueError, IndexError, KeyError)
"""What the interface says that it raises; of a `TypeError` the message says what was expected."""


class Own(Exception):
    """What host functions raise."""


class Nothing(Exception):
    """There is no object of that kind yet."""


class Wrong(Exception):
    """A value is not what it must be."""


@cache
def engines() -> tuple[fusee.Engine, fusee.Engine]:
    """One that pays and has deadlines, and another one."""
    config = fusee.Config()
    config.consume_fuel = config.epoch_interruption = True
    return fusee.Engine(config), fusee.Engine()


@cache
def binaries() -> tuple[bytes, ...]:
    return tuple(bytes(wat2wasm(text)) for text in TEXTS)


class World:
    """The objects that are there, by their kinds, each with the store that it belongs to, if any."""

    def __init__(self, seed: int) -> None:
        self.choice = random.Random(seed)
        self.kept: dict[str, list[tuple[Any, Any]]] = {}
        self.depth = 0
        self.act: Callable[[World], object] = lambda world: None

    def chance(self, probability: float) -> bool:
        return self.choice.random() < probability

    def keep(self, kind: str, made: Any, store: Any = None) -> Any:
        """Remember an object; one of too many is forgotten."""
        objects = self.kept.setdefault(kind, [])
        if len(objects) >= MOST_KEPT:
            del objects[self.choice.randrange(len(objects))]
        objects.append((made, store))
        return made

    def pick(self, kind: str) -> tuple[Any, Any]:
        """An object, and its store; seldom another one."""
        made, store = self._choose(kind)
        return made, self.store() if store is None or self.chance(0.04) else store

    def one(self, kind: str) -> Any:
        return self._choose(kind)[0]

    def _choose(self, kind: str) -> tuple[Any, Any]:
        objects = self.kept.get(kind)
        if not objects:
            raise Nothing
        return self.choice.choice(objects)

    def store(self) -> Any:
        """A store, or what stands for one: a context, or a caller, whose call may be over."""
        return self.one("context" if self.chance(0.05) and self.kept.get("context") else "store")

    def engine(self) -> fusee.Engine:
        return engines()[self.chance(0.1)]

    def number(self) -> int:
        return self.choice.choice(NUMBERS) if self.chance(0.4) else self.choice.randrange(16)

    def anything(self) -> Any:
        """A value of any kind, whether or not it belongs where it is put."""
        kinds = ("number", "number", "float", "text", "null", "object", "i31", "made", "bytes", "val")
        kind = self.choice.choice(kinds)
        if kind == "made":
            full = [kind for kind, objects in self.kept.items() if objects]
            return self.one(self.choice.choice(full)) if full else None
        values = {
            "number": self.number(), "float": self.choice.random(), "text": "text", "null": None, "object": object(),
            "i31": fusee.I31(self.choice.randrange(2**30)), "bytes": b"0123456789abcdef", "val": fusee.Val.i32(5),
        }  # fmt: skip
        return values[kind]

    def value(self, kind: fusee.ValType) -> Any:
        """A value of that type, mostly."""
        if self.chance(0.05):
            return self.anything()
        text = str(kind)
        if text in ("i32", "i64"):
            return self.number()
        if text in ("f32", "f64"):
            return self.choice.choice([0.0, -0.5, 1e300, float("inf")])
        if text == "funcref" and self.kept.get("func"):
            return self.one("func") if self.chance(0.7) else None
        if text == "externref":
            return self.anything()
        made = self.kept.get("object")
        return self.one("object") if made and self.chance(0.7) else None

    def values(self, kinds: list[fusee.ValType]) -> list[Any]:
        return [self.value(kind) for kind in kinds]

    def host(self, kind: fusee.FuncType, takes_caller: bool) -> Callable[..., Any]:
        """A host function that does something else each time."""

        def run(*given: Any) -> Any:
            if takes_caller:
                self.keep("context", given[0])
            if self.depth < MOST_DEPTH and self.chance(0.5):
                self.depth += 1
                try:
                    self.act(self)
                finally:
                    self.depth -= 1
            if self.chance(0.15):
                self.fail()
            if self.chance(0.03):
                return self.anything()
            results = self.values(kind.results)
            return results[0] if len(results) == 1 else results

        return run

    def fail(self) -> None:
        """Raise what a host function may raise."""
        choice = self.choice.randrange(4)
        if choice == 0 and self.kept.get("tag"):
            tag, store = self.pick("tag")
            raise fusee.WasmException(tag, self.values(tag.type(store).functype.params))
        if choice == 1:
            raise fusee.Trap("the host's")
        if choice == 2 and self.kept.get("error"):
            raise self.one("error")  # once more
        raise Own
