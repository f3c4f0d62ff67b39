"""How C functions are called on each architecture: which registers and stack slots hold what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from unicorn import arm64_const, arm_const, riscv_const, x86_const
from unicorn import unicorn_const as uc
from unicorn.unicorn import Uc

from fusee.kernel.target import Target

WIDE: Final = ("i64", "u64", "f64")


@dataclass(frozen=True)
class Abi:
    """An architecture as Unicorn knows it, and its C calling convention for integers and pointers.

    A register need not be as wide as a pointer: on arm64_32 registers have 64 bits and pointers 32.
    """

    architecture: int
    mode: int
    register_bytes: int
    program_counter: int
    stack_pointer: int
    link: int | None  # holds the return address; None: the stack does
    arguments: tuple[int, ...]
    results: tuple[int, ...]
    return_instruction: bytes
    aligns_pairs: bool  # a value of two registers starts at an even one
    shown: tuple[tuple[str, int], ...]  # registers of a crash report
    red_zone_bytes: int = 0
    frame_register: str | None = None  # heads the chain of frame records
    dwarf_registers: tuple[str, ...] = ()  # by DWARF's numbers; without a chain of frame records
    interpreter: tuple[str, ...] = ()  # where handlers have the fields of their registers, in order
    code_bit: int = 0  # set in the addresses of code that is to be called: Thumb's
    has_short_instructions: bool = False  # of two bytes, beside those of four
    processor: int | None = None  # of Unicorn's models, if its usual one lacks something
    switches: tuple[tuple[int, int], ...] = ()  # registers to be set before there is floating point

    def prepare(self, engine: Uc) -> None:
        """Bring the machine into the state in which an operating system starts programs."""
        for register, value in self.switches:
            engine.reg_write(register, value)

    def register(self, name: str) -> int:
        """Unicorn's number of a register."""
        return dict(self.shown)[name]

    def places(self, kinds: Sequence[str]) -> Iterator[tuple[int, int]]:
        """For each argument the number of its first word and the number of words; registers come first."""
        word = 0
        for kind in kinds:
            count = 2 if kind in WIDE and self.register_bytes == 4 else 1
            if count == 2 and self.aligns_pairs:
                word += word & 1
            yield word, count
            word += count


def _named(module: object, prefix: str, names: Sequence[str]) -> tuple[tuple[str, int], ...]:
    return tuple((name, getattr(module, prefix + name.upper())) for name in names)


def _numbers(module: object, prefix: str, names: Sequence[str]) -> tuple[int, ...]:
    return tuple(number for _, number in _named(module, prefix, names))


_X: Final = [f"x{number}" for number in range(31)]

_AARCH64: Final = Abi(
    uc.UC_ARCH_ARM64,
    uc.UC_MODE_ARM,
    8,
    arm64_const.UC_ARM64_REG_PC,
    arm64_const.UC_ARM64_REG_SP,
    arm64_const.UC_ARM64_REG_X30,
    _numbers(arm64_const, "UC_ARM64_REG_", _X[:8]),
    _numbers(arm64_const, "UC_ARM64_REG_", _X[:2]),
    bytes.fromhex("c0035fd6"),
    False,
    _named(arm64_const, "UC_ARM64_REG_", [*_X, "sp", "pc"]),
    red_zone_bytes=128,
    frame_register="x29",
    interpreter=tuple(_X[20:26]),  # by the convention preserve_none
    processor=arm64_const.UC_CPU_ARM64_MAX,
)

_R: Final = [f"r{number}" for number in range(13)]

_ARM: Final = Abi(
    uc.UC_ARCH_ARM,
    uc.UC_MODE_ARM,
    4,
    arm_const.UC_ARM_REG_PC,
    arm_const.UC_ARM_REG_SP,
    arm_const.UC_ARM_REG_LR,
    _numbers(arm_const, "UC_ARM_REG_", _R[:4]),
    _numbers(arm_const, "UC_ARM_REG_", _R[:2]),
    bytes.fromhex("1eff2fe1"),
    True,
    _named(arm_const, "UC_ARM_REG_", [*_R, "sp", "lr", "pc"]),
    processor=arm_const.UC_CPU_ARM_CORTEX_A15,
    switches=((arm_const.UC_ARM_REG_C1_C0_2, 0xF << 20), (arm_const.UC_ARM_REG_FPEXC, 1 << 30)),
)

# Microcontrollers run nothing but Thumb; an application processor executes the same, and lets its coprocessor be
# switched on without a memory-mapped register.
_THUMB: Final = replace(
    _ARM,
    mode=uc.UC_MODE_THUMB,
    return_instruction=bytes.fromhex("7047"),
    dwarf_registers=(*_R, "sp", "lr", "pc"),
    code_bit=1,
)

_RISCV_NAMES: Final = (
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", *(f"a{number}" for number in range(8)),
    *(f"s{number}" for number in range(2, 12)), "t3", "t4", "t5", "t6",
)  # fmt: skip

_RISCV32: Final = Abi(
    uc.UC_ARCH_RISCV,
    uc.UC_MODE_RISCV32,
    4,
    riscv_const.UC_RISCV_REG_PC,
    riscv_const.UC_RISCV_REG_SP,
    riscv_const.UC_RISCV_REG_RA,
    _numbers(riscv_const, "UC_RISCV_REG_", [f"a{number}" for number in range(8)]),
    _numbers(riscv_const, "UC_RISCV_REG_", ["a0", "a1"]),
    bytes.fromhex("67800000"),
    False,
    _named(riscv_const, "UC_RISCV_REG_", [*_RISCV_NAMES[1:], "pc"]),
    dwarf_registers=_RISCV_NAMES,
    interpreter=("a1", "a2", "a3", "a4", "a6"),  # a0 is the record that holds the other fields; one takes two
    has_short_instructions=True,
    switches=((riscv_const.UC_RISCV_REG_MSTATUS, 3 << 13),),
)

_I686: Final = Abi(
    uc.UC_ARCH_X86,
    uc.UC_MODE_32,
    4,
    x86_const.UC_X86_REG_EIP,
    x86_const.UC_X86_REG_ESP,
    None,
    (),
    _numbers(x86_const, "UC_X86_REG_", ["eax", "edx"]),
    b"\xc3",
    False,
    _named(x86_const, "UC_X86_REG_", ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip"]),
)

_ABIS: Final = {"aarch64": _AARCH64, "arm": _ARM, "i686": _I686, "riscv32": _RISCV32}


def abi_of(target: Target) -> Abi:
    """The calling convention of a target."""
    if target.triple.startswith("thumb"):
        return _THUMB
    try:
        return _ABIS[target.architecture]
    except KeyError:
        raise ValueError(f"{target.triple}: {target.architecture} is not emulated, only {', '.join(_ABIS)}") from None
