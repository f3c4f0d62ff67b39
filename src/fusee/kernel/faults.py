"""What goes wrong when a kernel breaks a precondition in an un-compiled run.

The checked build reports the same mistakes from native code; the unchecked build does not look.
"""


class Fault(Exception):
    """A broken precondition of the kernel language: always a bug of the kernel."""


class ArithmeticFault(Fault):
    """A shift count, divisor or conversion operand outside of what its operation allows."""


class UnreachableFault(Fault):
    """`unreachable()` was reached."""


class MemoryFault(Fault):
    """An access that its pointer does not allow."""


class NullFault(MemoryFault):
    """An access through a null pointer, reference or function pointer."""


class WildFault(MemoryFault):
    """An access through an address that never was inside an allocation."""


class BoundsFault(MemoryFault):
    """An access outside of the allocation that the pointer was made from."""


class FreedFault(MemoryFault):
    """An access to an allocation that was released, or whose kernel has returned."""


class AlignmentFault(MemoryFault):
    """An access to an address that is not a multiple of the type's alignment."""


class ConstantFault(MemoryFault):
    """A write to a constant table."""
