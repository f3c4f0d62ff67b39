"""Every binary module of the official test suite: valid, invalid or malformed as it says."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusee.spec.features import WASM_3, Feature
from fusee.wast.script import open_script
from tests.engine.native_modules import Checker

SUITE = Path(os.environ.get("WASM_TESTSUITE") or Path(__file__).parents[3] / "shared" / "testsuite")

FEATURES = {
    "": WASM_3,
    "proposals/wide-arithmetic": WASM_3 | Feature.WIDE_ARITHMETIC,
    "proposals/custom-page-sizes": WASM_3 | Feature.CUSTOM_PAGE_SIZES,
    "proposals/threads": (WASM_3 | Feature.THREADS) & ~Feature.MULTI_MEMORY,
}
EXPECTED = {"assert_invalid": "invalid", "assert_malformed": "malformed"}

# The threads proposal is written against a specification without reference types, where one table is the limit.
OUTDATED = {"multiple tables"}


def commands(folder: str) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """The commands of a folder's scripts that name a binary module, with where they are."""
    for path in sorted((SUITE / folder).glob("*.wast")):
        with open_script(path) as script:
            for command in script.commands:
                name = command.get("filename", "")
                if name.endswith(".wasm") and command.get("text") not in OUTDATED:
                    yield f"{path.name}:{command['line']}", command, script.read_module(name)


@pytest.mark.slow
@pytest.mark.parametrize("folder", FEATURES, ids=lambda folder: folder or "core")
def test_verdicts(folder: str) -> None:
    if not (SUITE / "i32.wast").is_file():
        pytest.skip(f"the WebAssembly test suite is not in {SUITE}: set WASM_TESTSUITE to its place")
    checkers = {"": Checker(), " (checked build)": Checker(checked=True)}
    wrong = []
    for place, command, binary in commands(folder):
        for build, checker in checkers.items():
            verdict = checker.verdict(binary, FEATURES[folder])
            if verdict[0] != EXPECTED.get(command["type"], "valid"):
                wrong.append(f"{place}: {verdict}, not {command['type']} {command.get('text', '')}{build}")
    for checker in checkers.values():
        assert checker.registry.group_count == 0, "types outlive their modules"
        checker.close()
    assert wrong == []
