"""Without a system there is no default: the app gives a platform, or defines `fusee_default_platform` itself."""

from fusee.engine.capi.state import System
from fusee.kernel.lang import kernel


@kernel(export="fusee_default_platform", weak=True)
def default_platform(out: System) -> bool:
    return False
