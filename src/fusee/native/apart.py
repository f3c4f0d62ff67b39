"""Runs a program of Fusee's that finds no native code of earlier runs: `python -m fusee.native.apart COMMAND…`.

It gets a cache of its own, which has the engine that this one has, and is gone afterwards.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from fusee.kernel.cache import default_folder

_NATIVE: Final = frozenset({"native", "batch", "tier"})  # kinds of files: `host.py`, `batches.py`


def main() -> int:
    """The command's status."""
    shared = Path(default_folder()).resolve()
    with tempfile.TemporaryDirectory(prefix="fusee-apart-") as folder:
        for kind in shared.iterdir() if shared.is_dir() else ():
            if kind.is_dir() and kind.name not in _NATIVE:
                Path(folder, kind.name).symlink_to(kind, target_is_directory=True)
        return subprocess.call(sys.argv[1:], env={**os.environ, "FUSEE_CACHE": folder})


if __name__ == "__main__":
    sys.exit(main())
