#!/usr/bin/env bash
# LIEF does not know the processor of Apple Watches: arm64_32 is a bare number to it, and so are its relocations.
#
# Versions:  lief 1.0.0, llvmlite 0.50.0 (LLVM 22), which writes the objects.
# Behaviour: Mach-O's cputype 0x0200000C (CPU_TYPE_ARM64_32) is in Apple's headers since 2018. `Header.CPU_TYPE` has no
#            member for it, so `header.cpu_type` is an int and warns each time that it is read. The relocations are those
#            of arm64, but as the processor is unknown, `relocation.type` is an int as well, where the same code for
#            arm64 gives members of ARM64_RELOCATION. A program that compares with the enumeration takes the object for
#            one without relocations of its kind. All else (32-bit header, sections, symbols, addends) is read right.
# Seen:      arm64_32  cpu_type int 0x200000c  relocations int [0, 5, 6]
#            arm64     cpu_type CPU_TYPE ARM64  relocations ARM64_RELOCATION [GOT_LOAD_PAGE21, …]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check lief==1.0.0 llvmlite==0.50.0
cat > objects.py <<'PYTHON'
import warnings

import lief
import llvmlite.binding as llvm

TEXT = """
@pointer = external global ptr
define ptr @next() {
  %value = load ptr, ptr @pointer
  ret ptr %value
}
@table = global ptr @next
"""
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
for triple in ("arm64_32-apple-watchos9.0", "arm64-apple-ios16.0"):
    machine = llvm.Target.from_triple(triple).create_target_machine(reloc="pic")
    module = llvm.parse_assembly(f'target datalayout = "{machine.target_data}"\ntarget triple = "{triple}"\n' + TEXT)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        binary = lief.MachO.parse(machine.emit_object(module)).at(0)
        cpu = binary.header.cpu_type
        types = {r.type for s in binary.sections if s.name in ("__text", "__data") for r in s.relocations}
    named = sorted(getattr(t, "name", t) for t in types)
    print(triple.partition("-")[0], type(cpu).__name__, hex(int(cpu)), {type(t).__name__ for t in types}, named, len(caught) > 0)
PYTHON
venv/bin/python objects.py | tee seen
diff seen - <<'SEEN'
arm64_32 int 0x200000c {'int'} [0, 5, 6] True
arm64 CPU_TYPE 0x100000c {'ARM64_RELOCATION'} ['GOT_LOAD_PAGE21', 'GOT_LOAD_PAGEOFF12', 'UNSIGNED'] False
SEEN
echo "as described"
