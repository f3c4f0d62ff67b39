"""Blocks, branches, parametric instructions and locals (spec 4.4.8 to 4.4.11)."""

from typing import cast

from fusee.native.function import FunctionCompiler
from fusee.native.joining import begin_end, end_loop, keep_some_ends, return_to
from fusee.native.labels import Label
from fusee.native.module import FUNCTION, REFERENCE
from fusee.native.reader import Instruction
from fusee.native.rules import rule
from fusee.native.stretches import UNPAID
from fusee.native.turns import begin_turns
from fusee.native.unit import LLVM


def enter_block(c: FunctionCompiler, kind: str, ins: Instruction) -> Label:
    """Open a block; its type is the first immediate."""
    type_ = c.block_type(cast(int | None, ins.immediates[0]))
    c.before_block(kind)
    label = Label(kind, c.label(), type_.params, type_.results, len(c.stack) - len(type_.params))
    label.mark = c.inside.mark()
    if c.meter is not None:
        c.meter.open(label, len(c.labels), kind == "loop")
    c.labels.append(label)
    return label


@rule("block")
def _block(c: FunctionCompiler, ins: Instruction) -> None:
    enter_block(c, "block", ins)


@rule("loop")
def _loop(c: FunctionCompiler, ins: Instruction) -> None:
    """A loop's parameters are variables; whoever comes back stores them."""
    label = enter_block(c, "loop", ins)
    if c.ahead.begins_copy(label):
        return
    stack = list(c.stack)
    values = c.pop_many(len(label.params))
    for kind, operand in zip(label.params, values, strict=True):
        variable = c.allocate(LLVM[kind])
        label.variables.append(variable)
        c.emit(f"store {LLVM[kind]} {operand}, ptr {variable}")
    is_counted = c.offset in c.counted
    if is_counted:
        begin_turns(c, label, stack)
    else:
        c.begin(label.name)
    c.known.begin_loop()
    c.inside.begin_loop()
    if c.meter is not None:
        assert label.charge is not None
        c.meter.begin_loop(label.charge)
    c.after_label(label)
    c.push_variables(label.params, label.variables)
    if not is_counted:
        c.poll()


@rule("if")
def _if(c: FunctionCompiler, ins: Instruction) -> None:
    condition = c.pop_condition()
    label = enter_block(c, "if", ins)
    label.given = c.stack[label.height :]
    label.other = c.label()
    then = c.label()
    c.branch(condition, then, label.other)
    c.begin(then)
    if c.meter is not None:
        c.meter.choose_arm(label)


@rule("else")
def _else(c: FunctionCompiler, ins: Instruction) -> None:
    label = c.labels[-1]
    leave_block(c, label, "" if c.ended or c.meter is None else c.meter.end_arm(label))
    _second_arm(c, label)
    if c.meter is not None:
        c.meter.note_arm(label)


def _second_arm(c: FunctionCompiler, label: Label) -> None:
    del c.stack[label.height :]
    c.stack += label.given
    c.inside.forget(label.mark)
    c.begin(label.other)
    label.other = ""


def leave_block(c: FunctionCompiler, label: Label, is_paid: str = UNPAID) -> None:
    """From the end of a block's code to behind it; whether what comes there is paid for."""
    if not c.ended:
        c.keep_edge(label, 0, c.pop_many(len(label.results)), is_paid)


@rule("end")
def _end(c: FunctionCompiler, ins: Instruction) -> None:
    label = c.labels.pop()
    if label.kind == "loop":  # nothing branches to its end
        end_loop(c, label)
        note_end(c, label, not c.ended, False)
        return
    keep_some_ends(c)
    is_reached, is_joined, is_skipped = not c.ended, bool(label.edges or label.other), bool(label.other)
    leave_block(c, label, "" if c.meter is None else c.meter.going_on)
    if label.other:
        _second_arm(c, label)
        leave_block(c, label, "" if c.meter is None else c.meter.skipping(label))
    if label.close is not None:
        label.close()
    note_end(c, label, is_reached, is_joined, is_skipped)
    finish_block(c, label)


def note_end(
    c: FunctionCompiler, label: Label, is_reached: bool, is_joined: bool, is_skipped: bool = False
) -> None:  # fmt: skip
    """In metered code: a block has ended, whose end its code reaches, or branches go to, or who skips its only arm."""
    if c.meter is not None and c.labels:
        c.meter.note_end(label, len(c.labels), is_reached, is_joined, is_skipped)


def finish_block(c: FunctionCompiler, label: Label) -> None:
    """Go on behind a block that has been left, with its results."""
    del c.stack[label.height :]
    c.inside.forget(label.mark if label.kind == "if" or label.known is None else label.known)
    if not label.edges:
        return
    c.push_all(label.results, begin_end(c, label))
    if c.meter is not None:
        c.meter.join(label)


def branch(c: FunctionCompiler, depth: int, is_jump: bool = False, is_choice: bool = False) -> None:
    """Take a branch with the topmost operands, which stay: that of a `br`, or of one on a condition, or another."""
    label = c.labels[-1 - depth]
    if c.meter is not None:
        c.meter.note_leaving(c.labels[-1], len(c.labels) - 1 - depth)
    count = len(label.types)
    operands = [value.operand for value in c.stack[len(c.stack) - count :]]
    if label.kind != "loop":
        is_paid = UNPAID
        if c.meter is not None and (is_jump or is_choice):
            is_paid = c.meter.jump(label) if is_jump else c.meter.choose(label)
        c.keep_edge(label, depth, operands, is_paid)
        return
    for kind, operand, variable in zip(label.params, operands, label.variables, strict=True):
        c.emit(f"store {LLVM[kind]} {operand}, ptr {variable}")
    return_to(c, label, label.name if c.meter is None or not is_jump else c.meter.target(label))


@rule("br")
def _br(c: FunctionCompiler, ins: Instruction) -> None:
    branch(c, cast(int, ins.immediates[0]), is_jump=True)


@rule("return")
def _return(c: FunctionCompiler, ins: Instruction) -> None:
    branch(c, len(c.labels) - 1)


@rule("br_if")
def _br_if(c: FunctionCompiler, ins: Instruction) -> None:
    branch_if(c, c.pop_condition(), cast(int, ins.immediates[0]))


def branch_if(c: FunctionCompiler, condition: str, depth: int) -> None:
    taken, going = c.label(), c.label()
    c.branch(condition, taken, going)
    c.begin(taken)
    branch(c, depth, is_choice=True)
    c.begin(going)
    if c.meter is not None:
        c.meter.note_branch()


@rule("br_table")
def _br_table(c: FunctionCompiler, ins: Instruction) -> None:
    depths = cast(list[int], ins.immediates[0])
    index = c.pop()
    blocks = {depth: c.label() for depth in dict.fromkeys(depths)}
    cases = " ".join(
        f"i32 {number}, label %{blocks[depth]}" for number, depth in enumerate(depths[:-1]) if depth != depths[-1]
    )
    c.reached.update(blocks.values())
    c.end(f"switch i32 {index}, label %{blocks[depths[-1]]} [ {cases} ]")
    for depth, block in blocks.items():
        c.begin(block)
        branch(c, depth)


@rule("unreachable")
def _unreachable(c: FunctionCompiler, ins: Instruction) -> None:
    c.use("unreachable_code", "%ctx")


@rule("nop")
def _nop(c: FunctionCompiler, ins: Instruction) -> None:
    pass


@rule("drop")
def _drop(c: FunctionCompiler, ins: Instruction) -> None:
    c.stack.pop()


@rule("select", "select_t")
def _select(c: FunctionCompiler, ins: Instruction) -> None:
    operands = [entry.operand for entry in c.stack[-3:]]
    condition = c.pop_condition()
    second, first = c.stack.pop(), c.stack.pop()
    kind = REFERENCE if REFERENCE in (first.type, second.type) else first.type
    type_ = LLVM[kind]
    c.push(kind, c.value(f"select i1 {condition}, {type_} {first.operand}, {type_} {second.operand}"))
    c.known.limit(operands)


@rule("local.get")
def _local_get(c: FunctionCompiler, ins: Instruction) -> None:
    number = cast(int, ins.immediates[0])
    kind, _ = c.locals[number]
    c.push(kind, c.read_local(number))


@rule("local.set", "local.tee")
def _local_set(c: FunctionCompiler, ins: Instruction) -> None:
    operand = c.pop() if ins.op.mnemonic == "local.set" else c.stack[-1].operand
    c.set_local(cast(int, ins.immediates[0]), operand)


# Constants


@rule("i32.const", "i64.const")
def _integer(c: FunctionCompiler, ins: Instruction) -> None:
    c.push(ins.op.mnemonic[:3], str(ins.immediates[0]))


_WIDTHS = {"f32": 32, "f64": 64, "v128": 128}


@rule("f32.const", "f64.const", "v128.const")
def _bits(c: FunctionCompiler, ins: Instruction) -> None:
    """By their bits, whatever those mean: a NaN keeps its payload."""
    kind = ins.op.mnemonic.partition(".")[0]
    bits = cast(int, ins.immediates[0])
    c.push(kind, c.value(f"bitcast i{_WIDTHS[kind]} {bits} to {LLVM[kind]}"))


# References


@rule("ref.null")
def _ref_null(c: FunctionCompiler, ins: Instruction) -> None:
    heap = cast(int, ins.immediates[0])
    kind = c.unit.module.value_type(0x100 + heap % (1 << 33))
    c.push(kind if kind == FUNCTION else REFERENCE, "0")


@rule("ref.is_null")
def _ref_is_null(c: FunctionCompiler, ins: Instruction) -> None:
    c.push_condition(c.value(f"icmp eq i64 {c.pop()}, 0"))


@rule("ref.func")
def _ref_func(c: FunctionCompiler, ins: Instruction) -> None:
    func = c.use("function_at", "%ctx", str(ins.immediates[0]))
    c.push(FUNCTION, c.use("reference_to", func))


@rule("ref.as_non_null")
def _ref_as_non_null(c: FunctionCompiler, ins: Instruction) -> None:
    value = c.stack.pop()
    c.push(value.type, c.use("non_null", value.operand))


@rule("br_on_null")
def _br_on_null(c: FunctionCompiler, ins: Instruction) -> None:
    value = c.stack.pop()
    branch_if(c, c.value(f"icmp eq i64 {value.operand}, 0"), cast(int, ins.immediates[0]))
    c.stack.append(value)


@rule("br_on_non_null")
def _br_on_non_null(c: FunctionCompiler, ins: Instruction) -> None:
    branch_if(c, c.value(f"icmp ne i64 {c.stack[-1].operand}, 0"), cast(int, ins.immediates[0]))
    c.stack.pop()
