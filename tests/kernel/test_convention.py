"""Which registers of a record travel from handler to handler, by the machine's calling convention."""

from collections.abc import Mapping

import pytest

from fusee.engine.handlers.regs import Regs
from fusee.kernel.check.types import Types
from fusee.kernel.lower.convention import convention_of
from fusee.kernel.target import Target
from fusee.kernel.tree.types import V128, Record, Type

WITH_VECTORS = ["x86_64-linux-gnu", "arm64-apple-ios", "arm64_32-apple-watchos"]
WITHOUT = ["riscv32imac-unknown-none-elf", "riscv64gc-unknown-linux-gnu", "thumbv7em-none-eabi"]


def fields_of(target: Target, record: type) -> Mapping[str, Type]:
    resolved = Types(target).resolve(record)
    assert isinstance(resolved, Record)
    return resolved.fields


@pytest.mark.parametrize("triple", WITH_VECTORS)
def test_all_registers_of_the_interpreter_travel(triple: str) -> None:
    target = Target.parse(triple)
    fields = fields_of(target, Regs)
    assert convention_of(target).travelling(fields) == len(fields)


@pytest.mark.parametrize("triple", WITHOUT)
def test_no_vector_travels_in_the_convention_of_c(triple: str) -> None:
    target = Target.parse(triple)
    fields = fields_of(target, Regs)
    travelling = convention_of(target).travelling(fields)
    assert 0 < travelling < len(fields)
    assert V128 not in list(fields.values())[:travelling]


@pytest.mark.parametrize("triple", WITH_VECTORS)
def test_a_ninth_vector_is_refused(triple: str) -> None:
    convention = convention_of(Target.parse(triple))
    assert convention.travelling({f"v{n}": V128 for n in range(8)}) == 8
    with pytest.raises(ValueError, match="9 registers hold floats or vectors"):
        convention.travelling({f"v{n}": V128 for n in range(9)})
