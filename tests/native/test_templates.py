"""The text of a kernel is written once, with gaps: filled, it is the one that it would be if it were written there."""

import marshal
import re

import pytest

from fusee.api.text import wat2wasm
from fusee.bench.workloads import WORKLOADS
from fusee.kernel.machine import Machine
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, plan
from fusee.native.kernels import Kernels
from fusee.native.lowering import Lowering
from fusee.native.templates import Place, Template
from fusee.native.unit import Options

TRAPS = """(module (memory 1) (memory i64 1) (table 1 funcref) (type $unary (func (param i64 f32) (result i32)))
  (tag $tag (param i64 f32 f32))
  (func (export "run") (param $x i64) (param $y f32) (result i32)
    (try_table (result i64 f32 f32) (catch $tag 0)
      (i64.store8 1 offset=70000 (local.get $x) (i64.rem_s (i64.div_s (local.get $x) (i64.const 3)) (local.get $x)))
      (f32.store (i32.trunc_f32_s (local.get $y)) (f32.nearest (f32.mul (local.get $y) (f32.const nan:0x200000))))
      (i64.div_u (local.get $x) (i64.load32_s 1 (local.get $x)))
      (f32.min (f32.load (i32.const 65533)) (local.get $y))
      (f32.copysign (local.get $y) (f32.convert_i64_u (i64.trunc_sat_f32_u (local.get $y)))))
    (throw $tag))
  (func (param i64 f32) (result i32)
    (call_indirect (type $unary) (local.get 0) (local.get 1) (i32.const 0))
    (v128.any_true (i8x16.swizzle (v128.load (i32.const 8)) (v128.load8_splat offset=2 (i32.const 65535))))
    (i32.shr_s) (i32.add (memory.size))))"""


def texts(binary: bytes, is_metered: bool) -> list[str]:
    compiler = Compiler(plan(binary), Options(Target.host(), is_metered=is_metered))
    assert compiler.plan.units
    return [compiler.text(number) for number in range(len(compiler.plan.units))]


@pytest.mark.parametrize("name", ["traps", "json", "vtable_poly4", "multi_memory"])
@pytest.mark.parametrize("is_metered", [False, True])
def test_what_was_kept_gives_the_same_text(name: str, is_metered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python's own types, which is how the cache has it."""
    binaries = {workload.name: workload.path for workload in WORKLOADS}
    binary = bytes(wat2wasm(TRAPS)) if name == "traps" else binaries[name].read_bytes()
    fresh = texts(binary, is_metered)
    asked = []
    template = Kernels.template

    def kept(self: Kernels, key: tuple[object, ...], is_volatile: bool) -> Template:
        found = template(self, key, is_volatile)
        asked.append(key)
        again = Template.from_kept(marshal.loads(marshal.dumps(found.kept())))
        assert again == found
        return again

    monkeypatch.setattr(Kernels, "template", kept)
    assert texts(binary, is_metered) == fresh
    assert len(set(asked)) > 10


def filled(key: tuple[object, ...], operands: list[str], *failing: str, is_volatile: bool = False) -> list[str]:
    """A kernel's text behind twelve names, in the block `here`; and what it gives."""
    made = Lowering(Target.parse("x86_64-linux"), frozenset()).template(key, is_volatile)
    place = Place(operands, 12, "here", lambda gap: f", !{gap[1:]}")
    blocks = [(status.at(place), block.at(place)) for status, block in made.raised]
    assert len(blocks) == len(failing)
    return [*made.text.at(place, failing).split("\n"), made.result.at(place), made.end.at(place), *map(str, blocks)]


def test_operands_names_and_blocks_are_those_of_the_place() -> None:
    """The rest of the text is the kernel's: compare `engine.numeric.integer` and `engine.natives.inlined`."""
    assert filled(("meaning", "i32.add"), ["%x", "7"]) == ["  %v14 = add i32 %x, 7", "%v14", "here"]
    lines = filled(("inlined", "near_place_32"), ["%base", "%greatest", "%i", "40"], "elsewhere")
    branch = next(line for line in lines if "br i1" in line)
    raising, going = (part.removeprefix("label %") for part in branch.split(", ")[1:3])
    assert branch.endswith(", !unlikely") and lines[lines.index(f"{raising}:") + 1] == "  br label %elsewhere"
    assert lines[-2] == going and int(going[1:]) > 12
    assert lines[-1].endswith(f"'{raising}')")  # from which the error comes
    assert min(map(int, re.findall(r"%v(\d+)", " ".join(lines)))) > 12


def test_accesses_say_what_they_access() -> None:
    line, *_ = filled(("load", "i32.load"), ["%place"])
    assert line == "  %v14 = load i32, ptr %place, align 1, !tag"
    line, *_ = filled(("load", "i32.load"), ["%place"], is_volatile=True)
    assert line == "  %v14 = load volatile i32, ptr %place, align 1, !tag"


def test_a_kernel_may_be_the_last_thing() -> None:
    """Nothing comes behind `unreachable`."""
    made = Lowering(Target.host(), frozenset()).template(("inlined", "unreachable_code"), False)
    assert made.is_last and len(made.raised) == 1
    assert not Lowering(Target.host(), frozenset()).template(("meaning", "i32.div_u"), False).is_last


def test_a_kernel_may_have_variables() -> None:
    """Where no instruction does what `i8x16.swizzle` does, lanes are chosen in memory."""
    made = Lowering(Target.parse("x86_64-linux"), frozenset()).template(("meaning", "i8x16.swizzle"), False)
    head = made.head.at(Place([], 40, "here", str))
    names = [line.split(" = ")[0].strip() for line in head.split("\n")]
    text = made.text.at(Place(["%a", "%b"], 40, "here", str))
    assert names and all(name in text and int(name.removeprefix("%s")) > 40 for name in names)


def test_what_is_called_is_there_once() -> None:
    """`matches_abstract` is no inline kernel: both kinds of `ref.test` call it."""
    binary = bytes(wat2wasm("""(module (func (param anyref) (result i32)
      (i32.or (ref.test i31ref (local.get 0)) (ref.test (ref struct) (local.get 0)))))"""))
    (text,) = texts(binary, False)
    (line,) = (line for line in text.split("\n") if line.startswith("define") and "matches_abstract" in line)
    assert "$" not in text and text.count(line.partition("@")[2].partition("(")[0]) > 2
    assert Machine(Target.host(), for_guests=True).object(text)


def test_what_is_called_is_declared() -> None:
    made = Lowering(Target.host(), frozenset()).template(("meaning", "i32.popcnt"), False)
    assert made.declared == [("llvm.ctpop.i32", "declare i32 @llvm.ctpop.i32(i32)")]
    assert not made.is_condition
    assert Lowering(Target.host(), frozenset()).template(("meaning", "i32.eqz"), False).is_condition
