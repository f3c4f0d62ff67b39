"""The register machine's instruction set as a table."""

from collections.abc import Iterator

from fusee.disasm.cells import immediate_names
from fusee.engine.isa.forms import FORM_NAMES, NOWHERE
from fusee.engine.isa.pairs import PAIR_COUNT
from fusee.engine.isa.row import Row
from fusee.engine.isa.table import HANDLER_COUNT, ROWS


def show_instructions() -> Iterator[str]:
    """A line for each row: name, operand types, destinations and shape, number of handlers, immediates."""
    width = max(len(row.name) for row in ROWS) + 2
    yield f"{'name':<{width}}{'operands':<18}{'result':<8}{'to':<16}{'forms':<15}{'handlers':>8}  immediates"
    for row in ROWS:
        yield (
            f"{row.name:<{width}}{' '.join(row.sources):<18}{row.result:<8}{destinations(row):<16}"
            f"{row.shape.name:<15}{len(row.handlers):>8}  {immediates(row)}"
        ).rstrip()
    yield f"{len(ROWS)} instructions, {HANDLER_COUNT} handlers, and {PAIR_COUNT} of pairs"


def destinations(row: Row) -> str:
    """The forms of the places where the result can go."""
    return " ".join({FORM_NAMES[form]: None for form, _ in row.handlers if form != NOWHERE})


def immediates(row: Row) -> str:
    """Kinds of the immediates, with their names as far as they have any."""
    names = immediate_names(row)
    return ", ".join(f"{names[n]} {kind}" if n < len(names) else kind for n, kind in enumerate(row.immediates))
