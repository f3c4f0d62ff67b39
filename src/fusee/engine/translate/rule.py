"""How the families of instructions say which translation belongs to which opcode."""

from collections.abc import Callable
from dataclasses import dataclass

from fusee.engine.translate.state import Translator
from fusee.spec.op import Op


@dataclass(frozen=True)
class Rule:
    """The translation of an instruction that the tables of `actions` do not describe; its immediates come next."""

    op: Op
    translate: Callable[[Translator], None]
    goes_on: bool = True
    """Whether what follows can be reached."""
