#!/usr/bin/env bash
# A store that runs out of mapped memory leaves its first bytes behind in Unicorn, and its hooks are told of it in pieces.
#
# Version:   unicorn 2.1.4 (PyPI).
# Behaviour: eight bytes are stored four bytes before the end of a page; the next page is unmapped, or read-only. The
#            emulation stops with the right error, but the four bytes are in memory: the store was split into bytes, which
#            were written until one failed. On x86-64 a store that faults writes nothing, so that it can be done again;
#            engines for WebAssembly that find the end of a memory by a page fault count on the like, as the
#            specification wants a store that traps to change nothing. Under Unicorn the check after the trap fails, and
#            the machine code is right.
#            UC_HOOK_MEM_WRITE sees the whole store as if it took place (8 bytes), and UC_HOOK_MEM_WRITE_UNMAPPED four
#            stores of one byte each, the last ones after the first was refused: the size of the access is not in any.
#            Neither its documentation nor its FAQ says so, as far as we found.
# Seen:      x86-64 unmapped UC_ERR_WRITE_UNMAPPED, memory 00000000ffffffff, hooks write 8, refused 1 1 1 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check unicorn==2.1.4
cat > store.py <<'PYTHON'
from unicorn import UC_ARCH_ARM64, UC_ARCH_X86, UC_HOOK_MEM_WRITE, UC_HOOK_MEM_WRITE_PROT, UC_HOOK_MEM_WRITE_UNMAPPED
from unicorn import UC_MODE_64, UC_MODE_ARM, UC_PROT_READ, Uc, UcError
from unicorn.arm64_const import UC_ARM64_REG_X1, UC_ARM64_REG_X2
from unicorn.x86_const import UC_X86_REG_RAX, UC_X86_REG_RDI

CODE, DATA, END = 0x10000, 0x20000, 0x21000
MACHINES = {
    "arm64": (UC_ARCH_ARM64, UC_MODE_ARM, "410000f9", UC_ARM64_REG_X1, UC_ARM64_REG_X2),  # str x1, [x2]
    "x86-64": (UC_ARCH_X86, UC_MODE_64, "488907", UC_X86_REG_RAX, UC_X86_REG_RDI),  # mov [rdi], rax
}
for name, (architecture, mode, code, value, address) in MACHINES.items():
    for behind in ("unmapped", "read-only"):
        machine = Uc(architecture, mode)
        machine.mem_map(CODE, 0x1000)
        machine.mem_map(DATA, END - DATA)
        if behind == "read-only":
            machine.mem_map(END, 0x1000, UC_PROT_READ)
        machine.mem_write(CODE, bytes.fromhex(code))
        machine.reg_write(value, 2**64 - 1)
        machine.reg_write(address, END - 4)
        seen, refused = [], []
        machine.hook_add(UC_HOOK_MEM_WRITE, lambda uc, kind, at, size, *_, seen=seen: seen.append(str(size)))
        machine.hook_add(
            UC_HOOK_MEM_WRITE_UNMAPPED | UC_HOOK_MEM_WRITE_PROT,
            lambda uc, kind, at, size, *_, refused=refused: bool(refused.append(str(size))),
        )
        try:
            machine.emu_start(CODE, CODE + len(code) // 2)
        except UcError as error:
            print(name, behind, str(error).partition("(")[2].rstrip(")"), end=", ")
        print("memory", machine.mem_read(END - 8, 8).hex(), end=", ")
        print("hooks write", *seen, end=", ")
        print("refused", *refused)
PYTHON
venv/bin/python store.py | tee seen
diff seen - <<'SEEN'
arm64 unmapped UC_ERR_WRITE_UNMAPPED, memory 00000000ffffffff, hooks write 8, refused 1 1 1 1
arm64 read-only UC_ERR_WRITE_PROT, memory 00000000ffffffff, hooks write 8, refused 1 1 1 1
x86-64 unmapped UC_ERR_WRITE_UNMAPPED, memory 00000000ffffffff, hooks write 8, refused 1 1 1 1
x86-64 read-only UC_ERR_WRITE_PROT, memory 00000000ffffffff, hooks write 8, refused 1 1 1 1
SEEN
echo "as described"
