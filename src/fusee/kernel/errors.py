"""`raise` in the kernel language: exceptions that fit in one 64-bit status word."""

from typing import ClassVar, SupportsIndex

TAG_SHIFT = 56
CODE_SHIFT = 32
CODE_MASK = 0xFF_FFFF
DETAIL_MASK = 0xFFFF_FFFF

_by_tag: "dict[int, type[KernelError]]" = {}


class BuildError(RuntimeError):
    """A program could not be compiled, through no fault of its text: a process that did it was killed, for example."""


class KernelError(Exception):
    """Base of all errors that kernels raise; subclass it with a tag: `class E(KernelError, tag=9)`.

    `code` and `detail` are all that a compiled kernel can say, 24 and 32 bits of whatever the
    subclass makes of them.
    """

    tag: ClassVar[int] = 0

    def __init_subclass__(cls, tag: int = 0) -> None:
        super().__init_subclass__()
        if not tag:
            return
        if not 1 <= tag <= 255:
            raise ValueError(f"{cls.__name__}: tag {tag} is not in 1…255")
        other = _by_tag.get(tag)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"{cls.__name__}: tag {tag} already belongs to {other.__module__}.{other.__qualname__}")
        _by_tag[tag] = cls
        cls.tag = tag

    def __init__(self, code: SupportsIndex = 0, detail: SupportsIndex = 0) -> None:
        self.code = code.__index__() & CODE_MASK
        self.detail = detail.__index__() & DETAIL_MASK
        super().__init__(self.code, self.detail)

    @property
    def status(self) -> int:
        """The status word that a compiled kernel returns for this error."""
        if not self.tag:
            raise TypeError(f"{type(self).__name__} has no tag: declare it `class {type(self).__name__}(…, tag=…)`")
        return self.tag << TAG_SHIFT | self.code << CODE_SHIFT | self.detail

    @staticmethod
    def from_status(status: SupportsIndex) -> "KernelError":
        """The error that a non-zero status word stands for."""
        word = status.__index__()
        error = _by_tag.get(word >> TAG_SHIFT)
        if error is None:
            raise ValueError(f"status {word:#018x} has no known tag")
        return error(word >> CODE_SHIFT & CODE_MASK, word & DETAIL_MASK)
