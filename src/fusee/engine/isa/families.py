"""Which rows go with a family that an engine can be built without (`spec.families`).

Rows that are left out have no handlers. They have numbers even so, the last ones, so that nothing else need know.
"""

from dataclasses import replace

from fusee.engine.isa import aggregate, atomic, vector
from fusee.engine.isa.memory import ALLOCATING
from fusee.engine.isa.row import Row
from fusee.spec.families import Family, left_out

_VECTORS = frozenset(row.name for row in vector.ROWS)
_OBJECTS = frozenset((*(row.name for row in aggregate.ROWS), *ALLOCATING))
_ATOMIC = frozenset(row.name for row in atomic.ROWS)
_PINS_OF_VECTORS = ("spill_v_", "reload_v_")


def family_of(row: Row) -> Family | None:
    """The family that the row goes with; None: it is always there."""
    if row.name in _VECTORS or row.name.startswith(_PINS_OF_VECTORS) or "v128" in (*row.sources, row.result):
        return Family.SIMD
    if row.family.startswith("throw"):
        return Family.EXCEPTIONS
    if row.name in _OBJECTS or (row.family == "on_slots" and row.name.startswith("array_")):
        return Family.GC
    if row.name in _ATOMIC:
        return Family.THREADS
    return None


def is_present(row: Row) -> bool:
    """Whether this process's engine has the row."""
    return family_of(row) not in left_out()


def absent(row: Row) -> Row:
    """What is left of a row that the engine was built without."""
    return replace(row, destinations="")
