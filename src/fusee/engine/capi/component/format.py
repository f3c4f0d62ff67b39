"""A component as it comes to a device: tables of words, and behind them the core modules in it.

A component that is composed of several has files in it, one for each of these, which are its *parts*.

All words are little-endian, and all places are in bytes from the start. `fusee.package.components` writes it, `check`
looks whether everything in it is in range, and the other modules here trust what was looked at. It is the same for all
machines.
"""

from enum import IntEnum
from typing import Final

from fusee.kernel.lang import Inline, struct, table, u8, u32

MAGIC: Final = 0x3443_5546  # "FUC4"
NONE: Final = 0xFFFF_FFFF
MOST_DEPTH: Final = 32  # of types in types
MOST_FLAT_PARAMS: Final = u32(16)  # CanonicalABI, "Flattening"
MOST_FLAT_ASYNC_PARAMS: Final = u32(4)
NOT_FLAT: Final = 255  # more core values than that
MOST_PARTS: Final = 100
FLAT_BITS: Final = 2  # for the kind of each core value, as C's `WASM_I32` … `WASM_F64`


class Kind(IntEnum):
    """Of types and values: `fusee_value_kind_t`. Options and results are variants, tuples are records."""

    BOOL = 0
    S8 = 1
    U8 = 2
    S16 = 3
    U16 = 4
    S32 = 5
    U32 = 6
    S64 = 7
    U64 = 8
    F32 = 9
    F64 = 10
    CHAR = 11
    STRING = 12
    LIST = 13
    NUMBERS = 14  # a list of numbers, which are as in memory; of types it is a list
    RECORD = 15
    VARIANT = 16
    ENUM = 17
    FLAGS = 18
    OWN = 19
    BORROW = 20


BYTES = table(u8, [1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 8])
"""Of numbers, characters and strings in memory, by their kinds."""


class Encoding(IntEnum):
    """Of a guest's strings."""

    UTF8 = 0
    UTF16 = 1
    LATIN1_OR_UTF16 = 2


class Step(IntEnum):
    """What is done to make an instance. All but the first and last give one more core item, in their order."""

    MODULE = 0  # instantiate module `a` with `c` items, the numbers of which are at argument `b`
    EXPORT = 1  # what the instance `a` of those made so far exports at place `b`
    LOWER = 2  # import `a` as a core function, with memory `b`, allocator `c` and encoding `d`
    NEW = 3  # `resource.new` of resource `a`
    REP = 4  # `resource.rep`
    DROP = 5  # `resource.drop`
    START = 6  # as LOWER, with `async`
    RETURN = 7  # `task.return` of what function `a` is given, of memory `b` and encoding `d`; NONE: it needs none
    TASK = 8  # a `TaskFunction`, `a`, of a slot of the context, or with memory `b`
    RESOURCE = 9  # resource `a` is ended by the function that is item `b`


class TaskFunction(IntEnum):
    """Canonical functions of asynchronous components. The first ones are of a task."""

    CANCEL = 0
    GET = 1  # of the context
    SET = 2
    WAIT = 3
    LAST_OF_TASK = 3
    INCREMENT = 4  # the back-pressure
    DECREMENT = 5
    NEW_SET = 6
    POLL = 7
    DROP_SET = 8
    YIELD = 9
    JOIN = 10
    CANCEL_SUBTASK = 11
    DROP_SUBTASK = 12


TASK_PARAMS = table(u8, [0, 0, 1, 2, 0, 0, 0, 2, 1, 0, 2, 1, 1])
TASK_RESULTS = table(u8, [0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0])
"""How many core parameters and results each has, all of them i32."""


class Form(IntEnum):
    """How a function is lifted."""

    PLAIN = 0  # its type is not `async`
    ASYNC = 1  # that is, but it is lifted without
    STACKFUL = 2  # with `async`
    CALLBACK = 3  # and a callback, which is in the place of `post_return`


class Owner(IntEnum):
    """Who defines a resource."""

    APP = 0
    COMPONENT = 1  # the one of which these are the tables
    PART = 2  # and more: that part of a composed component


@struct
class Table:
    """Where rows are, and how many."""

    start: u32
    count: u32


@struct
class Text:
    """Where a name is."""

    start: u32
    size: u32


@struct
class Header:
    """The first words."""

    magic: u32
    size: u32  # of everything
    kept: u32  # where the modules begin, before which everything else is
    types: Inline[Table]
    parts: Inline[Table]
    functions: Inline[Table]
    steps: Inline[Table]
    arguments: Inline[Table]  # words: numbers of core items
    imports: Inline[Table]
    exports: Inline[Table]
    resources: Inline[Table]
    modules: Inline[Table]
    files: Inline[Table]  # of parts
    links: Inline[Table]
    parents: Inline[Table]  # words: for each part the one that it is in, or NONE
    turns: Inline[Table]


@struct
class TypeRow:
    """A type. Types in it come before it."""

    kind: u32
    size: u32
    alignment: u32
    flat: u32  # how many core values it is
    first: u32  # of its parts
    count: u32  # of them: fields, cases, or the one element of a list
    extra: u32  # list: its length or NONE. variant: where the payload is. enum, flags: how many. handle: the resource
    depth: u32  # more than that of any part


@struct
class PartRow:
    """A part of a type: a field, the payload of a case or NONE, the element of a list."""

    type: u32
    offset: u32  # of fields


@struct
class FunctionRow:
    """The type of a function."""

    params: u32  # the record that all of them are
    result: u32  # NONE: there is none
    param_kinds: u32  # of the core values of `params`, if these are flat
    result_kind: u32  # of the one core value that the result is, if it is one


@struct
class StepRow:
    """A `Step` and what it needs."""

    step: u32
    a: u32
    b: u32
    c: u32
    d: u32


@struct
class Name:
    """A function or resource: of an interface, whose name is empty where it is none of an interface."""

    interface: Inline[Text]
    track: u32  # so much of that name says which versions will do
    name: Inline[Text]


@struct
class ImportRow:
    """A function that the app gives."""

    name: Inline[Name]
    function: u32


@struct
class ExportRow:
    """A function that the app calls; items are numbers of core items, or NONE."""

    name: Inline[Name]
    function: u32
    core: u32
    memory: u32
    realloc: u32
    post_return: u32
    encoding: u32
    form: u32  # a `Form`


@struct
class ResourceRow:
    """A resource: the app's under the name of the import, or a component's. It has the same number in all parts."""

    name: Inline[Name]
    owner: u32  # an `Owner`, or that and the number of a part


@struct
class ModuleRow:
    """A core module, or the file of a part."""

    start: u32
    size: u32


@struct
class LinkRow:
    """A function that a part imports and another one exports. They are in the order of the importing parts."""

    part: u32
    number: u32  # of the import
    target: u32  # the part that exports it
    export: u32


@struct
class TurnRow:
    """So many steps of a part are performed next: one may import what another one exports that is not yet complete."""

    part: u32
    count: u32
