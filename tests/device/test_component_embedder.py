"""A C program with a component, on this machine and on a watch's code."""

import subprocess
import sys
from pathlib import Path

import pytest

from fusee import wat2wasm
from fusee.kernel.calling import Entry
from fusee.kernel.target import Target
from fusee.package.components.split import split
from tests.device.embedding import COMPILED, HERE, INCLUDE, library, program, unpack, zig
from tests.device.greeter import GREETER
from tests.device.guests import as_c
from tests.device.relay import relay
from tests.wasi.components import GREETING

WATCH = "arm64_32-apple-watchos"
INTERFACES = (
    "io/error", "io/poll", "io/streams", "clocks/wall-clock", "clocks/monotonic-clock", "filesystem/types",
    "filesystem/preopens",
)  # fmt: skip
HTTP = "io/error", "io/poll", "io/streams", "http/types", "http/outgoing-handler"
HEADERS = Path(INCLUDE).parent / "components"


def prepare(folder: Path) -> Path:
    """The component's header and bytes for the C program; gives the component."""
    binary = bytes(wat2wasm(GREETER))
    (folder / "greeter.wasm").write_bytes(binary)
    parts = split("greeter", binary)
    (folder / "greeter.h").write_text(parts.header)
    (folder / "components.h").write_text(as_c("COMPONENT", parts.tables))
    files = split("files", bytes(wat2wasm(relay(*INTERFACES)))).tables
    (folder / "files.h").write_text(as_c("FILES", files))
    return folder / "greeter.wasm"


def test_the_header_of_a_component(tmp_path: Path) -> None:
    prepare(tmp_path)
    header = (tmp_path / "greeter.h").read_text()
    assert "#define GREETER_GREETER_PERSON_MOOD 2\n" in header
    assert "#define GREETER_GREETER_MOOD_SAD 1\n" in header
    assert " *       describe: func(who: person) -> result<list<person>, string>;\n" in header


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="links for Linux")
def test_components_on_this_machine(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    archive = library(Target.host().triple, prepare(tmp_path))
    include = archive.parent / "include"
    assert 'header "fusee_component.h"' in (include / "module.modulemap").read_text()
    assert (include / "greeter.h").read_text() == (tmp_path / "greeter.h").read_text()
    assert (archive.parent / "greeter.component").stat().st_size > 1000
    embedder = program(tmp_path, ("components", "files", "hosted"), archive, "-DCOMPONENTS")
    result = subprocess.run([str(embedder)], capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.returncode) == ("", 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="links for Linux")
def test_http_on_this_machine(tmp_path: Path) -> None:
    """The header as a C compiler reads it."""
    pytest.importorskip("ziglang")
    component = tmp_path / "requests.wasm"
    component.write_bytes(bytes(wat2wasm(relay(*HTTP))))
    answers = split("answers", bytes(wat2wasm(GREETING)))
    arrays = as_c("REQUESTS", split("requests", component.read_bytes()).tables) + as_c("ANSWERS", answers.tables)
    (tmp_path / "http.h").write_text(arrays)
    archive = library(Target.host().triple, component)
    embedder = program(tmp_path, ("http", "hosted"), archive, "-DHTTP")
    result = subprocess.run([str(embedder)], capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.returncode) == ("", 0)


@pytest.mark.slow
def test_components_on_a_watch(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    pytest.importorskip("unicorn")
    from fusee.emulator.build import DeviceProgram
    from fusee.emulator.device import Device

    objects = unpack(library(WATCH, prepare(tmp_path)), tmp_path / "library")
    options = [*COMPILED[WATCH], "-std=c11", "-O1", "-ffreestanding", "-fno-builtin", "-fno-sanitize=all"]
    options += ["-I", str(INCLUDE), "-I", str(HEADERS), "-I", str(tmp_path)]
    for name in ("components", "files", "bare"):
        zig("cc", *options, "-c", str(HERE / f"{name}.c"), "-o", str(tmp_path / f"{name}.o"))
        objects[f"{name}.c"] = (tmp_path / f"{name}.o").read_bytes()
    entries = {
        "use_components": Entry("use_components", (), ("i32",), False),
        "use_files": Entry("use_files", (), ("i32",), False),
        "said": Entry("said", (), ("address",), False),
        "live_blocks": Entry("live_blocks", (), ("i32",), False),
    }
    device = Device(DeviceProgram(Target.parse(WATCH), objects, entries))
    failures = device.function("use_components")() + device.function("use_files")()
    assert device.space.read(device.function("said")(), 1 << 10).partition(b"\0")[0].decode() == ""
    assert (failures, device.function("live_blocks")()) == (0, 0)
