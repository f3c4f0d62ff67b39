#!/usr/bin/env bash
# LIEF writes a Mach-O object file back without its symbols and relocations.
#
# Versions:  lief 1.0.0, llvmlite 0.50.0 (LLVM 22), which writes the objects.
# Behaviour: an object is parsed and written again, unchanged. No error, no warning; sections, load commands and contents
#            are there, but the file ends where the relocations would begin. The section headers and LC_SYMTAB still give
#            the old offsets and counts, which lie behind the end, so that a linker refuses the file, and LIEF itself reads
#            it as one without relocations and symbols ("Relocations corrupted" on its log). It is so for every processor.
#            ELF objects come back whole. LIEF has written Mach-O executables since 0.10; that it does not write objects
#            is not in its documentation, as far as we found.
# Seen:      x86_64-linux-gnu relocations 3 -> 3, symbols kept: True, tables inside the file: True -> True
#            x86_64-apple-macos13.0 relocations 2 -> 0, symbols kept: False, tables inside the file: True -> False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check lief==1.0.0 llvmlite==0.50.0
cat > objects.py <<'PYTHON'
from pathlib import Path

import lief
import llvmlite.binding as llvm

TEXT = """
declare void @print(ptr)
@text = private constant [3 x i8] c"hi\\00"
define void @greet() nounwind {
  call void @print(ptr @text)
  ret void
}
"""


def written(triple):
    machine = llvm.Target.from_triple(triple).create_target_machine(reloc="pic")
    module = llvm.parse_assembly(f'target datalayout = "{machine.target_data}"\ntarget triple = "{triple}"\n' + TEXT)
    return machine.emit_object(module)


def parsed(path):
    return lief.MachO.parse(path).at(0) if lief.is_macho(path) else lief.ELF.parse(path)


def relocations(binary):
    if isinstance(binary, lief.ELF.Binary):
        return len(list(binary.object_relocations))
    return sum(len(section.relocations) for section in binary.sections)


def inside(path):
    """Whether the symbol table and the relocations are where the headers say."""
    binary, size = parsed(path), Path(path).stat().st_size
    if isinstance(binary, lief.ELF.Binary):
        return all(section.offset + section.size <= size for section in binary.sections if section.type.name != "NOBITS")
    ends = [section.relocation_offset + 8 * section.numberof_relocations for section in binary.sections]
    return max(*ends, binary.symbol_command.symbol_offset + 16 * binary.symbol_command.numberof_symbols) <= size


llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
for triple in ("aarch64-linux-gnu", "x86_64-linux-gnu", "arm64-apple-ios16.0", "x86_64-apple-macos13.0"):
    Path("one.o").write_bytes(written(triple))
    before = parsed("one.o")
    before.write("two.o")
    before, after = parsed("one.o"), parsed("two.o")
    kept = [str(symbol.name) for symbol in before.symbols] == [str(symbol.name) for symbol in after.symbols]
    print(triple, f"relocations {relocations(before)} -> {relocations(after)}, symbols kept: {kept},", end=" ")
    print("tables inside the file:", inside("one.o"), "->", inside("two.o"))
PYTHON
venv/bin/python objects.py 2>log | tee seen
diff seen - <<'SEEN'
aarch64-linux-gnu relocations 3 -> 3, symbols kept: True, tables inside the file: True -> True
x86_64-linux-gnu relocations 3 -> 3, symbols kept: True, tables inside the file: True -> True
arm64-apple-ios16.0 relocations 4 -> 0, symbols kept: False, tables inside the file: True -> False
x86_64-apple-macos13.0 relocations 2 -> 0, symbols kept: False, tables inside the file: True -> False
SEEN
grep -q "Relocations corrupted" log
echo "as described"
