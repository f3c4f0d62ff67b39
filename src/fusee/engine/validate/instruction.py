"""From an opcode to its rule."""

from typing import Final

from fusee.engine.decode.instruction import read_opcode
from fusee.engine.decode.optables import (
    CLASS,
    END,
    IS_CONSTANT,
    LACKS_OPCODES,
    RULE_FIXED,
    RULE_MASK,
    RULE_NONE,
    RULE_UNSUPPORTED,
    RULE_VECTOR,
    UNSUPPORTED,
    params_of,
)  # fmt: skip
from fusee.engine.decode.state import has_feature
from fusee.engine.errors import Malformed, Unsupported
from fusee.engine.present import HAS_VECTORS
from fusee.engine.validate import aggregate, call, control, exception, legacy, reference, table, variable
from fusee.engine.validate.fixed import validate_fixed
from fusee.engine.validate.rule import Rule
from fusee.engine.validate.state import Validator, fail
from fusee.engine.validate.threaded import validate_plain
from fusee.kernel.lang import kernel, likely, u32, unlikely, unroll
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.op import rows

_RULES: Final[list[Rule]] = [
    *variable.RULES,
    *control.RULES,
    *call.RULES,
    *table.RULES,
    *reference.RULES,
    *aggregate.RULES,
    *exception.RULES,
    *legacy.RULES,
]

OWN_RULES: Final = [rule for rule in _RULES if not rule.op.unsupported]

if {rule.op for rule in _RULES} != {row for row in rows() if row.params is None}:
    raise TypeError("instructions without a fixed signature and rules do not correspond")


@kernel
def validate_instructions(v: Validator) -> None:
    """Validate up to the `end` of the outermost block, which must end the range as well."""
    r = v.reader
    may_be_plain = r.position < r.end and r.source[r.end - 1] == END
    while v.control_count != 0:
        if likely(may_be_plain):
            validate_plain(v)
            if v.control_count == 0:
                break
        v.instruction = r.position
        index = read_opcode(r)
        validate_other(v, index, v.rules[index])
    if r.position != r.end:
        raise Malformed(ModuleError.END_EXPECTED, r.position)


@kernel
def validate_constant_instructions(v: Validator) -> None:
    """The same for a constant expression: only constant instructions may occur (spec 3.4.13)."""
    r = v.reader
    extended = has_feature(v.module, Feature.EXTENDED_CONST)
    while v.control_count != 0:
        v.instruction = r.position
        index = read_opcode(r)
        if index != END and (IS_CONSTANT[CLASS[index]] == 0 or (params_of(index) != 0 and not extended)):
            fail(v, ModuleError.NOT_CONSTANT)
        validate_other(v, index, v.rules[index])


@kernel
def validate_other(v: Validator, index: u32, rule: u32) -> None:
    v.opcode = index
    if HAS_VECTORS and unlikely(rule & RULE_VECTOR != 0):
        v.module.vectors += 1
    if LACKS_OPCODES and unlikely(rule & RULE_UNSUPPORTED != 0):
        raise Unsupported(UNSUPPORTED[CLASS[index]], v.instruction)
    kind = rule & RULE_MASK
    if kind == RULE_FIXED:
        validate_fixed(v, index)
    elif kind == RULE_NONE:
        raise Malformed(ModuleError.ILLEGAL_OPCODE, v.instruction)
    else:
        validate_own(v, index)


@kernel(inline=True)
def validate_own(v: Validator, index: u32) -> None:
    """One jump through a table, once compiled."""
    for rule in unroll(OWN_RULES):
        if index == rule.op.index:
            rule.validate(v)
            return
