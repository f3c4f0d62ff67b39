"""Calls (spec 4.4.10), and instructions that helpers do."""

from typing import Final, cast

from fusee.engine.state.runtime import HEADER_SLOTS, TAIL_CALL
from fusee.kernel.lower.function import LIKELY, UNLIKELY
from fusee.native.function import FunctionCompiler, rule
from fusee.native.module import REFERENCE, FuncType
from fusee.native.reader import Instruction
from fusee.native.unit import LLVM


def _begin_call(c: FunctionCompiler, type_: FuncType) -> list[str]:
    """Take the arguments, and have what waits below them where the collector sees it."""
    arguments = c.pop_many(len(type_.params))
    c.keep_operands()
    return arguments


def _call_native(c: FunctionCompiler, type_: FuncType, code: str, instance: str, arguments: list[str]) -> list[str]:
    """Call native code with its arguments in registers; status and results."""
    operands = [f"ptr {instance}", "ptr %top"]
    operands += [f"{LLVM[kind]} {operand}" for kind, operand in zip(type_.params, arguments, strict=True)]
    shape = c.unit.result_shape(type_)
    result = c.value(f"call {c.unit.options.convention}{shape} {code}({', '.join(operands)})")
    if not type_.results:
        return [result]
    return [c.value(f"extractvalue {shape} {result}, {number}") for number in range(len(type_.results) + 1)]


def _results_of(c: FunctionCompiler, outcome: list[str]) -> list[str]:
    """The results, unless there is an error."""
    status, *results = outcome
    c.check(status, c.passed_on)
    return results


def _results_after_all(c: FunctionCompiler, type_: FuncType, outcome: list[str]) -> list[str]:
    """The same of native code that may have handed over a tail call (`native.tail_calls`)."""
    status, *results = outcome
    odd, again, after = c.label(), c.label(), c.label()
    c.branch(c.value(f"icmp ne i64 {status}, 0"), odd, after, UNLIKELY)
    at_once = c.block
    c.begin(odd)
    is_handed_over = c.value(f"icmp eq i64 {status}, {TAIL_CALL}")
    c.branch(is_handed_over, again, c.raises_to(status, c.passed_on), LIKELY)
    c.begin(again)
    frame = c.free_slot(HEADER_SLOTS)
    status = c.value(f"call i64 {c.helper('call_handed_over')}(ptr %ctx, ptr {frame}, i32 0, i32 0)")
    others = _results_of(c, [status, *c.get_all(type_.results, HEADER_SLOTS)])
    return _merged(c, type_, after, (results, at_once), (others, c.block))


def _merged(
    c: FunctionCompiler, type_: FuncType, after: str, first: tuple[list[str], str], second: tuple[list[str], str]
) -> list[str]:
    """Go on in a block to which there are two ways, with either's results."""
    c.begin(after)
    return [
        c.merge(LLVM[kind], [(one, first[1]), (other, second[1])])
        for kind, one, other in zip(type_.results, first[0], second[0], strict=True)
    ]


def _end_call(c: FunctionCompiler, type_: FuncType, results: list[str]) -> None:
    c.reload_memories()
    c.push_all(type_.results, results)


@rule("call", calls=True)
def _call(c: FunctionCompiler, ins: Instruction) -> None:
    index = cast(int, ins.immediates[0])
    type_ = c.unit.module.type_of(index)
    arguments = _begin_call(c, type_)
    if index in c.unit.chosen:
        outcome = _call_native(c, type_, c.unit.callee(index), "%ctx", arguments)
        may_hand_over = index in c.unit.handing_over
        results = _results_after_all(c, type_, outcome) if may_hand_over else _results_of(c, outcome)
    elif index >= c.unit.module.imported_funcs and not c.unit.options.grows:
        results = _results_of(c, c.call_in_frame(type_, "call_function", arguments, index))
    else:
        func = c.use("function_at", "%ctx", str(index))
        results = _call_func(c, type_, func, "", "call_function", arguments, index)
    _end_call(c, type_, results)


def _call_func(
    c: FunctionCompiler, type_: FuncType, func: str, condition: str, helper: str, arguments: list[str], number: int
) -> list[str]:  # fmt: skip
    """Call a function through its `Func`: its native code if it has some and a condition holds, else with a helper."""
    code = c.use("native_of", func)
    is_native = c.value(f"icmp ne {c.unit.word} {code}, 0")
    if condition:
        is_native = c.value(f"and i1 {is_native}, {condition}")
    direct, indirect, after = c.label(), c.label(), c.label()
    c.branch(is_native, direct, indirect, LIKELY if condition else "")
    c.begin(direct)
    word = c.unit.word
    instance = c.value(f"inttoptr {word} {c.use('instance_of', func)} to ptr")
    outcome = _call_native(c, type_, c.value(f"inttoptr {word} {code} to ptr"), instance, arguments)
    first = _results_after_all(c, type_, outcome)
    from_first = c.block
    c.jump(after)
    c.begin(indirect)
    if helper != "call_function":
        c.emit(f"store i64 {c.use('reference_to', func)}, ptr {c.free_slot(HEADER_SLOTS - 1)}{c.unit.tag('frame')}")
    second = _results_of(c, c.call_in_frame(type_, helper, arguments, number))
    return _merged(c, type_, after, (first, from_first), (second, c.block))


def pop_place(c: FunctionCompiler, ins: Instruction) -> tuple[FuncType, int, int, str]:
    """Of a call through a table: the type and its index, the table, and the element as an `i64`."""
    type_index, table = (cast(int, immediate) for immediate in ins.immediates)
    type_ = c.unit.module.types[type_index]
    assert type_ is not None
    element = c.pop()
    if not c.unit.module.tables[table]:
        element = c.value(f"zext i32 {element} to i64")
    return type_, type_index, table, element


@rule("call_indirect", calls=True)
def _call_indirect(c: FunctionCompiler, ins: Instruction) -> None:
    type_, type_index, table, element = pop_place(c, ins)
    arguments = _begin_call(c, type_)
    func = c.use("callee_in", c.use("table_at", "%ctx", str(table)), element)
    is_same = c.use("is_of_type", func, "%ctx", str(type_index))
    _end_call(c, type_, _call_func(c, type_, func, is_same, "call_of_type", arguments, type_index))


@rule("call_ref", calls=True)
def _call_ref(c: FunctionCompiler, ins: Instruction) -> None:
    type_ = c.unit.module.types[cast(int, ins.immediates[0])]
    assert type_ is not None
    reference = c.pop()
    arguments = _begin_call(c, type_)
    func = c.use("callee_of", reference)
    _end_call(c, type_, _call_func(c, type_, func, "", "call_reference", arguments, 0))


# Instructions on slots (`engine.handlers.on_slots`): operands and results by type

_ADDRESS: Final = "address"  # of the table or memory that an immediate names
_TABLE_OPS: Final = {
    "table.get": ((_ADDRESS,), (REFERENCE,)),
    "table.set": ((_ADDRESS, REFERENCE), ()),
    "table.grow": ((REFERENCE, _ADDRESS), (_ADDRESS,)),
    "table.fill": ((_ADDRESS, REFERENCE, _ADDRESS), ()),
    "table.init": ((_ADDRESS, "i32", "i32"), ()),
    "elem.drop": ((), ()),
}
_MEMORY_OPS: Final = {
    "memory.grow": ((_ADDRESS,), (_ADDRESS,)),
    "memory.fill": ((_ADDRESS, "i32", _ADDRESS), ()),
    "memory.init": ((_ADDRESS, "i32", "i32"), ()),
    "data.drop": ((), ()),
}
_WIDE_OPS: Final = {
    "i64.add128": (("i64",) * 4, ("i64",) * 2),
    "i64.sub128": (("i64",) * 4, ("i64",) * 2),
    "i64.mul_wide_s": (("i64",) * 2, ("i64",) * 2),
    "i64.mul_wide_u": (("i64",) * 2, ("i64",) * 2),
}
_NAMES_LAST: Final = ("memory.init", "table.init")  # their last immediate is the memory or table


def on_slots(c: FunctionCompiler, ins: Instruction, params: tuple[str, ...], results: tuple[str, ...]) -> None:
    """Have a helper do an instruction; if there are vectors, every operand has two slots."""
    name = ins.op.mnemonic.replace(".", "_")
    operands = c.pop_many(len(params))
    c.keep_operands()
    if "v128" in params:
        name = f"{name}_wide"
        for number, (kind, operand) in enumerate(zip(params, operands, strict=True)):
            c.put(kind, operand, c.free_slot(2 * number))
    else:
        c.put_all(params, operands, 0)
    numbers = [cast(int, immediate) for immediate in ins.immediates if immediate is not None]
    first, second = [*numbers, 0, 0][:2]
    status = c.value(f"call i64 {c.helper(name)}(ptr %ctx, ptr %top, i32 {first}, i32 {second})")
    c.check(status, c.raised)
    c.reload_memories()
    c.push_all(results, c.get_all(results, 0))


def _addressed(c: FunctionCompiler, ins: Instruction) -> None:
    """An instruction on a table or memory, whose addresses are as that says."""
    mnemonic = ins.op.mnemonic
    is_table = mnemonic in _TABLE_OPS
    params, results = (_TABLE_OPS if is_table else _MEMORY_OPS)[mnemonic]
    spaces = c.unit.module.tables if is_table else c.unit.module.memories
    address = "i32"
    if params or results:
        named = cast(int, ins.immediates[-1 if mnemonic in _NAMES_LAST else 0])
        address = "i64" if spaces[named] else "i32"
    on_slots(
        c, ins, tuple(address if kind == _ADDRESS else kind for kind in params),
        tuple(address if kind == _ADDRESS else kind for kind in results),
    )  # fmt: skip


@rule("memory.copy", "table.copy", calls=True)
def _copy(c: FunctionCompiler, ins: Instruction) -> None:
    """The length is as wide as the smaller of the addresses (spec 3.3.10)."""
    spaces = c.unit.module.tables if ins.op.mnemonic == "table.copy" else c.unit.module.memories
    to, origin = ("i64" if spaces[cast(int, named)] else "i32" for named in ins.immediates)
    on_slots(c, ins, (to, origin, "i64" if to == origin == "i64" else "i32"), ())


def _wide(c: FunctionCompiler, ins: Instruction) -> None:
    on_slots(c, ins, *_WIDE_OPS[ins.op.mnemonic])


rule(*_TABLE_OPS, *_MEMORY_OPS, calls=True)(_addressed)
rule(*_WIDE_OPS, calls=True)(_wide)


@rule("table.size", "memory.size")
def _size(c: FunctionCompiler, ins: Instruction) -> None:
    is_table = ins.op.mnemonic == "table.size"
    named = cast(int, ins.immediates[0])
    size = c.use("table_size" if is_table else "memory_size", "%ctx", str(named))
    if not is_table:
        c.reload_memories()  # which another thread may have grown
    if (c.unit.module.tables if is_table else c.unit.module.memories)[named]:
        c.push("i64", size)
    else:
        c.push("i32", c.value(f"trunc i64 {size} to i32"))


