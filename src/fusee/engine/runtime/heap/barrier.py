"""What the collector is told of references that are written over."""

from fusee.engine.state.runtime import Store
from fusee.kernel.lang import kernel, u64


@kernel(inline=True)
def before_write(world: Store, old: u64) -> None:
    """A reference in an object, table or global is about to be written over."""
