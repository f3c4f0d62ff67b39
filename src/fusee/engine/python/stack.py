"""How much of the host's stack guests may use that Python calls: none comes to the end of its thread's.

A thread's stack is looked up when the thread first calls a guest, and then known by the number of the thread's Python
state. Addresses of threads, or of their states, would not do: they are used again, by threads with smaller stacks.
"""

from fusee.engine.errors import Trap
from fusee.engine.natives.host_stack import here
from fusee.engine.python.state import KNOWN_STACKS, Python, ThreadStack
from fusee.kernel.lang import address, kernel, minimum, stack_array, u64, unlikely, usize
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def host_room(python: Python) -> usize:
    """How many bytes of the stack below this call the guests of a store may use; 0: they may not be called.

    Raises `Trap` if an exception has been set while the thread's stack was looked up.
    """
    number = python.number_of(python.state()) + 1
    stack = python.stacks[number % KNOWN_STACKS]
    if unlikely(stack.thread != number):
        look_up(python, stack, number)
    at = here()
    if at - stack.base >= stack.end - stack.base:
        return stack.share_elsewhere
    return minimum(stack.share, at - stack.low) if at > stack.low else usize(0)


@kernel(cold=True)
def look_up(python: Python, stack: ThreadStack, number: u64) -> None:
    """Know this thread's stack from now on. While Python code runs, others may be looked up in the same place."""
    found = stack_array(usize, 5)
    argument = stack_array(usize, 1)
    argument[0] = python.number(address(found))
    result = python.call(python.measure, argument, usize(1), usize(0))
    python.drop(argument[0])
    if result == 0:
        raise Trap(TrapCode.EMBEDDER, 0)
    python.drop(result)
    stack.thread = number
    stack.base = found[0]
    stack.end = found[1]
    stack.low = found[2]
    stack.share = found[3]
    stack.share_elsewhere = found[4]
