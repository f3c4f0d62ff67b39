"""The default platform on systems of which only a C library is known: memory, and nothing else."""

from fusee.engine.capi.platform.posix import put_memory
from fusee.engine.capi.state import System
from fusee.kernel.lang import kernel


@kernel(export="fusee_default_platform", weak=True)
def default_platform(out: System) -> bool:
    put_memory(out)
    return True
