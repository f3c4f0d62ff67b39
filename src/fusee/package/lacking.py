"""What modules need of families that an engine is built without.

Loading this loads the engine's instructions: `leave_out` comes before.
"""

from fusee.api._native import HostNative, Native
from fusee.api.errors import UnsupportedError
from fusee.engine.decode.module import decode_module
from fusee.engine.interpreter import close_module
from fusee.engine.runtime.store import open_engine
from fusee.engine.state.platform import Platform
from fusee.engine.validate.module import validate_module
from fusee.kernel.library import load_defined
from fusee.kernel.process import make_struct
from fusee.kernel.program import Program
from fusee.spec.families import Family, left_out
from fusee.spec.features import ALL_FEATURES


class Reader(HostNative):
    """Decoder and validator of such an engine, for this machine: compiled in seconds."""

    validate = Native.validate  # no threads help: that takes further entries

    def __init__(self) -> None:
        self._library = load_defined(f"fusee reader {' '.join(sorted(left_out()))}", _define_program)
        self._add_entries(self._library.symbols, self._library.entry)
        self.platform = make_struct(Platform, self.platform_functions())
        self._engine: int = self.open_engine(self.platform, False)

    def lacking(self, binary: bytes) -> Family | None:
        """The family for which a valid module is going to be refused, the first that it needs; None if none."""
        try:
            self.end_module(self.compile(self._engine, binary, int(ALL_FEATURES)))
        except UnsupportedError as error:
            return next(family for family in left_out() if family.reason.message == error.message)
        return None


def _define_program() -> Program:
    return Program("fusee-reader", (open_engine, decode_module, validate_module, close_module), home=__name__)
