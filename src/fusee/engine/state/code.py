"""What stands before the cells of a translated function, and behind them for its exceptions."""

from typing import Annotated, Final

from fusee.kernel.lang import Count, Ptr, struct, u32
from fusee.spec import types as spec

MOST_PINS: Final = 4  # registers for locals in each bank (11 integer arguments are the most that x86-64 passes)
NO_SLOT: Final = u32(0xFFFF_FFFF)
NO_POSITIONS: Final = u32(0xFFFF_FFFF)  # nothing was translated

CODE_START: Final = 24
"""Offset of a function's first cell behind its header. So no cell is at offset 0, which means an unbound label."""

# Kinds of `Clause`: those of `try_table` (spec 5.4.1), and the older form's `delegate`
CATCH: Final = u32(spec.Clause.CATCH)
CATCH_REF: Final = int(spec.Clause.CATCH_REF)
CATCH_ALL: Final = u32(spec.Clause.CATCH_ALL)
CATCH_ALL_REF: Final = int(spec.Clause.CATCH_ALL_REF)
DELEGATE: Final = u32(4)


@struct
class Code:
    """A node of the search tree of a module's code by address; `engine.runtime.codes` has what keeps it in order.

    Functions are named by their index plus one, 0 is none: `Module.code_table` says where they are.
    """

    lower: u32  # the tree of code at smaller addresses
    higher: u32
    size: u32  # in bytes, with this header
    index: u32
    clauses: u32  # where the `Clauses` are, from this header; 0: nothing is caught here
    positions: u32  # bytes of the table of `engine.runtime.positions`, behind the notes; or `NO_POSITIONS`


@struct
class Clauses:
    """What a function catches; the `Clause`s follow, those of inner blocks before those of outer ones."""

    count: u32
    spread: u32  # as `Translator.spread`: each height of the stack has 2 to the power of this slots
    wide_pins: u32  # a mask of the float pins that hold vectors
    pins: Annotated[Ptr[u32], Count(2 * MOST_PINS)]  # slots of the pinned locals, integers first; 0 for other pins


@struct
class Clause:
    """One catch clause of a `try_table` or `try`. Offsets are counted from the function's header."""

    start: u32  # of the cells that it covers
    end: u32
    depth: u32  # how many blocks are around its own
    kind: u32
    tag: u32  # index; of a `delegate` the greatest depth of the clauses that may still catch
    target: u32  # where execution goes on
    slot: u32  # where the first of the tag's values goes, and behind them the reference to the exception
    reference: u32  # a slot of its own for the reference, or `NO_SLOT`
