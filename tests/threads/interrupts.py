"""Guests in C that other threads interrupt at random moments, for long (`device/embedder/interrupting_threads.c`)."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from fusee.kernel.target import Target
from tests.device.embedding import library, program


def interrupt(rounds: int) -> None:
    """Run the program, which says what is wrong. Raises `CalledProcessError`."""
    with TemporaryDirectory() as name:
        archive = library(Target.host().triple)
        made = program(Path(name), ["interrupting_threads"], archive, "-DALONE", f"-DROUNDS={rounds}")
        subprocess.run([made], check=True)
