"""By which rules instructions are written: `control`, `access`, `calls` and their neighbours register them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fusee.native.reader import Instruction
from fusee.spec.op import Op

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler

Rule = Callable[["FunctionCompiler", Instruction], None]
RULES: dict[str, Rule] = {}
"""By mnemonic: how an instruction is written. Those with a meaning in `engine.numeric` need no rule."""
CALLING: set[str] = set()
"""The mnemonics of those that call something, for which there has to be room on the host's stack."""


def rule(*mnemonics: str, calls: bool = False) -> Callable[[Rule], Rule]:
    """Register the rule for some instructions. `calls`: they call something."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(mnemonics, function))
        if calls:
            CALLING.update(mnemonics)
        return function

    return register


def has_meaning(op: Op) -> bool:
    """Whether an instruction does what a kernel of `engine.numeric` does with its operands alone.

    That is so if its row says what these are, and nothing else here says what it does.
    """
    return op.params is not None and not op.immediates and op.mnemonic not in RULES
