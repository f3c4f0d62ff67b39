"""Exceptions (spec 4.4.10, 4.6.9), in both forms.

What is thrown is under way in the store, and leaves functions like a trap. What calls and throws in a `try` return
goes to its *handler*, a block that tests the tags. Nothing is paid where there is no `try`.
"""

from bisect import bisect_right
from typing import Final, cast

from fusee.native.control import branch, enter_block, finish_block, leave_block, note_end
from fusee.native.function import FunctionCompiler
from fusee.native.labels import Handler, Label
from fusee.native.module import REFERENCE
from fusee.native.reader import Instruction
from fusee.native.rules import rule
from fusee.spec.types import Clause

_TAGGED: Final = (Clause.CATCH, Clause.CATCH_REF)
_WITH_REFERENCE: Final = (Clause.CATCH_REF, Clause.CATCH_ALL_REF)


# Throwing


@rule("throw", calls=True)
def _throw(c: FunctionCompiler, ins: Instruction) -> None:
    tag = cast(int, ins.immediates[0])
    kinds = c.unit.module.tag_type(tag).params
    values = c.pop_many(len(kinds))
    c.keep_operands()
    spread = int("v128" in kinds)
    for number, (kind, operand) in enumerate(zip(kinds, values, strict=True)):
        c.put(kind, operand, c.free_slot(number << spread))
    _pass_on(c, c.value(f"call i64 {c.helper('throw')}(ptr %ctx, ptr %top, i32 {tag}, i32 {spread})"))


@rule("throw_ref", calls=True)
def _throw_ref(c: FunctionCompiler, ins: Instruction) -> None:
    _throw_again(c, c.pop())


def _throw_again(c: FunctionCompiler, reference: str) -> None:
    c.put(REFERENCE, reference, c.free_slot(0))
    _pass_on(c, c.value(f"call i64 {c.helper('throw_ref')}(ptr %ctx, ptr %top, i32 0, i32 0)"))


def _pass_on(c: FunctionCompiler, status: str) -> None:
    c.jump(c.raises_to(status, c.passed_on))


# Handlers


def _open(c: FunctionCompiler, ins: Instruction) -> Label:
    label = enter_block(c, ins.op.mnemonic, ins)
    label.handler = Handler(c.label(), len(c.labels) - 1)
    c.handlers.append(label.handler)
    if c.meter is not None:
        c.meter.has_tries = True
    return label


def _close(c: FunctionCompiler, handler: Handler) -> bool:
    """Nothing more is covered: go on where an exception arrives, if one can."""
    c.handlers.pop()
    handler.is_open = False
    if not handler.errors:
        return _close_unused(c, handler)
    handler.status, handler.offset = c.join(handler.name, handler.errors)
    thrown = c.label()
    c.branch(c.use("is_thrown", "%ctx"), thrown, c.raises_to(handler.status, c.passed_on, handler.offset, ()))
    c.begin(thrown)
    return True


def _begin_untested(c: FunctionCompiler, handler: Handler) -> bool:
    """Go on where no clause so far has caught the exception, if one can come there."""
    if handler.is_open:
        return _close(c, handler)
    if handler.untested:
        c.begin(handler.untested)
    return bool(handler.untested)


def _close_unused(c: FunctionCompiler, handler: Handler) -> bool:
    """No exception can arrive. In metered code it is compiled nevertheless: what is paid for where depends on that."""
    if c.meter is None:
        return False
    c.begin(handler.name)
    handler.status, handler.offset = "1", "0"
    return True


def _take(c: FunctionCompiler, kind: int, tag: int) -> None:
    """The exception is caught: push its values, and then the reference to it."""
    kinds = c.unit.module.tag_type(tag).params if kind in _TAGGED else ()
    if kind in _WITH_REFERENCE:
        kinds = (*kinds, REFERENCE)
    c.check(c.value(f"call i64 {c.helper('catch')}(ptr %ctx, ptr %top, i32 {kind}, i32 0)"), c.raised)
    c.reload_memories()
    c.push_all(kinds, c.get_all(kinds, 0))


def _test(c: FunctionCompiler, tag: int) -> str:
    """Go on if the exception has a tag; the block to which it goes otherwise."""
    taken, other = c.label(), c.label()
    c.branch(c.use("is_tagged", "%ctx", str(tag)), taken, other)
    c.begin(taken)
    return other


# try_table


@rule("try_table")
def _try_table(c: FunctionCompiler, ins: Instruction) -> None:
    label = _open(c, ins)
    clauses = cast(list[tuple[int, int, int]], ins.immediates[1])
    label.close = lambda: _end_try_table(c, label, clauses)


def _end_try_table(c: FunctionCompiler, label: Label, clauses: list[tuple[int, int, int]]) -> None:
    """The clauses' labels are counted from outside of the block."""
    handler = cast(Handler, label.handler)
    if not _close(c, handler):
        return
    del c.stack[label.height :]
    for kind, tag, depth in clauses:
        other = _test(c, tag) if kind in _TAGGED else ""
        _take(c, kind, tag)
        branch(c, depth)
        del c.stack[label.height :]
        if c.meter is not None:
            c.meter.note_leaving(label, len(c.labels) - 1 - depth)
            other = other or c.label()  # the clauses behind, to which nothing comes
        if not other:
            return
        c.begin(other)
    c.jump(c.raises_to(handler.status, c.passed_on, handler.offset))


# The older form


@rule("try")
def _try(c: FunctionCompiler, ins: Instruction) -> None:
    label = _open(c, ins)
    if c.kept_exceptions:
        cast(Handler, label.handler).kept = c.kept_exceptions[c.open_tries]
    c.open_tries += 1
    label.close = lambda: _end_try(c, label)


@rule("catch", "catch_all")
def _catch(c: FunctionCompiler, ins: Instruction) -> None:
    label = c.labels[-1]
    handler = cast(Handler, label.handler)
    leave_block(c, label)
    del c.stack[label.height :]
    if not _begin_untested(c, handler):
        return
    handler.untested = ""
    if c.meter is not None:
        c.meter.note_arm(label)
    is_tagged = ins.op.mnemonic == "catch"
    tag = cast(int, ins.immediates[0]) if is_tagged else 0
    if is_tagged:
        handler.untested = _test(c, tag)
    if handler.kept is None:
        _take(c, Clause.CATCH if is_tagged else Clause.CATCH_ALL, tag)
        return
    _take(c, Clause.CATCH_REF if is_tagged else Clause.CATCH_ALL_REF, tag)
    c.set_local(handler.kept, c.pop())


def _end_try(c: FunctionCompiler, label: Label) -> None:
    handler = cast(Handler, label.handler)
    c.open_tries -= 1
    if not _begin_untested(c, handler):
        return
    c.jump(c.raises_to(handler.status, c.passed_on, handler.offset))


@rule("delegate")
def _delegate(c: FunctionCompiler, ins: Instruction) -> None:
    """What is thrown here is looked for in the label's block, or around that."""
    label = c.labels.pop()
    handler = cast(Handler, label.handler)
    c.open_tries -= 1
    is_reached, is_joined = not c.ended, bool(label.edges)
    outermost = len(c.labels) - 1 - cast(int, ins.immediates[0])
    leave_block(c, label)
    if c.meter is not None:
        c.meter.note_leaving(label, outermost)
    note_end(c, label, is_reached, is_joined)
    if _close(c, handler):
        within = c.handlers[: bisect_right(c.handlers, outermost, key=lambda one: one.depth)]
        c.jump(c.raises_to(handler.status, c.passed_on, handler.offset, within))
    finish_block(c, label)


@rule("rethrow", calls=True)
def _rethrow(c: FunctionCompiler, ins: Instruction) -> None:
    """What the label's clause has caught is thrown again."""
    handler = cast(Handler, c.labels[-1 - cast(int, ins.immediates[0])].handler)
    assert handler.kept is not None
    kind, variable = c.locals[handler.kept]
    assert kind == REFERENCE
    _throw_again(c, c.value(f"load i64, ptr {variable}"))
