"""What native code and the interpreter agree on. Who writes native code needs no more of the engine's state."""

from typing import Final

HEADER_SLOTS: Final = 6
"""Below a frame's slot 0: return pc at -2, caller's frame at -1. Of a call into another instance these
are the `return_across` cell and the frame itself; the caller's frame, pc and instance are at -3, -4 and -5. At -6 is
the loop that the frame names (`translate.nesting`)."""

TAIL_CALL: Final = 1
"""What native code returns, other than errors: it ends with a call that whoever has called it has to make.

The arguments are at `sp`, behind `HEADER_SLOTS`.
"""

WIDE_RESULT: Final = 2
"""What an entry returns if all is well, and the first result is a vector."""

LEFT_LOOP: Final = 3
"""What native code returns that goes on in a loop, if newer code shall do that: all is in the frame again."""

OBJECT_HEADER_BYTES: Final = 8  # of a structure or an array: its type's canonical id, and an array's length
