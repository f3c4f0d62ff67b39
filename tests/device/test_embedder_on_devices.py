"""The same C program on devices' code: compiled for them, linked with the library and executed here."""

from pathlib import Path

import pytest

from fusee.kernel.calling import Entry
from fusee.kernel.target import Target
from fusee.package.library import PLATFORM
from tests.device.embedding import COMPILED, compile_parts, library, unpack
from tests.device.guests import EXPECTED

FUNCTIONS = (
    Entry("by_default", (), ("i32",), False),
    Entry("embed", (), ("i32",), False),
    Entry("resist", (), ("i32",), False),
    Entry("conform", (), ("i32",), False),
    Entry("withstand", (), ("i32",), False),
    Entry("carry", (), ("i32",), False),
    Entry("throw_and_catch", (), ("i32",), False),
    Entry("have_objects", (), ("i32",), False),
    Entry("give_declared", (), ("i32",), False),
    Entry("share_memories", (), ("i32",), False),
    Entry("interrupt_guests", (), ("i32",), False),
    Entry("said", (), ("address",), False),
    Entry("live_blocks", (), ("i32",), False),
)

PARTS = tuple(entry.symbol for entry in FUNCTIONS if entry.symbol not in ("said", "live_blocks"))


@pytest.mark.slow
@pytest.mark.parametrize("triple", COMPILED)
def test_embedder_on_a_device(triple: str, tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    pytest.importorskip("unicorn")
    from fusee.emulator.build import DeviceProgram
    from fusee.emulator.device import Device

    objects = unpack(library(triple), tmp_path / "library")
    if not triple.endswith("watchos"):
        del objects[f"{PLATFORM}.o"]  # as linkers leave it out: the app has a default platform itself
    objects |= {path.stem + ".c": path.read_bytes() for path in compile_parts(triple, tmp_path)}
    device = Device(DeviceProgram(Target.parse(triple), objects, {entry.symbol: entry for entry in FUNCTIONS}))
    failures = sum(device.function(name)() for name in PARTS)
    output = device.space.read(device.function("said")(), 1 << 14).partition(b"\0")[0].decode()
    assert output == EXPECTED.format(refused="length out of bounds")
    assert failures == 0
    assert device.function("live_blocks")() == 0
