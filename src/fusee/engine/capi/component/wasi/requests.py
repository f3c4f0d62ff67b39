"""What the methods of streams and files are called with."""

from typing import Final

from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.wasi.resources import Resource, ResourceTable
from fusee.engine.capi.wasi.state import Call
from fusee.kernel.lang import Fn, Inline, Ptr, struct, u32

CLOSED: Final = u32(0x1_0000)  # no errno: the stream has ended
WRONG_SIZE: Final = u32(0x1_0001)  # the guest writes more at once than it may, which is a trap


@struct
class Request:
    """One call of a method, whose result is `ok` so far."""

    call: Inline[Call]
    resources: ResourceTable
    number: u32  # that the first argument's handle stands for
    resource: Resource  # of that number; null: a standard stream
    arguments: Ptr[Value]
    payload: Value  # of the result


Body = Fn[[Request], u32]
