"""Tail calls (spec 4.4.10): what LLVM can do, and what is handed over to whoever has called.

Native code jumps to native code, where the processor's convention allows it. Any other callee is noted in the store
with its arguments behind the frame's header, and the status `TAIL_CALL` returned: the caller, or the interpreter's cell
in front of native code, calls it then. So chains of tail calls need no more of either stack however they alternate.
"""

from collections.abc import Collection, Mapping
from typing import Final, cast

from fusee.engine.state.agreed import HEADER_SLOTS, TAIL_CALL
from fusee.native.callees import ANY, Callees, callees_of
from fusee.native.calls import Code, callee_at, is_of_type, native_of, operands_of, owner_of, pop_place
from fusee.native.function import FunctionCompiler
from fusee.native.module import FuncType, Module
from fusee.native.reader import Instruction
from fusee.native.registers import are_registers
from fusee.native.rules import rule
from fusee.native.unit import LLVM, Options, slots_of

UNKNOWN: Final = -1  # in place of the index of a function that is called: it is found out at run time

_REGISTERS: Final = {"x86_64": (3, 4), "aarch64": (8, 8)}  # of results: integers, status among them, and floats


def can_jump(options: Options, type_: FuncType, callee: FuncType) -> bool:
    """Whether a function of a type can be left by a jump to one of another, which has the same results.

    By C's convention that is so where the parameters of both are in registers (`native.registers`), or the same.
    """
    are_alike = options.convention or _are_registers(type_, callee) or _llvm_types(type_) == _llvm_types(callee)
    if not (options.jumps and are_alike):
        return False
    floats = sum(kind in ("f32", "f64", "v128") for kind in type_.results)
    most_integers, most_floats = _REGISTERS[options.target.architecture]
    return 1 + len(type_.results) - floats <= most_integers and floats <= most_floats


def _may_jump(c: FunctionCompiler, callee: FuncType) -> bool:
    """The same of the code that is written."""
    has_own_parameters = c.is_whole or bool(c.unit.options.convention)
    return has_own_parameters and can_jump(c.unit.options, c.type, callee)


def _are_registers(*types: FuncType) -> bool:
    return all(map(are_registers, types))


def _llvm_types(type_: FuncType) -> list[str]:
    return [LLVM[kind] for kind in type_.params]


def handing_over(
    module: Module, callees: Mapping[int, Collection[int]], chosen: Collection[int], options: Options
) -> frozenset[int]:
    """The functions that may return `TAIL_CALL`. `callees`: whom each calls that has tail calls, and those only so."""
    found: set[int] = set()
    callers: dict[int, list[int]] = {}
    for index, called in callees.items():
        type_ = module.type_of(index)
        if any(callee not in chosen or not can_jump(options, type_, module.type_of(callee)) for callee in called):
            found.add(index)
        for callee in called:
            callers.setdefault(callee, []).append(index)
    waiting = list(found)
    while waiting:
        new = set(callers.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return frozenset(found)


def _jump(c: FunctionCompiler, type_: FuncType, code: Code, arguments: list[str]) -> None:
    """Go to native code, which has this function's frames."""
    takes_registers = c.unit.takes_registers(c.index)
    operands = operands_of(c, type_, code.instance, "%sp", arguments, takes_registers)
    shape = c.unit.result_shape(type_)
    result = c.value(f"musttail call {c.unit.options.convention}{shape} {code.address}({operands})")
    c.end(f"ret {shape} {result}")


def _go(c: FunctionCompiler, type_: FuncType, index: int, arguments: list[str]) -> None:
    """The same to a function of the instance: to one without tail calls, where a chain of them ends, by a call."""
    code = Code.of(c, index)
    if code.takes_registers == c.unit.takes_registers(c.index):
        _jump(c, type_, code, arguments)
        return
    shape = c.unit.result_shape(type_)
    operands = operands_of(c, type_, "%ctx", "%sp", arguments, code.takes_registers)
    c.end(f"ret {shape} {c.value(f'tail call {shape} {code.address}({operands})')}")


def _hand_over(c: FunctionCompiler, type_: FuncType, func: str, arguments: list[str]) -> None:
    """Have whoever has called this function call another one."""
    slot = HEADER_SLOTS
    for kind, operand in zip(type_.params, arguments, strict=True):
        c.put(kind, operand, c.value(f"getelementptr inbounds nuw i64, ptr %sp, i64 {slot}"))
        slot += slots_of(kind)
    c.use("note_tail_callee", "%ctx", func)
    c.leave_with(str(TAIL_CALL))


def _jump_or_hand_over(
    c: FunctionCompiler, type_: FuncType, func: str, arguments: list[str], known: Callees = ANY,
    type_index: int | None = None,
) -> None:  # fmt: skip
    """A tail call through a `Func`, which must be of a type if that is not certain."""
    is_same = "" if type_index is None else is_of_type(c, func, type_index)
    if _may_jump(c, type_):
        code, condition = native_of(c, func, is_same)
        direct, other = c.label(), c.label()
        c.branch(condition, direct, other)
        c.begin(direct)
        _jump(c, type_, Code(code, owner_of(c, func, known)), arguments)
        c.begin(other)
    if type_index is not None:
        c.put("i64", c.use("reference_to", func), c.free_slot(0))
        c.check(c.value(f"call i64 {c.helper('check_callee')}(ptr %ctx, ptr %top, i32 {type_index}, i32 0)"), c.raised)
    _hand_over(c, type_, func, arguments)


@rule("return_call", calls=True)
def _return_call(c: FunctionCompiler, ins: Instruction) -> None:
    index = cast(int, ins.immediates[0])
    type_ = c.unit.module.type_of(index)
    arguments = c.pop_many(len(type_.params))
    if index in c.unit.chosen and _may_jump(c, type_):
        _go(c, type_, index, arguments)
    elif index >= c.unit.module.imported_funcs and not c.unit.options.grows:
        _hand_over(c, type_, c.use("function_at", "%ctx", str(index)), arguments)
    else:
        _jump_or_hand_over(c, type_, c.use("function_at", "%ctx", str(index)), arguments)


@rule("return_call_indirect", calls=True)
def _return_call_indirect(c: FunctionCompiler, ins: Instruction) -> None:
    place = pop_place(c, ins)
    arguments = c.pop_many(len(place.type.params))
    func = callee_at(c, place)
    _jump_or_hand_over(c, place.type, func, arguments, callees_of(c, place.type_index), place.type_index)


@rule("return_call_ref", calls=True)
def _return_call_ref(c: FunctionCompiler, ins: Instruction) -> None:
    type_index = cast(int, ins.immediates[0])
    type_ = c.unit.module.types[type_index]
    assert type_ is not None
    reference = c.pop()
    arguments = c.pop_many(len(type_.params))
    _jump_or_hand_over(c, type_, c.use("callee_of", reference), arguments, callees_of(c, type_index))
