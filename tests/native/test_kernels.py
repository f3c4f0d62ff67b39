"""The texts of kernels are kept in the cache, as long as the sources are what they were."""

import marshal
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusee.engine.numeric import MEANING
from fusee.kernel.cache import Cache
from fusee.kernel.target import Target
from fusee.native.kernels import _KIND, Kernels
from fusee.native.rules import RULES, has_meaning
from fusee.native.templates import Template
from fusee.spec.op import BY_MNEMONIC

_ADD = ("meaning", "i32.add")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSEE_CACHE", str(tmp_path))
    return tmp_path


def new() -> Kernels:
    return Kernels(Target.host(), frozenset())


def test_all_that_are_usual_are_kept() -> None:
    first = new()
    made = first.template(_ADD, False)
    first.keep()
    second = new()
    assert len(second._kept) > 500 and not second._made
    assert second.template(_ADD, False) == made
    assert second.template(("inlined", "place_32", ("width", 4)), False).raised
    assert second._lowering is None  # nothing had to be made


def test_others_are_added() -> None:
    new().keep()
    second, key = new(), ("meaning", "i8x16.extract_lane_s", 3)
    made = second.template(key, False)
    assert second._lowering is not None
    second.keep()
    third = new()
    assert third.template(key, False) == made
    assert third.template(_ADD, True) == third.template(_ADD, False)
    assert third._new == 1  # what others may change is another text, even if there is nothing of the kind in it


def test_there_are_no_more_than_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    new().keep()
    second = new()
    monkeypatch.setattr("fusee.native.kernels._MOST_KEPT", len(second._kept) - 1)
    second.template(("shuffle", *range(16)), False)
    second.keep()
    assert len(new()._kept) == len(second._kept)


def test_another_processor_has_its_own() -> None:
    new().keep()
    assert not Kernels(Target.host(), frozenset({"avx2"}))._kept
    assert not Kernels(Target.parse("arm64_32-apple-watchos"), frozenset())._kept


@pytest.mark.parametrize("contents", [
    b"", marshal.dumps(1), marshal.dumps(({}, {_ADD: 1})), marshal.dumps(({"file": 1}, {})), marshal.dumps(([], {})),
])  # fmt: skip
def test_what_is_no_such_entry_is_not_used(contents: bytes) -> None:
    first = new()
    Cache().write(_KIND, first._key, contents)
    assert not new()._kept
    assert not os.path.exists(Cache().path(_KIND, first._key))


def wrong_texts(made: Template) -> Iterator[bytes]:
    """Entries with a right checksum in which one text is none."""
    right = made.kept()
    yield b""
    yield marshal.dumps(right)[:-1]
    yield marshal.dumps(1)
    yield marshal.dumps(right[:-1])
    others: list[Any] = [None, [1], ([1], []), ([], []), ([""], [(1, 1)]), ("", "", 1), [("a", 1)]]
    for number in range(8):
        for wrong in others:
            yield marshal.dumps((*right[:number], wrong, *right[number + 1 :]))


def test_a_text_that_is_none_is_made_anew() -> None:
    key = ("inlined", "place_32", ("width", 4))
    new().keep()
    first = new()
    made, kept = first.template(key, False), first._kept
    for wrong in wrong_texts(made):
        Cache().write(_KIND, first._key, marshal.dumps((first._notes, kept | {(key, False): wrong})))
        second = new()
        assert second._kept[key, False] == wrong
        assert second.template(key, False) == made
        assert not new()._kept


def test_what_was_made_of_other_sources_is_not_used() -> None:
    new().keep()
    first = new()
    notes, kept = first._notes, first._kept
    name = next(name for name in notes if name.endswith("integer.py"))
    assert any("numeric" in name for name in notes)
    Cache().write(_KIND, first._key, marshal.dumps((notes | {name: ["other contents", None]}, kept)))
    assert not new()._kept


def test_who_finds_them_loads_no_kernels() -> None:
    """Nothing that checks them, or makes text of them."""
    program = "import fusee.native.serving as serving, sys; serving._warm_up(lambda: False); print(*sys.modules)"

    def loaded() -> set[str]:
        made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return set(made.stdout.split())

    assert "fusee.native.lowering" in loaded()
    subprocess.run([sys.executable, "-c", "import fusee.native.serving as b; b.keep_kernels()"], check=True)
    left = {name for name in loaded() if name.startswith(("fusee.kernel.lower", "fusee.kernel.check", "ast"))}
    assert not left


def test_which_instructions_have_a_meaning() -> None:
    """Those without a rule here, if their row says all about their operands."""
    plain = {name for name, op in BY_MNEMONIC.items() if op.params is not None and not op.immediates}
    assert {name for name, op in BY_MNEMONIC.items() if has_meaning(op)} == plain & MEANING.keys() - RULES.keys()
    assert MEANING.keys() >= plain - RULES.keys()
