"""How tail calls are jumps by C's convention on x86-64, where `tailcc` has its price (`Options.convention`).

LLVM promises a jump only between functions with the same parameters. So code that has tail calls, and whose parameters
are all in registers, has one for each register that there is: those of its type, in the order of registers, and others
that nobody cares for. By the convention it can be called as what it is, too, which is how calls through a `Func` do it;
and jump to any code whose parameters are all in registers.
"""

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Final

from fusee.native.module import FuncType

_INTEGERS: Final = 4  # registers, beside those of instance and free slot
_FLOATS: Final = 8
_VECTORS: Final = {"f32": "<4 x float>", "f64": "<2 x double>"}  # in the first lane of which a float is
_IN_FLOATS: Final = frozenset({*_VECTORS, "v128"})
_ELEMENTS: Final = {"f32": "float", "f64": "double"}


def are_registers(type_: FuncType) -> bool:
    """Whether all parameters of a type are passed in registers."""
    floats = sum(kind in _IN_FLOATS for kind in type_.params)
    return floats <= _FLOATS and len(type_.params) - floats <= _INTEGERS


def _in_order(type_: FuncType, operands: Iterable[str], integer: str, float_: str) -> list[str]:
    """Parameters, or operands, as LLVM writes them, with something in place of those that there are not."""
    found: dict[bool, list[str]] = {False: [], True: []}
    for kind, operand in zip(type_.params, operands, strict=True):
        found[kind in _IN_FLOATS].append(operand)
    integers = chain(found[False], repeat(integer, _INTEGERS - len(found[False])))
    floats = chain(found[True], repeat(float_, _FLOATS - len(found[True])))
    return [*(f"i64 {one}".strip() for one in integers), *(f"<2 x i64> {one}".strip() for one in floats)]


def parameters(type_: FuncType, named: bool) -> list[str]:
    """Behind instance and free slot; those of the type are named `%p0` or, where they are another type's, `%q0`."""
    names = [
        f"%{'q' if kind == 'i32' or kind in _VECTORS else 'p'}{number}" if named else ""
        for number, kind in enumerate(type_.params)
    ]
    return _in_order(type_, names, "", "")


def received(type_: FuncType) -> list[str]:
    """Lines that make the type's parameters `%p0`… of what is in registers."""
    lines = []
    for number, kind in enumerate(type_.params):
        if kind == "i32":
            lines.append(f"  %p{number} = trunc i64 %q{number} to i32")
        elif kind in _VECTORS:
            lines.append(f"  %v{number} = bitcast <2 x i64> %q{number} to {_VECTORS[kind]}")
            lines.append(f"  %p{number} = extractelement {_VECTORS[kind]} %v{number}, i64 0")
    return lines


def passed(value: Callable[[str], str], type_: FuncType, arguments: Iterable[str]) -> list[str]:
    """Operands for those parameters. `value`: writes an instruction, and names its result."""
    operands = []
    for kind, argument in zip(type_.params, arguments, strict=True):
        operand = argument
        if kind == "i32":
            operand = value(f"zext i32 {argument} to i64")
        elif kind in _VECTORS:
            vector, element = _VECTORS[kind], _ELEMENTS[kind]
            operand = value(f"insertelement {vector} poison, {element} {argument}, i64 0")
            operand = value(f"bitcast {vector} {operand} to <2 x i64>")
        operands.append(operand)
    return _in_order(type_, operands, "poison", "poison")
