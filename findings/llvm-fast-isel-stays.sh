#!/usr/bin/env bash
# LLVM's target machine goes on selecting instructions fast after -fast-isel=false: that option cannot be taken back.
#
# Version:   llvmlite 0.50.0 (PyPI), which has LLVM 22.1.0.
# Behaviour: a target machine that has emitted code once with -fast-isel=true emits what fast selection gives ever after,
#            also with -fast-isel=false; one that is made afterwards emits what it always did.
# Seen:      the same machine, after -fast-isel=false: as fast    a new machine: as before
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet llvmlite==0.50.0

cat > emit.py <<'PY'
import llvmlite.binding as llvm

TEXT = """
target triple = "x86_64-unknown-linux-gnu"
define i32 @sum(ptr %words, i64 %count, i32 %by) {
entry:
  br label %turn
turn:
  %index = phi i64 [ 0, %entry ], [ %next, %turn ]
  %sum = phi i32 [ 0, %entry ], [ %more, %turn ]
  %place = getelementptr i32, ptr %words, i64 %index
  %word = load i32, ptr %place
  %part = sdiv i32 %word, %by
  %more = add i32 %sum, %part
  %next = add i64 %index, 3
  %is_last = icmp uge i64 %next, %count
  br i1 %is_last, label %end, label %turn
end:
  ret i32 %more
}
"""
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()


def machine():
    return llvm.Target.from_triple("x86_64-unknown-linux-gnu").create_target_machine(cpu="x86-64", opt=2)


def emitted(by, option):
    llvm.set_option("emit", option)
    return by.emit_object(llvm.parse_assembly(TEXT))


old = machine()
before = emitted(old, "-fast-isel=false")
fast = emitted(old, "-fast-isel=true")
after = emitted(old, "-fast-isel=false")
print("fast selection gives other code:", fast != before)
print("the same machine, after -fast-isel=false: as", "before" if after == before else "fast" if after == fast else "neither")
print("a new machine: as", "before" if emitted(machine(), "-fast-isel=false") == before else "fast")
PY
env/bin/python emit.py | tee seen
diff seen - <<'SEEN'
fast selection gives other code: True
the same machine, after -fast-isel=false: as fast
a new machine: as before
SEEN
echo "as described"
