"""What threads that validate a module together have in common."""

from typing import Annotated

from fusee.kernel.lang import Count, Ptr, struct, u32, u64, usize


@struct
class Sharing:
    """A validation that threads can help with. Zeroed by who owns it, for as long as any of them may look at it."""

    validator: usize  # `Validator` of who validates the module; it is there while one may help, or does
    status: u64  # of the first error
    state: Annotated[Ptr[u32], Count(1)]  # see `validate.shared`
    next: Annotated[Ptr[u32], Count(1)]  # the first body that nobody has taken
    lock: Annotated[Ptr[u32], Count(1)]  # of the two that say what is wrong
    wrong: u32  # behind the first body of the piece with the first error; 0: none is known
