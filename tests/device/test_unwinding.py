"""The functions on a device's stack, where no chain of frame records leads to them."""

import re

import pytest

from fusee.emulator import Device, DeviceFault, build_for_device
from fusee.kernel.build import Program
from fusee.kernel.target import Target
from tests.device.conftest import BARE
from tests.device.kernels import ENTRIES

THUMB = "thumbv7em-none-eabihf"


@pytest.mark.parametrize("triple", [BARE, THUMB])
def test_callers_are_found_by_the_debug_tables(triple: str) -> None:
    program = build_for_device(
        "kernels for devices", lambda: Program("kernels for devices", ENTRIES), Target.parse(triple)
    )
    device = Device(program)
    symbol = next(name for name in device.entries if name.endswith(".write_to_null"))
    with pytest.raises(DeviceFault) as caught:
        device.function(symbol)(0x40)
    frames = [
        re.fullmatch(r"[0-9a-f]{8} \S+\.(\w+) \+ 0x[0-9a-f]+ at \S*kernels\.py:\d+", f)
        for f in caught.value.fault.backtrace
    ]
    assert [frame and frame[1] for frame in frames[:3]] == ["innermost", "middle", "write_to_null"]
