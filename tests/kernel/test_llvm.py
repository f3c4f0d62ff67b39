"""LLVM's library as it is used directly, beside llvmlite's own binding of it."""

import subprocess
import sys

import llvmlite.binding
import pytest

from fusee.kernel import llvmlibrary, machine
from fusee.kernel.llvm import llvm
from fusee.kernel.machine import Machine
from fusee.kernel.target import Target
from fusee.kernel.triple import SPELLINGS, Triple

_LOOP = """
define i32 @sum(ptr %p, i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi i32 [ 0, %entry ], [ %sum, %loop ]
  %a = getelementptr i32, ptr %p, i32 %i
  %v = load i32, ptr %a
  %sum = add i32 %s, %v
  %next = add i32 %i, 1
  %c = icmp ult i32 %next, %n
  br i1 %c, label %loop, label %end
end:
  ret i32 %sum
}
"""


def test_it_is_used() -> None:
    assert llvm is llvmlibrary


def test_the_compiling_process_does_not_load_the_binding() -> None:
    code = "import fusee.native.serving, sys; print('llvmlite.binding' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_another_version_is_used_by_its_own_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    from fusee.kernel.llvm import _binding

    monkeypatch.setattr(llvmlite, "__version__", "0.99.0")
    assert _binding() is llvmlite.binding


def test_this_machine() -> None:
    assert llvmlibrary.llvm_version_info == llvmlite.binding.llvm_version_info
    assert llvmlibrary.get_host_cpu_name() == llvmlite.binding.get_host_cpu_name()
    assert llvmlibrary.get_host_cpu_features().flatten() == llvmlite.binding.get_host_cpu_features().flatten()


@pytest.mark.parametrize("name", SPELLINGS)
def test_triples(name: str) -> None:
    triple = Triple.parse(name).llvm
    parts = llvmlite.binding.get_triple_parts(triple)
    assert llvmlibrary.get_triple_parts(triple) == (parts.Arch, parts.Vendor, parts.OS, parts.Env)
    assert llvmlibrary.get_object_format(triple) == llvmlite.binding.get_object_format(triple)


@pytest.mark.parametrize("name", ["x86_64-unknown-linux-gnu", "arm64_32-apple-watchos", "thumbv7em-none-eabi"])
@pytest.mark.parametrize("is_quick", [False, True])
def test_code_is_the_same(name: str, is_quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for binding in (llvmlibrary, llvmlite.binding):
        monkeypatch.setattr(machine, "llvm", binding)
        compiler = Machine(Target.parse(name), for_guests=is_quick)
        made.append((compiler.object(_LOOP, is_quick=is_quick), compiler.assembly(_LOOP), compiler.machine.target_data))
    (first, text, layout), (second, other_text, other_layout) = made
    assert first == second
    assert text == other_text
    assert layout == str(other_layout)


def test_others_have_another_context() -> None:
    """LLVM's global one is for one thread at a time, and whoever uses llvmlite here has a lock of its own for that."""
    text = "%name = type { i32 }\n@here = external global %name\n"
    held = llvmlite.binding.parse_assembly(text)
    assert "%name = type" in str(llvmlibrary.parse_assembly(text))  # names of types are those of a context
    assert "%name = type" in str(held)


def test_what_is_wrong() -> None:
    with pytest.raises(RuntimeError, match="expected top-level entity"):
        llvmlibrary.parse_assembly("nothing of the kind")
    with pytest.raises(RuntimeError, match="nonsense"):
        llvmlibrary.Target.from_triple("nonsense-unknown-unknown")
