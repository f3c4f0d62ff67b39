"""The headers as Swift sees them: a module of Clang's, which Swift's importer is, for watches and for this machine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fusee.package.library import DeviceLibrary
from tests.package import standard

DECLARED = re.compile(r"^(?!typedef)[a-z][\w ]*\*?\b(fusee_\w+)\(", re.MULTILINE)

HTTP_LAYOUT = """
_Static_assert(sizeof(fusee_http_request_t) == {request} && sizeof(fusee_http_t) == {table}, "");
_Static_assert(FUSEE_HTTP_INTERNAL_ERROR == 39, "");
"""


@pytest.mark.parametrize(
    ("target", "pointer", "has_components", "has_http"),
    [
        ("arm64_32-apple-watchos9.0", 4, False, False),
        ("arm64_32-apple-watchos9.0", 4, True, False),
        ("arm64_32-apple-watchos9.0", 4, True, True),
        ("arm64-apple-watchos26.0", 8, True, True),
    ],
)
def test_a_program_imports_the_module(
    target: str, pointer: int, has_components: bool, has_http: bool, tmp_path: Path
) -> None:
    ziglang = pytest.importorskip("ziglang", reason="compiles it: pip install 'fusee[bench]'")
    DeviceLibrary(b"", {}, has_components, has_http).write(tmp_path)
    include = tmp_path / "include"
    own = {name for header in include.glob("*.h") for name in DECLARED.findall(header.read_text())}
    assert "fusee_store_set_deadline" in own
    assert ("fusee_component_new" in own) is has_components
    assert ("fusee_component_use_http" in own) is has_http
    names = sorted(own | standard.defined() | standard.added() | standard.inline())
    source = tmp_path / "app.m"
    source.write_text(
        "@import Fusee;\n"
        f'_Static_assert(sizeof(void *) == {pointer} && sizeof(wasm_byte_vec_t) == {2 * pointer}, "");\n'
        + (HTTP_LAYOUT.format(request=6 * pointer + 32, table=10 * pointer) if has_http else "")
        + "".join(f"void *take_{name}(void) {{ return (void *)&{name}; }}\n" for name in names)
    )
    system = Path(ziglang.__file__).with_name("lib") / "include"
    command = [
        sys.executable, "-m", "ziglang", "clang", "-target", target, "-ffreestanding", "-isystem", str(system),
        "-fmodules", f"-fmodules-cache-path={tmp_path}/modules", f"-fmodule-map-file={include}/module.modulemap",
        "-I", str(include), "-fsyntax-only", "-Wall", "-Werror", "-x", "objective-c", str(source),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
