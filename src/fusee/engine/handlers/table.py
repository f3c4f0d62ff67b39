"""Which handler implements which row, and the table of all handlers by number."""

from typing import Any, Final

from fusee.engine.handlers import call, exception, execute, metering
from fusee.engine.handlers.regs import Code
from fusee.engine.isa.families import family_of
from fusee.engine.isa.fields import as_read
from fusee.engine.isa.order import ORDER
from fusee.engine.isa.pairs import LISTED, PAIRS
from fusee.engine.isa.row import Row
from fusee.engine.isa.table import HANDLER_COUNT, ROWS, Placed, handlers
from fusee.kernel.lang import instance, table
from fusee.spec.families import Family

FAMILIES: Final[dict[str, Any]] = {
    **dict.fromkeys(execute.STRAIGHT, execute.straight),
    **dict.fromkeys(execute.CONDITIONAL, execute.conditional),
    **dict.fromkeys(execute.JUMPING, execute.jumping),
    **dict.fromkeys(execute.CALLING, execute.calling),
    "tick": metering.tick,
    "call_import": call.call_import,
    "return_call": call.return_call,
    "throw": exception.throw,
    "throw_ref": exception.throw_ref,
    "return_call_import": call.return_call_func,
    "return_call_indirect": call.return_call_func,
    "return_call_ref": call.return_call_func,
}


def handler_of(row: Row, destination: int, forms: tuple[int, ...]) -> Any:
    """The specialised handler of a row in one combination of forms."""
    row, destination, forms = as_read(row, destination, forms)
    return instance(FAMILIES[row.family], row=row, dst=destination, forms=forms)


def pair_of(first: Placed, second: Placed) -> Any:
    """The handler of two cells, the first of which names it."""
    (one, one_dst, one_forms), (row, dst, forms) = as_read(*first), as_read(*second)
    return instance(
        execute.pair, first=one, first_dst=one_dst, first_forms=one_forms, row=row, dst=dst, forms=forms
    )  # fmt: skip


INSTANCES: Final = [*(handler_of(*key) for key in handlers()), *(pair_of(*pair) for pair in PAIRS)]
HANDLERS = table(Code, INSTANCES)

EXECUTED_MOST: Final = [INSTANCES[number] for number in ORDER]
"""In the order of that."""


def shards() -> dict[str, list[Any]]:
    """The handlers in groups that are compiled apart, by family of rows and type of operands; those that go with
    a part that can be left out (`isa.families`) in a group named after it, behind the others."""
    groups: dict[str, list[Any]] = {}
    for (row, _, _), handler in zip(handlers(), INSTANCES, strict=False):
        kind = row.sources[0] if row.sources else "none"
        groups.setdefault(family_of(row) or f"{row.family}_{kind}", []).append(handler)
    of_pair = dict(zip(PAIRS, INSTANCES[HANDLER_COUNT:], strict=True))
    for first, second in LISTED:  # what programs execute most lies together
        group = family_of(first[0]) or family_of(second[0]) or "pairs"
        groups.setdefault(group, []).append(of_pair[first, second])
    return {name: groups[name] for name in sorted(groups, key=list(Family).__contains__)}


assert {row.family for row in ROWS} <= set(FAMILIES)  # those to the loop of the frame are not everywhere
