"""Kernels are written once for a unit, with gaps: the text is the one that it would be if each were written anew."""

import pytest

from fusee.api.text import wat2wasm
from fusee.bench.workloads import WORKLOADS
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, plan
from fusee.native.unit import Options
from fusee.native.writer import OperandWriter

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
    (i32.shr_s)))"""


def texts(binary: bytes, is_metered: bool) -> list[str]:
    compiler = Compiler(plan(binary), Options(Target.host(), is_metered=is_metered))
    assert compiler.plan.units
    return [compiler.text(number) for number in range(len(compiler.plan.units))]


@pytest.mark.parametrize("name", ["traps", "json", "vtable_poly4", "multi_memory"])
@pytest.mark.parametrize("is_metered", [False, True])
def test_the_text_is_the_same(name: str, is_metered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = {workload.name: workload.path for workload in WORKLOADS}
    binary = bytes(wat2wasm(TRAPS)) if name == "traps" else binaries[name].read_bytes()
    with_gaps = texts(binary, is_metered)
    written: list[str] = []
    monkeypatch.setattr(OperandWriter, "_template", lambda self, function: written.append(function.name))
    assert texts(binary, is_metered) == with_gaps
    assert len(set(written)) > 10
