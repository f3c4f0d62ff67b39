"""Handlers that are linked in this order or that."""

from fusee.kernel.lang import Fn, Ptr, Static, handler, instance, kernel, registers, table, u64, usize


@registers
class Regs:
    acc: u64


@handler
def add(f: Regs, amount: Static[int]) -> None:
    f.acc = f.acc + amount


HANDLERS = [instance(add, amount=amount) for amount in (1, 2, 3, 4)]
TABLE: Ptr[Fn[[Regs], None]] = table(Fn[[Regs], None], HANDLERS)


@kernel
def call(which: usize, n: u64) -> u64:
    f = Regs()
    f.acc = n
    TABLE[which](f)
    return f.acc
