"""Random programs with objects and exceptions (`object_types`, `object_references`, `_values`, `_statements`).

What they have done is in the results of the exported function: all locals, globals and the table go through `digest`,
which reads every field and element that it comes to. Objects form trees and cycles, go through tables, globals,
segments, exceptions and calls, and are dropped. Whatever is executed counts down a global, at whose end functions and
loops give up: programs end.

`make_objects(seed)` gives the standard's form; `program(seed, Legacy)` the same program in the older form of
exceptions, unless it keeps exceptions in locals, as every other one does (`is_mixed`).
"""

import random
from typing import Final

from tests.fuzz.assemble import Assembler, Attempt, Clause, End, Open, Standard, To
from tests.fuzz.object_code import (
    BLOCK,
    FUNCTIONS,
    GET,
    IF,
    PARAMETERS,
    RESULTS,
    SEGMENT,
    SET,
    TABLE,
    Code,
    constant,
    gc,
)
from tests.fuzz.object_statements import BUDGET, COUNT_DOWN, TAGS, Statements
from tests.fuzz.object_types import NUMBERS, PACKED, Types, code, heap
from tests.hostile import encoding
from tests.hostile.encoding import (
    CODE,
    DATA,
    DATA_COUNT,
    ELEMENT,
    EXPORT,
    FUNCTION,
    GLOBAL,
    TAG,
    TYPE,
    body,
    module,
    section,
    signed,
    sized,
    unsigned,
    vector,
)

STEPS: Final = 4000  # functions and rounds of a call from outside
DIGESTED: Final = 600  # objects that it reads
DEEP: Final = 5
DATA_BYTES: Final = 100
EMPTY: Final = {"i32": b"\x41\3", "i64": b"\x42\3", "any": b"\xd0\x6e"}  # what a function gives that gives up


def is_mixed(seed: int) -> bool:
    return seed % 2 == 1


class Program:
    def __init__(self, seed: int, form: type[Assembler]) -> None:
        self.choice = random.Random(seed)
        self.form = form
        self.is_mixed = is_mixed(seed)
        self.types = Types(self.choice)
        self.signatures: list[bytes] = []
        kinds = [*self.types.kinds, "i31", "any", "eq"]
        parameters = b"".join(map(code, PARAMETERS))
        self.functions = {kind: self.signature(parameters, code(kind)) for kind in ("i32", "i64", "any")}
        self.blocks = {kind: self.signature(code(kind), code(kind, is_nullable=False)) for kind in kinds}
        self.tags = [self.signature(b"".join(map(code, values)), b"") for values in TAGS]
        self.digest = self.signature(code("any") + code("i32"), code("i32"))
        self.outside = self.signature(code("i32") + code("i64"), code("i32") + code("i64"))
        self.caught = {
            (tag, has_exception): self.signature(b"", self.carried(tag) + code("exn") * has_exception)
            for tag in (None, *range(len(TAGS)))
            for has_exception in (False, True)
        }

    def signature(self, parameters: bytes, results: bytes) -> int:
        """A function type of the module; what the counts count are values, whatever they are written with."""
        self.signatures.append(b"\x60" + counted(parameters) + counted(results))
        return len(self.types.all) + len(self.signatures) - 1

    def carried(self, tag: int | None) -> bytes:
        return b"".join(map(code, () if tag is None else TAGS[tag]))

    def assemble(self, nodes: Code) -> bytes:
        writer = self.form(lambda tag, has_exception: signed(self.caught[tag, has_exception]))
        writer.write(nodes)
        return bytes(writer.code)

    # Functions

    def function(self, index: int) -> bytes:
        statements = Statements(self.choice, self.types, index, is_mixed=self.is_mixed)
        statements.block_types, statements.function_types = self.blocks, self.functions
        result = RESULTS[index]
        nodes: Code = [COUNT_DOWN, Open(IF, "over"), EMPTY[result], b"\x0f", End()]
        nodes += statements.all() + statements.all() + statements.all()
        nodes += self.summary(statements) if result == "i32" else statements.value(result, 3)
        return body(self.assemble(nodes), statements.locals.declared())

    def summary(self, statements: Statements) -> Code:
        """An i32 of all that is in locals."""
        made: Code = [constant(1)]
        for number, kind in enumerate(statements.locals.kinds[: statements.locals.used]):
            made += [constant(31), b"\x6c", GET + unsigned(number), *self.as_number(kind, 2), b"\x6a"]
        return made

    def as_number(self, kind: str, deep: int | None) -> Code:
        """An i32 of the value on the stack; of an object what `digest` says, so deep, or a level deeper than here."""
        if kind in ("func", "exn"):
            return [b"\xd1"]
        if kind in NUMBERS or kind in PACKED:
            narrow: dict[str, Code] = {"i64": [b"\xa7"], "f64": [b"\xbd\x42\x20\x88\xa7"]}
            return narrow.get(kind, [])
        convert: Code = [gc(0x1A)] if kind == "extern" else []
        depth: Code = [constant(deep)] if deep is not None else [GET + b"\1", constant(1), b"\x6b"]
        return [*convert, *depth, b"\x10" + unsigned(FUNCTIONS)]

    def digest_function(self) -> bytes:
        """An i32 of all that can be reached from a reference, so deep."""
        hash_, index = b"\2", b"\3"
        first = 4
        read = b"\x23" + unsigned(self.read_global)
        nodes: Code = [GET + b"\1\x45" + read, b"\x45\x72", Open(IF, "over"), constant(17), b"\x0f", End()]
        nodes += [read, constant(1), b"\x6b\x24" + unsigned(self.read_global)]
        nodes += [GET + b"\0\xd1", Open(IF, "null"), constant(23), b"\x0f", End()]
        for type_ in reversed(self.types.all):
            number = unsigned(first + type_.index)
            nodes += [GET + b"\0", gc(0x14) + heap(type_.kind), Open(IF, "is")]
            nodes += [GET + b"\0", gc(0x16) + heap(type_.kind), SET + number, constant(type_.index), SET + hash_]
            nodes += self.elements(type_.index, number, index) if type_.is_array else self.fields(type_.index, number)
            nodes += [GET + hash_, b"\x0f", End()]
        nodes += [GET + b"\0", gc(0x14) + heap("i31"), Open(IF, "i31", b"\x7f")]
        nodes += [GET + b"\0", gc(0x16) + heap("i31"), gc(0x1D), b"\x05", constant(29), End()]
        return body(self.assemble(nodes), [(2, b"\x7f"), *((1, code(kind)) for kind in self.types.kinds)])

    def mix(self, value: Code) -> Code:
        return [GET + b"\2", constant(33), b"\x6c", *value, b"\x73" + SET + b"\2"]

    def fields(self, index: int, local: bytes) -> Code:
        made: Code = []
        for number, (kind, _) in enumerate(self.types.all[index].fields):
            operator = 3 + number % 2 if kind in PACKED else 2
            made += self.mix([GET + local, gc(operator, index, number), *self.as_number(kind, None)])
        return made

    def elements(self, index: int, local: bytes, counter: bytes) -> Code:
        kind = self.types.all[index].fields[0][0]
        operator = 0x0C if kind in PACKED else 0x0B
        made: Code = [constant(0), SET + counter, Open(BLOCK, "done"), Open(b"\x03", "next")]
        made += [GET + counter, GET + local, gc(0x0F), b"\x4f\x0d", To("done")]
        made += self.mix([GET + local, GET + counter, gc(operator, index), *self.as_number(kind, None)])
        return [*made, GET + counter, constant(1), b"\x6a" + SET + counter, b"\x0c", To("next"), End(), End()]

    def outer_function(self) -> bytes:
        """Calls the last function, catches all, and reads what globals and the table hold afterwards."""
        keep = SET + b"\2"
        call: Code = [GET + b"\0" + GET + b"\1", *[GET + b"\0" + gc(0x1C)] * 2, b"\x10" + unsigned(FUNCTIONS - 1), keep]
        attempt = Attempt("done", call, [Clause(0, None, [keep]), Clause(None, None, [constant(41), keep])])
        nodes: Code = [constant(STEPS), b"\x24" + BUDGET, constant(DIGESTED), b"\x24" + unsigned(self.read_global)]
        nodes += [attempt]
        for index in range(1, self.read_global):
            nodes += self.mix([b"\x23" + unsigned(index), constant(DEEP), b"\x10" + unsigned(FUNCTIONS)])
        for index in range(TABLE):
            nodes += self.mix([constant(index), b"\x25\0", constant(3), b"\x10" + unsigned(FUNCTIONS)])
        nodes += [GET + b"\2", b"\xfc\x10\0\xad", b"\x23" + BUDGET, b"\xad\x42\x10\x86\x84"]
        return body(self.assemble(nodes), [(1, b"\x7f")])

    # The module

    @property
    def read_global(self) -> int:
        """The global that counts objects that may still be read."""
        return 2 + len(self.types.kinds)

    def new_constant(self, kind: str) -> bytes:
        """A constant expression of a kind of the module's own."""
        index = int(kind[1:])
        if self.choice.random() < 0.4:
            return b"\xd0" + heap(kind)
        return constant(9) + gc(7, index) if self.types.of(kind).is_array else gc(1, index)

    def globals(self) -> list[bytes]:
        number = b"\x7f\1\x41\0\x0b"
        any_ = b"\x6e\1" + constant(self.choice.getrandbits(31)) + gc(0x1C) + b"\x0b"
        own = [code(kind) + b"\1" + self.new_constant(kind) + b"\x0b" for kind in self.types.kinds]
        return [number, any_, *own, number]

    def segments(self) -> list[bytes]:
        """Of all references, and of those that can be compared; and one that declares functions."""
        made = []
        for kind in ("any", "eq"):
            items = [self.new_constant(self.choice.choice(self.types.kinds)) if self.choice.random() < 0.7
                     else constant(self.choice.getrandbits(31)) + gc(0x1C) for _ in range(SEGMENT)]  # fmt: skip
            made.append(b"\5" + code(kind) + vector(item + b"\x0b" for item in items))
        return [*made, b"\3\0" + vector(map(unsigned, range(FUNCTIONS)))]

    def encoded(self) -> bytes:
        bodies = [*(self.function(index) for index in range(FUNCTIONS)), self.digest_function(), self.outer_function()]
        kinds = [*(self.functions[RESULTS[index]] for index in range(FUNCTIONS)), self.digest, self.outside]
        group = b"\x4e" + vector(type_.encoded() for type_ in self.types.all)
        datas = [b"\1" + sized(self.choice.randbytes(DATA_BYTES)) for _ in range(2)]
        return module(
            section(TYPE, vector([group, *self.signatures])),
            section(FUNCTION, vector(map(unsigned, kinds))),
            section(encoding.TABLE, vector([b"\x6e\0" + unsigned(TABLE)])),
            section(TAG, vector(b"\0" + unsigned(index) for index in self.tags)),
            section(GLOBAL, vector(self.globals())),
            section(EXPORT, vector([sized(b"f") + b"\0" + unsigned(FUNCTIONS + 1)])),
            section(ELEMENT, vector(self.segments())),
            section(DATA_COUNT, unsigned(len(datas))),
            section(CODE, vector(bodies)),
            section(DATA, vector(datas)),
        )


def counted(types: bytes) -> bytes:
    """Value types after their number."""
    count, at = 0, 0
    while at < len(types):
        at += 1
        if types[at - 1] in (0x63, 0x64):
            while types[at] & 0x80:
                at += 1
            at += 1
        count += 1
    return unsigned(count) + types


def program(seed: int, form: type[Assembler] = Standard) -> bytes:
    return Program(seed, form).encoded()


def make_objects(seed: int) -> bytes:
    """A module whose `f` takes an i32 and an i64 and gives an i32 and an i64."""
    return program(seed)
