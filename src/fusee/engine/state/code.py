"""What stands before the cells of a translated function: where they end, and whose they are."""

from fusee.kernel.lang import struct, u32


@struct
class Code:
    """A node of the search tree of a module's code by address; `engine.runtime.codes` has what keeps it in order.

    Functions are named by their index plus one, 0 is none: `Module.code_table` says where they are.
    """

    lower: u32  # the tree of code at smaller addresses
    higher: u32
    size: u32  # in bytes, with this header
    index: u32
