"""What `fusee build --native` says: which functions are native, how large they are, and why others are not."""

import json
from pathlib import Path
from typing import Any

import pytest

from fusee.api.text import wat2wasm
from fusee.cli.native_report import DASH, html_report, report_of, show_report
from fusee.kernel.cache import Cache
from fusee.kernel.target import Target
from fusee.native import units
from fusee.native.budget import EVERYTHING, Budget
from fusee.package.linked import compile_natives
from fusee.package.natives import NativeModule
from tests.device.conftest import WATCH
from tests.native.parts import compile_here
from tests.page import Page

LONG = "(local.get 0)" + "".join(f"(i64.const {n}) (i64.rotl) (local.get 0) (i64.xor)" for n in range(40))
BINARY = bytes(
    wat2wasm(f"""(module
  (func $short (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func $long (param i64) (result i64) {LONG})
  (func $wide (param {"i32 " * 65}))
  (func $unused (nop)))""")
)
WIDE = "too many parameters or results"
NAMES = {0: "short", 1: "<long> & co", 2: "wide\x1b[2J"}


def made(budget: Budget, triple: str, cache: Path) -> tuple[NativeModule, Any]:
    """A module, and the sizes that are in `sizes.json`."""
    module = NativeModule("a<b.wasm", BINARY, {0: 40, 1: 50, 2: 10}, budget, names=NAMES)
    return module, json.loads(json.dumps(compile_natives([module], Target.parse(triple), Cache(cache)).sizes))


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "compile_units", compile_here)


@pytest.mark.parametrize("triple", [WATCH, "x86_64-unknown-linux-gnu", "thumbv7em-none-eabihf"])
def test_functions_have_sizes_in_every_kind_of_object_file(triple: str, tmp_path: Path) -> None:
    module, sizes = made(EVERYTHING, triple, tmp_path)
    report = report_of(module, sizes)
    found = {function.index: function.native_bytes for function in report.functions}
    short, long, unused = (found[index] or 0 for index in (0, 1, 3))
    assert found[2] is None
    assert 0 < unused <= short < 48 and 40 * 3 < long < report.native_bytes
    assert short + long + unused <= report.native_bytes, "there are entries, too"
    assert (report.native_count, report.share) == (3, 0.9)


def test_every_choice_has_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, sizes = made(Budget(share=0.45), WATCH, tmp_path)
    report = report_of(module, sizes)
    shown = [(function.index, function.share, function.choice) for function in report.functions]
    assert shown == [
        (1, 0.5, "native"), (0, 0.4, "beyond what was asked for"), (2, 0.1, WIDE), (3, 0, "not executed"),
    ]  # fmt: skip
    sizes[module.name]["functions"] = {}
    sizes[module.name]["failed"] = {"1": "compiling takes too long"}
    assert report_of(module, sizes).functions[0].choice == "compiling takes too long"
    show_report(report, is_long=True)
    first, second, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("a<b.wasm: 1 of 4 functions native,") and first.endswith("50.0% of what is executed")
    assert second.split()[0] == "50.00%" and second.endswith("function 1 '<long> & co': native")
    assert last.endswith("function 3: not executed")


def test_the_page_has_every_function_and_fetches_nothing(tmp_path: Path) -> None:
    module, sizes = made(EVERYTHING, WATCH, tmp_path)
    report = report_of(module, sizes)
    text = html_report([report], WATCH)
    page = Page(text)
    assert page.fetches == []
    assert [name in page.words for name in ("a<b.wasm", "<long> & co", "short", WIDE, "90.0%")] == [True] * 5
    assert page.words.count("native") == 3 and page.words.count(DASH) == 2  # a size and a name that there is not
    rows = text.split("<tr>")[2:]
    assert [row.split("</td>")[0] for row in rows] == ["<td>1", "<td>0", "<td>2", "<td>3"]
    native_bytes = [f"{function.native_bytes:,}" for function in report.functions if function.native_bytes]
    assert len(native_bytes) == 3 and set(native_bytes) <= set(page.words)


def test_many_functions_are_cut_in_the_text_only(capsys: pytest.CaptureFixture[str]) -> None:
    binary = bytes(wat2wasm(f"(module {'(func (nop))' * 50})"))
    report = report_of(
        NativeModule("many.wasm", binary), {"many.wasm": {"text": 0, "functions": {}, "failed": {}, "share": 0}}
    )
    show_report(report, is_long=True)
    assert capsys.readouterr().out.splitlines()[-1] == "and 10 more"
    assert html_report([report], WATCH).count("<tr>") == 51
