"""A C program that embeds the device library, on this machine: as it should be used, and as it should not."""

import subprocess
import sys
from pathlib import Path

import pytest

from fusee.kernel.target import Target
from tests.device.embedding import PARTS, library, program
from tests.device.guests import EXPECTED

THREADED = "threads", "sharing_threads", "interrupting_threads"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="links for Linux")
def test_embedder_on_this_machine(tmp_path: Path) -> None:
    """Linked with the C library alone: neither its mathematics nor a compiler's runtime is asked for."""
    pytest.importorskip("ziglang")
    parts = ["hosted", *THREADED, *(part for part in PARTS if part != "bare")]
    embedder = program(tmp_path, parts, library(Target.host().triple))
    result = subprocess.run([str(embedder)], capture_output=True, text=True, timeout=120)
    assert result.stdout == EXPECTED.format(refused="length out of bounds")
    assert result.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="links for Linux")
def test_what_is_left_out_is_refused_by_its_name(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    archive = library(Target.host().triple, without="simd,exceptions,gc,threads")
    result = subprocess.run([program(tmp_path, ["lacking"], archive)], capture_output=True, text=True, timeout=120)
    assert (result.stdout, result.returncode) == ("refused, and the rest taken\n", 0)
