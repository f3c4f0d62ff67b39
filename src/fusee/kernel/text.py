"""Writes modules, and blocks of instructions, as LLVM's text. Nothing here knows the kernel language.

Text, and not an object per instruction: a build lowers thousands of small functions, and this is
several times faster.
"""

from __future__ import annotations

from collections.abc import Iterable

UNLIKELY, LIKELY = "unlikely", "likely"


class ModuleText:
    """A module: what is declared and defined in it."""

    def __init__(self) -> None:
        self._declarations: dict[str, str] = {}
        self._functions: list[str] = []
        self._metadata: list[str] = []
        self._weights: dict[str, int] = {}
        self._invariance: int | None = None

    def declare(self, name: str, declaration: str) -> None:
        """Make sure that something external is declared."""
        self._declarations.setdefault(name, declaration)

    def add_function(self, text: str) -> None:
        self._functions.append(text)

    def metadata(self, text: str) -> int:
        """Add a metadata node; its number."""
        self._metadata.append(text)
        return len(self._metadata) - 1

    def weights(self, which: str) -> str:
        """The suffix of a branch whose first arm is likely or unlikely."""
        if which not in self._weights:
            first, second = (2000, 1) if which == LIKELY else (1, 2000)
            self._weights[which] = self.metadata(f'!{{!"branch_weights", i32 {first}, i32 {second}}}')
        return f", !prof !{self._weights[which]}"

    def invariance(self) -> str:
        """The suffix of a load of what never changes."""
        if self._invariance is None:
            self._invariance = self.metadata("!{}")
        return f", !invariant.load !{self._invariance}"

    def text(self, others: Iterable[str] = (), defined: Iterable[str] = ()) -> str:
        """The whole: what is declared but `defined` here, functions, what `others` give, metadata."""
        names = frozenset(defined)
        return "\n".join(
            [
                *(text for name, text in self._declarations.items() if name not in names),
                *self._functions,
                *others,
                *(f"!{number} = {text}" for number, text in enumerate(self._metadata)),
                "",
            ]
        )


class BlockWriter:
    """The blocks being written of a function."""

    def __init__(self, module: ModuleText) -> None:
        self.module = module
        self.head: list[str] = []  # allocations, which belong into the entry block
        self.lines: list[str] = []
        self.names = 0
        self.block = "entry"
        self.ended = False  # the current block has its terminator
        self.reached: set[str] = set()  # labels that something jumps to
        self.location = ""  # suffix of every instruction: its place in the source

    def emit(self, text: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {text}{self.location}")

    def value(self, text: str) -> str:
        """Append an instruction; its result."""
        self.names += 1
        name = f"%v{self.names}"
        self.lines.append(f"  {name} = {text}{self.location}")
        return name

    def arithmetic(self, op: str, type_: str, left: str, right: str) -> str:
        """Append an instruction on two operands of one type, whose name is LLVM's; its result."""
        return self.value(f"{op} {type_} {left}, {right}")

    def allocate(self, type_: str, alignment: int = 0) -> str:
        """Room on the stack for the time of the call."""
        self.names += 1
        name = f"%s{self.names}"
        suffix = f", align {alignment}" if alignment else ""
        self.head.append(f"  {name} = alloca {type_}{suffix}")
        return name

    def label(self) -> str:
        """A name for a new block."""
        self.names += 1
        return f"b{self.names}"

    def begin(self, label: str) -> None:
        """Start a block; falls through from the one before."""
        if not self.ended:
            self.jump(label)
        self.lines.append(f"{label}:")
        self.block, self.ended = label, False

    def begin_if_reached(self, label: str) -> None:
        """Start a block unless nothing leads to it; then what follows is dead and `ended` stays."""
        if label in self.reached or not self.ended:
            self.begin(label)

    def jump(self, label: str) -> None:
        if not self.ended:
            self.emit(f"br label %{label}")
            self.reached.add(label)
            self.ended = True

    def branch(self, condition: str, then: str, other: str, weight: str = "") -> None:
        """A conditional branch; `weight` says if the first arm is likely or unlikely."""
        suffix = self.module.weights(weight) if weight else ""
        self.emit(f"br i1 {condition}, label %{then}, label %{other}{suffix}")
        self.reached.update((then, other))
        self.ended = True

    def merge(self, type_: str, incoming: Iterable[tuple[str, str]]) -> str:
        """The value that comes with the block which led here."""
        return self.value(f"phi {type_} {', '.join(f'[ {operand}, %{block} ]' for operand, block in incoming)}")

    def end(self, text: str) -> None:
        """A terminator."""
        self.emit(text)
        self.ended = True
