"""How much of the host's stack native code may use."""

from fusee.engine.state.runtime import Store
from fusee.kernel.lang import address, kernel, stack_array, u64, usize


@kernel(inline=True)
def here() -> usize:
    """An address in the frame of the caller, on the host's stack, which grows downwards."""
    return address(stack_array(u64, 1))


@kernel
def measure_stack(world: Store) -> None:
    """Where guests are entered from the embedder: the budget counts from the outermost of these calls.

    A call that is made on another stack than the one that waits for it, which threads of the embedder's own may have,
    begins a new one.
    """
    at = here()
    if world.stack_top == world.stack_base or at - world.host_limit > world.host_budget:
        world.host_limit = at - world.host_budget if at > world.host_budget else usize(0)


@kernel(inline=True)
def is_deep(world: Store) -> bool:
    """Whether no more native frames may be made."""
    return here() < world.host_limit
