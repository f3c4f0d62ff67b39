"""Which engine a configuration asks for: in this process, in its checked build, or on an emulated device."""

from functools import cache

from fusee.api._native import HostNative, Native
from fusee.api.errors import WasmtimeError
from fusee.kernel.errors import BuildError


@cache
def load(checked: bool, target: str | None) -> Native:
    """The engine in this process, or on an emulated device of a target. `WasmtimeError` if it cannot be compiled."""
    try:
        return _load(checked, target)
    except BuildError as error:
        raise WasmtimeError(f"the engine could not be compiled: {error}") from error


def _load(checked: bool, target: str | None) -> Native:
    if target is not None:
        from fusee.api._device import DeviceNative

        return DeviceNative(target)
    if checked:
        from fusee.api._checked import CheckedNative

        return CheckedNative()
    return HostNative()
