"""Giving functions native code while guests run, which may be in the middle of them.

All that a guest can see of it is one word, which is stored when everything is there that it leads to: the handler of a
cell that it comes past. As with interruptions (`engine.python.interrupt`), only who holds the interpreter lock stores
such words.
"""

from fusee.engine.python.state import Embedder
from fusee.engine.runtime.codes import code_of, find_code
from fusee.engine.runtime.heads import change_handler
from fusee.engine.runtime.holdings import BLOCK_INSTANCE, Block, contents, holdings_of
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.state.module import Module
from fusee.engine.state.native import NativeCell, Resume
from fusee.engine.state.runtime import Engine, Func, Instance, Store
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_fence,
    atomic_load,
    atomic_store,
    cast,
    kernel,
    offset_of,
    span,
    u8,
    u32,
    usize,
)  # fmt: skip


@kernel
def install_tiered(engine: Engine, m: Module, index: u32, cell: NativeCell) -> None:
    """Have a function run native code from its next call on. Needs the interpreter lock.

    `m.natives` and `m.tiers` are there; what they and the cell lead to lives as long as the module. Whoever translates
    the function at this moment looks afterwards: with a fence on both sides one of the two sees the other.
    """
    cell.handler = engine.cells.native
    m.natives[index] = cell.code
    atomic_store(m.tiers + index, address(cell), Order.RELEASE)
    atomic_fence(Order.SEQ_CST)
    code = atomic_load(m.code_table + index, Order.ACQUIRE)
    if code != 0:
        change_handler(cast(Code, code - CODE_START), code, engine.cells.interrupted, engine.cells.tiered)


@kernel
def install_resume(engine: Engine, m: Module, place: Resume) -> None:
    """Have guests go on in native code when they come to a loop's first cell next. Needs the interpreter lock.

    The function has been translated. `place` lives as long as the module.
    """
    place.next = m.resumes
    newest = cast(Ptr[usize], cast(Ptr[u8], m) + offset_of(Module, "resumes"))
    atomic_store(newest, address(place), Order.RELEASE)
    code = code_of(m, find_code(m, place.cell))
    change_handler(code, place.cell, engine.cells.interrupted, engine.cells.resumed)


@kernel
def give_natives(world: Store, m: Module, is_locked: bool) -> bool:
    """Have native code call the native code that functions of a store's instances of a module have got.

    False if it is not known now whether the instances are complete: they are if the caller has the store's lock, or the
    guest is in native code, which it cannot leave. Needs the interpreter lock.
    """
    if not is_locked and cast(Embedder, world.embedder).running == 0:
        return False
    at = holdings_of(world).newest
    while at != 0:
        block = cast(Block, at)
        at = block.next
        if block.kind == BLOCK_INSTANCE:
            instance = cast(Instance, contents(block))
            if address(instance.module) == address(m):
                for index in span(m.imported_func_count, m.func_count):
                    cast(Func, instance.functions[index]).native = m.natives[index]
    return True
