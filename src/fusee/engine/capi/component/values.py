"""Values as the app makes and deletes them."""

from fusee.engine.capi.component.blocks import delete_block, try_block
from fusee.engine.capi.component.format import BYTES, Kind
from fusee.engine.capi.component.state import Value
from fusee.kernel.lang import Ptr, Static, cast, copy_bytes, is_null, kernel, null, size_of, span, u8, u32, usize


@kernel(export="fusee_value_delete")
def delete_value(value: Value) -> None:
    """Give back what it owns; it is then the boolean false."""
    if is_null(value):
        return
    kind = u32(value.kind)
    if kind == Kind.LIST or kind == Kind.RECORD or kind == Kind.VARIANT:
        if not is_null(value.data):
            for i in span(value.size):
                delete_value(cast(Ptr[Value], value.data)[i])
        delete_block(value.data)
    elif kind == Kind.STRING or kind == Kind.NUMBERS:
        delete_block(value.data)
    value.kind = u8(Kind.BOOL)
    value.size = usize(0)
    value.data = null(Ptr[u8])


@kernel(export="fusee_value_move")
def move_value(out: Value, value: Value) -> None:
    """`out` takes over what `value` has, which is then the boolean false."""
    copy_bytes(cast(Ptr[u8], out), cast(Ptr[u8], value), usize(size_of(Value)))
    value.kind = u8(Kind.BOOL)
    value.size = usize(0)
    value.data = null(Ptr[u8])


@kernel
def make(out: Value, kind: Kind, which: u32, count: usize, width: usize) -> bool:
    """A value with zeroed room of its own; false if there is no memory."""
    out.kind = u8(Kind.BOOL)
    out.which = which
    out.size = usize(0)
    out.data = null(Ptr[u8])
    if count != 0:
        if count * width // width != count:
            return False
        out.data = try_block(count * width)
        if is_null(out.data):
            return False
    out.kind = u8(kind)
    out.size = count
    return True


@kernel(export="fusee_value_new_string")
def new_string(out: Value, size: usize, text: Ptr[u8]) -> bool:
    if not make(out, Kind.STRING, u32(0), size, usize(1)):
        return False
    if size != 0:
        copy_bytes(out.data, text, size)
    return True


@kernel(export="fusee_value_new_numbers")
def new_numbers(out: Value, kind: Kind, count: usize, numbers: Ptr[u8]) -> bool:
    """Numbers, which are copied; zeros if none are given."""
    if kind < Kind.S8 or kind > Kind.F64:
        return False
    width = usize(u32(BYTES[kind]))
    if not make(out, Kind.NUMBERS, u32(kind), count, width):
        return False
    if count != 0 and not is_null(numbers):
        copy_bytes(out.data, numbers, count * width)
    return True


@kernel
def new_parts(out: Value, count: usize, kind: Static[Kind]) -> bool:
    """A list, or a record or tuple, of zeroed values."""
    return make(out, kind, u32(0), count, usize(size_of(Value)))


@kernel(export="fusee_value_new_variant")
def new_variant(out: Value, which: u32, has_payload: bool) -> bool:
    """A case of a variant, option or result, with room for a payload."""
    return make(out, Kind.VARIANT, which, usize(has_payload), usize(size_of(Value)))
