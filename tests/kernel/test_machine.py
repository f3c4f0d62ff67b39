"""What LLVM is told for guests alone.

What is compiled in haste changes nothing for what is compiled afterwards, by the same machine or another.
"""

import subprocess
import sys

import pytest

from fusee.kernel import machine
from fusee.kernel.llvm import llvm
from fusee.kernel.machine import Machine
from fusee.kernel.target import Target

LOOP = """
define i32 @sum(ptr %words, i64 %count, i32 %by) nounwind {
entry:
  br label %turn
turn:
  %index = phi i64 [ 0, %entry ], [ %next, %turn ]
  %sum = phi i32 [ 0, %entry ], [ %more, %turn ]
  %place = getelementptr i32, ptr %words, i64 %index
  %word = load i32, ptr %place
  %part = sdiv i32 %word, %by
  %is_odd = trunc i32 %part to i1
  %chosen = select i1 %is_odd, i32 %part, i32 %by
  %more = add i32 %sum, %chosen
  %next = add i64 %index, 3
  %is_last = icmp uge i64 %next, %count
  br i1 %is_last, label %end, label %turn
end:
  ret i32 %more
}
"""


def test_haste_is_over_with_what_was_compiled_so() -> None:
    guests, engine = (Machine(Target.host(), for_this_process=True, for_guests=kind) for kind in (True, False))
    machines = guests, engine
    before = [machine.object(LOOP, is_quick=False) for machine in machines]
    hasty = guests.object(LOOP, is_quick=True)
    assert hasty not in before
    assert [machine.object(LOOP, is_quick=False) for machine in machines] == before
    assert guests.object(LOOP, is_quick=True) == hasty


def accesses(count: int) -> str:
    """A function that stores what it has loaded, in one block."""
    place = "%{0}{1} = getelementptr i32, ptr %{0}, i64 {1}\n"
    loads = "".join(f"{place.format('from', n)}%v{n} = load i32, ptr %from{n}\n" for n in range(count))
    stores = "".join(f"{place.format('to', n)}store i32 %v{n}, ptr %to{n}\n" for n in range(count))
    return f"define void @copy(ptr %from, ptr %to) nounwind {{\n{loads}{stores}ret void\n}}\n"


def test_bounds_for_guests_are_not_those_for_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of them LLVM has compiled before: its options are the process's."""
    guests, engine = (Machine(Target.host(), for_this_process=True, for_guests=kind) for kind in (True, False))
    told: dict[str, str] = {}

    def tell(program: str, option: str) -> None:
        name, _, value = option.removeprefix("-").partition("=")
        told[name] = value

    text, before = accesses(120), engine.object(accesses(120))
    monkeypatch.setattr(llvm, "set_option", tell)
    for one, index in ((guests, 0), (engine, 1), (guests, 0)):
        one.object(text)
        assert {name: told[name] for name in machine._BOUNDED} == {
            name: both[index] for name, both in machine._BOUNDED.items()
        }
    monkeypatch.undo()
    guests.object(text)
    assert engine.object(text) == before


def test_exchanges_of_processors_that_have_them_are_compiled_if_haste_is_asked_for() -> None:
    """By a process of its own, since LLVM would end it: `Machine` has no haste there."""
    program = """if True:
        from fusee.kernel.machine import Machine
        from fusee.kernel.target import Target
        machine = Machine(Target.parse("arm64_32-apple-watchos"), for_guests=True)
        print(machine.assembly('''
            define i32 @exchange(ptr %word, i32 %old, i32 %new) nounwind {
              %pair = cmpxchg ptr %word, i32 %old, i32 %new seq_cst seq_cst
              %found = extractvalue {i32, i1} %pair, 0
              ret i32 %found
            }''', is_quick=True))"""
    assert "casal" in subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_handlers_are_not_compiled_in_haste() -> None:
    """For them the short pipeline does, and machine code is as good as ever."""
    guests, engine = (Machine(Target.host(), for_this_process=True, for_guests=kind) for kind in (True, False))
    before = engine.object(LOOP, is_quick=True)
    assert guests.object(LOOP, is_quick=True) != before
    assert engine.object(LOOP, is_quick=True) == before


DOT = """
declare <4 x i32> @llvm.x86.sse2.pmadd.wd(<8 x i16>, <8 x i16>)
define <4 x i32> @dot(<4 x i32> %sum, <8 x i16> %a, <8 x i16> %b) nounwind {
  %products = call <4 x i32> @llvm.x86.sse2.pmadd.wd(<8 x i16> %a, <8 x i16> %b)
  %more = add <4 x i32> %sum, %products
  ret <4 x i32> %more
}
"""


@pytest.mark.parametrize("features", ["+avx2,+avxvnni", "+avx512bw,+avx512vl,+avx512vnni"])
def test_guests_sums_wait_for_additions_alone(monkeypatch: pytest.MonkeyPatch, features: str) -> None:
    monkeypatch.setattr(machine, "host_processor", lambda: ("x86-64-v3", features))
    target = Target.parse("x86_64-unknown-linux-gnu")
    guests, engine = (Machine(target, for_this_process=True, for_guests=kind).assembly(DOT) for kind in (True, False))
    assert "vpdpwssd" in engine  # as LLVM would have it
    assert "vpmaddwd" in guests and "vpaddd" in guests and "vpdpwssd" not in guests
