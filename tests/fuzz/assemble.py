"""Code with labels and clauses that catch, written with `try_table` and exnref, or in the older form.

Code is a list of bytes and of what depends on the blocks around: a block's beginning and end, a label's number, and
an `Attempt`, which is a block with clauses. `Standard` and `Legacy` turn the same list into bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.hostile.encoding import unsigned, vector

END, BR, THROW_REF, TRY_TABLE = b"\x0b", b"\x0c", b"\x0a", b"\x1f"
TRY, CATCH, RETHROW, CATCH_ALL = b"\x06", b"\x07", b"\x09", b"\x19"
PLAIN: Final = b"\x40"
LOCAL_SET, LOCAL_GET = b"\x21", b"\x20"


@dataclass(frozen=True)
class Open:
    """The beginning of a block; its end is an `End`."""

    opcode: bytes
    label: str
    kind: bytes = PLAIN


@dataclass(frozen=True)
class End:
    pass


@dataclass(frozen=True)
class To:
    """The number of a label."""

    label: str


@dataclass
class Clause:
    """What a tag's values, or all if there is none, are caught by."""

    tag: int | None
    exception: int | None  # the local that the exception goes to; None: only the values are caught
    handler: list["Node"]  # begins with the values on the stack


@dataclass
class Attempt:
    label: str  # of the whole, and in the older form of the `try` with a mark
    inner: list["Node"]
    clauses: list[Clause] = field(default_factory=list)


@dataclass(frozen=True)
class Rethrow:
    """In a clause of that `Attempt`: throw what it has caught, which the standard's form has in a local."""

    label: str
    exception: int


Node = bytes | Open | End | To | Attempt | Rethrow


class Assembler:
    """`block_type` gives the type of a block that ends with a tag's values, and with an exception, if so."""

    def __init__(self, block_type: Callable[[int | None, bool], bytes]) -> None:
        self.block_type = block_type
        self.code = bytearray()
        self.labels: list[str] = []

    def write(self, nodes: list[Node]) -> None:
        for node in nodes:
            if isinstance(node, bytes):
                self.code += node
            elif isinstance(node, Open):
                self.open(node.opcode, node.label, node.kind)
            elif isinstance(node, End):
                self.end()
            elif isinstance(node, To):
                self.code += self.to(node.label)
            elif isinstance(node, Attempt):
                self.attempt(node)
            else:
                self.rethrow(node)

    def open(self, opcode: bytes, label: str, kind: bytes = PLAIN) -> None:
        self.code += opcode + kind
        self.labels.append(label)

    def end(self) -> None:
        self.code += END
        self.labels.pop()

    def to(self, label: str) -> bytes:
        return unsigned(self.labels[::-1].index(label))

    def attempt(self, node: Attempt) -> None:
        raise NotImplementedError

    def rethrow(self, node: Rethrow) -> None:
        raise NotImplementedError


class Standard(Assembler):
    def attempt(self, node: Attempt) -> None:
        """Blocks around a `try_table`, one for each clause, the first innermost; behind each is its handler."""
        self.open(b"\x02", node.label)
        names = [f"{node.label}/{number}" for number in range(len(node.clauses))]
        for name, clause in zip(reversed(names), reversed(node.clauses), strict=True):
            self.open(b"\x02", name, self.block_type(clause.tag, clause.exception is not None))
        catches = [self.catch(clause, name) for clause, name in zip(node.clauses, names, strict=True)]
        self.code += TRY_TABLE + PLAIN + vector(catches)
        self.labels.append("")
        self.write(node.inner)
        self.end()
        for clause in node.clauses:
            self.code += BR + self.to(node.label)
            self.end()
            if clause.exception is not None:
                self.code += LOCAL_SET + unsigned(clause.exception)
            self.write(clause.handler)
        self.end()

    def catch(self, clause: Clause, name: str) -> bytes:
        kind = (0 if clause.tag is not None else 2) + (clause.exception is not None)
        return bytes([kind]) + (b"" if clause.tag is None else unsigned(clause.tag)) + self.to(name)

    def rethrow(self, node: Rethrow) -> None:
        self.code += LOCAL_GET + unsigned(node.exception) + THROW_REF


class Legacy(Assembler):
    def attempt(self, node: Attempt) -> None:
        self.open(b"\x02", node.label)
        self.open(TRY, f"{node.label}/try")
        self.write(node.inner)
        for clause in node.clauses:
            self.code += CATCH_ALL if clause.tag is None else CATCH + unsigned(clause.tag)
            self.write(clause.handler)
        self.end()
        self.end()

    def rethrow(self, node: Rethrow) -> None:
        self.code += RETHROW + self.to(f"{node.label}/try")
