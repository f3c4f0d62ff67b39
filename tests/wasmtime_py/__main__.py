"""wasmtime-py's own tests, with Fusee in wasmtime's place.

`python -m tests.wasmtime_py` fetches the source distribution of the installed version; with a path as its argument it
takes the tests from there: an unpacked distribution or a checkout. Fails if another test fails than
`known_failures.toml` names, and if one of those passes.
"""

import subprocess
import sys
import tarfile
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

KNOWN = Path(__file__).parent / "known_failures.toml"

RUN = """
import sys
import fusee.compat
fusee.compat.install()
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def fetch(folder: Path) -> Path:
    """The unpacked source distribution of wasmtime-py."""
    wanted = f"wasmtime=={version('wasmtime')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", "-d", str(folder)]
    subprocess.run([*command, wanted], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def run(source: Path, ignored: dict[str, str], report: Path) -> None:
    """Run the tests, and have their results written to `report`."""
    options = ["-q", "-p", "no:cacheprovider", "-c", str(report.with_name("none.ini")), "--rootdir", str(source)]
    report.with_name("none.ini").write_text("[pytest]\n")
    options += [f"--ignore={source / name}" for name in ignored]
    command = [sys.executable, "-c", RUN, *options, f"--junitxml={report}", str(source / "tests")]
    subprocess.run(command, cwd=source, check=False)


def outcomes(report: Path) -> tuple[set[str], set[str]]:
    """The names of the tests that passed, and of the others."""
    passed: set[str] = set()
    failed: set[str] = set()
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"
        (failed if len(case) else passed).add(name)
    return passed, failed


def main() -> int:
    """The exit status: 0 if everything is as it is known to be."""
    known = tomllib.loads(KNOWN.read_text())
    with tempfile.TemporaryDirectory() as folder:
        source = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else fetch(Path(folder))
        report = Path(folder) / "report.xml"
        run(source, known["ignored"], report)
        passed, failed = outcomes(report)
    print(f"{len(passed)} passed, {len(failed)} failed")
    for name in sorted(failed - set(known["failures"])):
        print(f"new: {name} fails")
    for name in sorted(set(known["failures"]) - failed):
        print(f"stale: {name} {'passes' if name in passed else 'does not exist'}")
    return int(not passed or failed != set(known["failures"]))


if __name__ == "__main__":
    sys.exit(main())
