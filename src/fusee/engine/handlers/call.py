"""Handlers of calls: within the instance, of imports, through tables and references, and tail calls."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.across import across
from fusee.engine.handlers.first_call import translate_here
from fusee.engine.handlers.opening import blame_caller, imm32, open_frame, prepare_frame, reuse_frame, slot_field
from fusee.engine.handlers.operands import READ
from fusee.engine.handlers.regs import Regs, code_at
from fusee.engine.handlers.trap import on_trap
from fusee.engine.isa.forms import NOWHERE, ROOMY
from fusee.engine.isa.row import Row, cell
from fusee.engine.runtime.table import callee_in
from fusee.engine.state.module import REF
from fusee.engine.state.runtime import Func, Instance, Table
from fusee.engine.subtyping import is_subtype_canonical
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
    address,
    atomic_load,
    cast,
    handler,
    kernel,
    load,
    size_of,
    tail,
    u8,
    u32,
    u64,
    unlikely,
    usize,
)  # fmt: skip
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def call(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A direct call of a function of the same instance, or of its stub.

    The sooner a computer knows where it goes, the better. On a watch an instruction less is needed if it is last.
    """
    target = cast(Ptr[usize], f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    if ROOMY:
        code = atomic_load(target, Order.RELAXED)  # `first_call` changes it
        open_frame(f, slot_field(f, row, forms, 1), cell(row, dst, forms, size_of(usize)).size)
        f.pc = cast(Ptr[u8], code)
    else:
        open_frame(f, slot_field(f, row, forms, 1), cell(row, dst, forms, size_of(usize)).size)
        f.pc = cast(Ptr[u8], atomic_load(target, Order.RELAXED))


@handler(raises_to=on_trap, status="acc")
def call_import(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A call of an imported function."""
    func = cast(Func, f.ctx.functions[imm32(f, row, forms, 0)])
    f.acc = u64(address(func))
    open_frame(f, slot_field(f, row, forms, 1), cell(row, dst, forms, size_of(usize)).size)
    if func.instance != address(f.ctx):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)


@kernel(inline=True)
def element(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> Func:
    """The function that a `call_indirect` selects; its type is still to be checked."""
    index: u64 = u64(READ[row.sources[0]](f, forms[0], cell(row, NOWHERE, forms, size_of(usize)).sources[0]))
    table = load(usize, cast(Ptr[u8], f.ctx) + imm32(f, row, forms, 1))
    return callee_in(cast(Table, table), index)


@kernel(cold=True)
def check_subtype(ctx: Instance, canonical: u32, expected: u32) -> None:
    """A function of a declared subtype may stand for its supertype; any other type traps."""
    if not is_subtype_canonical(ctx.store.engine.registry, canonical | REF, expected | REF):
        raise Trap(TrapCode.BAD_SIGNATURE, 0)


# A handler that calls a kernel saves and moves registers on every path through it. So the rare types are the business
# of handlers of their own: they get the function in `acc` and the expected type in `lp`, which calls lose anyway.


@handler(raises_to=on_trap, status="acc")
def call_subtype(f: Regs) -> None:
    """Go on with a call, whose frame is open, of a function that is not of the very type expected."""
    func = cast(Func, usize(f.acc))
    frame = f.fp
    blame_caller(f)
    check_subtype(f.ctx, func.canonical, u32(address(f.lp)))
    f.fp = frame
    if func.instance != address(f.ctx):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def return_call_subtype(f: Regs) -> None:
    """The same for a tail call, which has no frame of its own yet to be blamed for it."""
    func = cast(Func, usize(f.acc))
    check_subtype(f.ctx, func.canonical, u32(address(f.lp)))
    if func.instance != address(f.ctx):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)


@handler
def call_elsewhere(f: Regs) -> None:
    """Go on with a call, whose frame is open, of a function in `acc` of another type or instance."""
    if cast(Func, usize(f.acc)).canonical != u32(address(f.lp)):
        return tail(call_subtype, f)
    return tail(across, f)


# Of calls through tables and references there are three parts: the callee, with its frame open; whether it is anywhere
# but here; and the handler for that. So each is one straight line, alone and behind another cell.


@kernel(inline=True)
def enter_element(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Func:
    """The callee of a `call_indirect`, also in `acc`."""
    if not ROOMY:  # on a watch, who has no frame yet need not keep the caller's for an error
        found = element(f, row, forms)
        open_frame(f, slot_field(f, row, forms, 2), cell(row, dst, forms, size_of(usize)).size)
        f.acc = u64(address(found))
        return found
    frame = prepare_frame(f, slot_field(f, row, forms, 2), cell(row, dst, forms, size_of(usize)).size)
    func = element(f, row, forms)
    f.acc = u64(address(func))
    f.fp = frame
    return func


@kernel(inline=True)
def is_other_element(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]], func: Func) -> bool:
    """Whether it is not of the very type expected, or not of this instance."""
    return (func.canonical ^ imm32(f, row, forms, 0)) | (func.instance ^ address(f.ctx)) != 0


@kernel(inline=True)
def note_expected(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> None:
    """For `call_elsewhere`: the type that a `call_indirect` expects, which its cell has in a place that depends on the
    operand's form."""
    if row.family == "call_indirect":
        f.lp = cast(Ptr[u8], usize(imm32(f, row, forms, 0)))


@kernel(inline=True)
def enter_reference(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Func:
    """The callee of a `call_ref`, whose reference is in `acc`."""
    frame = prepare_frame(f, slot_field(f, row, forms, 0), cell(row, dst, forms, size_of(usize)).size)
    if unlikely(f.acc == 0):
        raise Trap(TrapCode.NULL_FUNCTION, 0)
    f.fp = frame
    return cast(Func, usize(f.acc))


@kernel(inline=True)
def is_of_other_instance(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]], func: Func) -> bool:
    return func.instance != address(f.ctx)


@handler(raises_to=on_trap, status="acc")
def return_call(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A tail call within the instance (spec 4.6.10, return_call)."""
    code = atomic_load(f.ctx.code + imm32(f, row, forms, 0), Order.RELAXED)  # as the target of a `call`
    if unlikely(code == 0):
        f.acc = u64(imm32(f, row, forms, 0))
        return tail(translate_here, f)
    reuse_frame(f, slot_field(f, row, forms, 1), slot_field(f, row, forms, 2))
    f.pc = cast(Ptr[u8], code)
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def return_call_func(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Tail calls of an import, of a table's element, or of the reference in `acc`."""
    if row.family == "return_call_import":
        f.acc = u64(f.ctx.functions[imm32(f, row, forms, 0)])
    elif row.family == "return_call_indirect":
        f.acc = u64(address(element(f, row, forms)))
    elif unlikely(f.acc == 0):
        raise Trap(TrapCode.NULL_FUNCTION, 0)
    last = len(row.immediates) - 1
    reuse_frame(f, slot_field(f, row, forms, last - 1), slot_field(f, row, forms, last))
    func = cast(Func, usize(f.acc))
    if row.family == "return_call_indirect":
        if unlikely(func.canonical != imm32(f, row, forms, 0)):
            f.lp = cast(Ptr[u8], usize(imm32(f, row, forms, 0)))
            return tail(return_call_subtype, f)
    if unlikely(func.instance != address(f.ctx)):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)
