"""What the author of a wrong kernel is told: message, help, and the exact text that is flagged.

The kernels are in `rejected.txt`: `---` and the message, a part of the help, and the source with
the flagged text in «».
"""

from __future__ import annotations

import importlib.util
import linecache
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from fusee.kernel.check import Checker
from fusee.kernel.diagnostic import CompileError
from fusee.kernel.target import LP64

CASES = (Path(__file__).parent / "rejected.txt").read_text(encoding="utf-8").split("--- ")[1:]

HEADER = """\
from enum import IntEnum
from operator import add
from typing import Annotated, Any, TypeVar
from fusee.kernel.lang import *

T = TypeVar("T")
LIMIT = 300

class Signed(IntEnum):
    LESS = -1

NAMES = ["a", "b"]


class Wrong(KernelError, tag=205):
    pass


class Untagged(KernelError):
    pass


@struct
class Point:
    x: u32
    y: u32
    next: "Point"


@registers
class Regs:
    pc: Ptr[u8]
    acc: u64


Code = Fn[[Regs], None]


@kernel
def increment(x: u32) -> u32:
    return x + 1


@kernel
def fails(x: u32) -> u32:
    raise Wrong(1)


@kernel(inline=True)
def advance(f: Regs, by: Static[int]) -> None:
    f.pc = f.pc + by


def python_function(x: int) -> int:
    return x


"""


def check(tmp_path: Path, source: str) -> tuple[CompileError, str]:
    """The error of compiling `f` of a module, and the module's text with its marks."""
    text = HEADER + source
    file = tmp_path / "rejected_kernels.py"
    file.write_text(text.replace("«", "").replace("»", ""), encoding="utf-8")
    linecache.checkcache(str(file))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    with pytest.raises(CompileError) as caught:
        Checker(LP64).check([module.f])
    return caught.value, text


@pytest.mark.parametrize("case", CASES, ids=[case.partition("\n")[0][:70] for case in CASES])
def test_rejected(tmp_path: Path, case: str) -> None:
    message, _, source = case.partition("\n")
    help_ = ""
    if source.startswith("help: "):
        help_, _, source = source.removeprefix("help: ").partition("\n")
    error, text = check(tmp_path, source)
    assert error.message == message
    assert help_ in error.hint
    flagged = text[text.index("«") + 1 : text.index("»")]
    assert error.flagged == flagged.partition("\n")[0]
    assert error.span.line == text[: text.index("«")].count("\n") + 1


CHAIN = """
@kernel(inline=True)
def shift(x: u32, by: Static[int]) -> u32:
    return x << «by»


@kernel
def twice(x: u32, by: Static[int]) -> u32:
    return shift(shift(x, 1), by)


@kernel
def f(x: u32) -> u32:
    return twice(x, 40)
"""


def test_chain_of_expansion(tmp_path: Path) -> None:
    error, _ = check(tmp_path, CHAIN)
    assert error.message == "shift count 40 is not less than the width of `u32`"
    assert [(note.message, note.span.text) for note in error.notes] == [
        ("`shift[40]` is needed here", "shift(shift(x, 1), by)"),
        ("`twice[40]` is needed here", "twice(x, 40)"),
    ]


def test_rendering(tmp_path: Path) -> None:
    error, _ = check(tmp_path, "@kernel\ndef f(ä: i32, b: u64) -> u64:\n    return «ä + b»\n")
    file = error.span.file
    number = error.span.line
    assert str(error) == (
        "error: `i32` and `u64` do not mix\n"
        f"  --> {file}:{number}:12\n"
        f"  {number} |     return ä + b\n"
        "     |            ^^^^^\n"
        "  help: convert it: `u64(ä)`"
    )


def test_pickling(tmp_path: Path) -> None:
    """Errors of jobs in other processes arrive as they were."""
    error, _ = check(tmp_path, CHAIN)
    again: Any = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
