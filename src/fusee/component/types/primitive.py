"""Types without parts (Explainer, "Type Definitions"): truth values, numbers, characters, strings, error contexts."""

from fusee.component.types.valtype import ASYNCHRONOUS, POINTER, ValType


class _Primitive(ValType):
    """A type without parts; all objects of the class are equal."""

    __slots__ = ()

    def __init__(self) -> None:
        """The type."""
        self._finish()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Bool(_Primitive):
    """`bool`: True or False."""

    __slots__ = ()
    _own_classes = (bool,)


class _Integer(_Primitive):
    """An int of some range."""

    __slots__ = ()
    _own_classes = (int,)


class S8(_Integer):
    """`s8`: an int."""

    __slots__ = ()


class U8(_Integer):
    """`u8`: an int; a list of them is bytes."""

    __slots__ = ()


class S16(_Integer):
    """`s16`: an int."""

    __slots__ = ()


class U16(_Integer):
    """`u16`: an int."""

    __slots__ = ()


class S32(_Integer):
    """`s32`: an int."""

    __slots__ = ()


class U32(_Integer):
    """`u32`: an int."""

    __slots__ = ()


class S64(_Integer):
    """`s64`: an int."""

    __slots__ = ()


class U64(_Integer):
    """`u64`: an int."""

    __slots__ = ()


class F32(_Primitive):
    """`f32`: a float; what is passed is rounded to single precision."""

    __slots__ = ()
    _own_classes = (float,)


class F64(_Primitive):
    """`f64`: a float."""

    __slots__ = ()
    _own_classes = (float,)


class Char(_Primitive):
    """`char`: a str of one Unicode scalar value."""

    __slots__ = ()
    _own_classes = (str,)


class String(_Primitive):
    """`string`: a str."""

    __slots__ = ()
    _own_classes = (str,)
    _own_flags = POINTER


class ErrorContext(_Primitive):
    """`error-context`: an `ErrorContextValue`."""

    __slots__ = ()
    _own_classes = ("asynchronous",)
    _own_flags = ASYNCHRONOUS
