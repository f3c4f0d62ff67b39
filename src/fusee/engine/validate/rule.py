"""How the families of instructions say which validation rule belongs to which opcode."""

from collections.abc import Callable
from dataclasses import dataclass

from fusee.engine.validate.state import Validator
from fusee.spec.op import Op


@dataclass(frozen=True)
class Rule:
    """The rule of an instruction whose signature depends on more than its opcode."""

    op: Op
    validate: Callable[[Validator], None]


def rules(validate: Callable[[Validator], None], *ops: Op) -> list[Rule]:
    """One rule for several instructions; it finds the opcode in `Validator.opcode`."""
    return [Rule(op, validate) for op in ops]
