#!/usr/bin/env bash
# Writing a narrow register of arm64 through Unicorn's interface keeps the rest of the wide one, which no instruction does.
#
# Version:   unicorn 2.1.4 (PyPI).
# Behaviour: on arm64, whatever writes w0 clears the upper half of x0, and whatever writes b0, h0, s0 or d0 clears the rest
#            of v0. `reg_write` of these registers replaces just those bits. It bites a harness that reuses one machine
#            for many calls: an argument set as W0, because the type is 32 bits wide, comes with the upper half of the
#            call before, and code of an ABI that extends arguments in the caller (Apple's arm64_32, whose pointers are
#            in x registers) uses all of it. The first call is right, as all registers are 0 then.
#            The test lets the guest copy the wide register, so that it is not only what is read back.
#            Its documentation names no difference between W and X; in the change that added the W registers (2017)
#            keeping the upper half is on purpose.
# Seen:      W0 reg_write ffffffff00000005, W0 instruction 0000000000000005 (mov w0, #5); S0 and D0 likewise
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check unicorn==2.1.4
cat > narrow.py <<'PYTHON'
from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn import arm64_const as arm

CODE = 0x10000
FILL = (1 << 128) - 1
# Each: the wide register, the narrow one, what writes the latter, what copies the former and where to, hexadecimal digits.
CASES = (
    ("W0", arm.UC_ARM64_REG_X0, arm.UC_ARM64_REG_W0, "a0008052", "e10300aa", arm.UC_ARM64_REG_X1, 16),  # mov w0, #5
    ("S0", arm.UC_ARM64_REG_Q0, arm.UC_ARM64_REG_S0, "0000271e", "011ca04e", arm.UC_ARM64_REG_Q1, 32),  # fmov s0, w0
    ("D0", arm.UC_ARM64_REG_Q0, arm.UC_ARM64_REG_D0, "0000679e", "011ca04e", arm.UC_ARM64_REG_Q1, 32),  # fmov d0, x0
)
for name, wide, narrow, instruction, copy, copied, digits in CASES:
    for how in ("reg_write", "instruction"):
        machine = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        machine.mem_map(CODE, 0x1000)
        machine.reg_write(wide, FILL >> (128 - 4 * digits))
        if name != "W0":
            machine.reg_write(arm.UC_ARM64_REG_X0, 5)
        code = bytes.fromhex(copy)
        if how == "reg_write":
            machine.reg_write(narrow, 5)
        else:
            code = bytes.fromhex(instruction) + code
        machine.mem_write(CODE, code)
        machine.emu_start(CODE, CODE + len(code))
        print(name, how, f"{machine.reg_read(copied):0{digits}x}")
PYTHON
venv/bin/python narrow.py | tee seen
diff seen - <<'SEEN'
W0 reg_write ffffffff00000005
W0 instruction 0000000000000005
S0 reg_write ffffffffffffffffffffffff00000005
S0 instruction 00000000000000000000000000000005
D0 reg_write ffffffffffffffff0000000000000005
D0 instruction 00000000000000000000000000000005
SEEN
echo "as described"
