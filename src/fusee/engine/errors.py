"""Everything the engine raises. `detail` says where; `code` says what, in the terms of `fusee.spec`."""

from fusee.kernel.lang import KernelError, kernel, u32, u64


class Malformed(KernelError, tag=1):
    """The bytes are not a module (spec 5). Code: `spec.errors.ModuleError`; detail: offset in bytes."""


class Invalid(KernelError, tag=2):
    """The module breaks a rule of validation (spec 3). Code and detail as for `Malformed`."""


class Trap(KernelError, tag=3):
    """Execution cannot go on (spec 4.2.2). Code: `spec.traps.TrapCode`."""


class Unsupported(KernelError, tag=4):
    """This engine was built without it. Code: `spec.features.Unsupported`; detail: offset in bytes."""


class Exhausted(KernelError, tag=5):
    """The platform gave no memory, or a limit that the embedder set is reached."""


class LinkError(KernelError, tag=6):
    """An import is missing or does not match (spec 4.5.4). Detail: the import's index."""


class Busy(KernelError, tag=9):
    """Another thread is using the store."""


class Suspended(KernelError, tag=10):
    """No error: a guest waits, and has left the interpreter for that."""


@kernel(cold=True)
def raise_again(status: u64) -> None:
    """Raise what `caught` has caught, after cleaning up; nothing if `status` is 0."""
    tag = u32(status >> 56)
    code = u32(status >> 32) & 0xFF_FFFF
    detail = u32(status)
    if tag == 1:
        raise Malformed(code, detail)
    elif tag == 2:
        raise Invalid(code, detail)
    elif tag == 4:
        raise Unsupported(code, detail)
    elif tag == 5:
        raise Exhausted(code, detail)
    elif tag == 6:
        raise LinkError(code, detail)
    elif tag != 0:
        raise Trap(code, detail)
