"""From kernels into handlers."""

from fusee.engine.handlers.control import leave_frame
from fusee.engine.handlers.regs import Regs, code_at, reload_memory
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import Ptr, address, cast, kernel, u64, v128


@kernel(cold=True)
def enter(func: Func, frame: Ptr[u64]) -> None:
    """Run the handlers until the function's frame returns or something stops it."""
    run(func, frame)


@kernel(inline=True)
def run(func: Func, frame: Ptr[u64]) -> None:
    """The same where that is done often."""
    f = Regs()
    f.pc = func.code
    f.fp = frame
    f.ctx = cast(Instance, func.instance)
    f.acc = u64(address(func))
    reload_memory(f)
    code = code_at(f)
    code(f)


@kernel(cold=True)
def go_on(instance: Instance, frame: Ptr[u64]) -> None:
    """The same from where the call of a host function returns to, whose frame holds its results."""
    f = Regs()
    f.ctx = instance
    f.fp = frame
    f.acc = frame[0]
    f.facc = cast(Ptr[v128], frame)[0]
    leave_frame(f)
    reload_memory(f)
    code = code_at(f)
    code(f)
