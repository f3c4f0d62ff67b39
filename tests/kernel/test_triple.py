"""Triples: what LLVM and rustc call the machines and systems of this world."""

import pytest

from fusee.kernel.target import Target
from fusee.kernel.triple import BUILT, SPELLINGS, Triple, UnknownTriple

# Of `rustc --print target-list` and of LLVM's own tests: Apple's, Linux, Windows and no system at all.
ROUND_TRIPS = """
aarch64-apple-darwin aarch64-apple-ios aarch64-apple-ios-macabi aarch64-apple-ios-sim aarch64-apple-tvos
aarch64-apple-tvos-sim aarch64-apple-visionos aarch64-apple-visionos-sim aarch64-apple-watchos
aarch64-apple-watchos-sim arm64_32-apple-watchos arm64_32-apple-watchos9.0 arm64e-apple-darwin arm64e-apple-ios
arm64-apple-ios12.0 arm64-apple-ios15.0-simulator arm64-apple-macosx11.0.0 arm64-apple-xros1.0 arm64-apple-tvos12.0
arm64-apple-watchos9.0-simulator armv7k-apple-watchos armv7s-apple-ios i386-apple-ios x86_64-apple-darwin
x86_64-apple-ios x86_64-apple-ios-macabi x86_64-apple-tvos x86_64-apple-watchos-sim x86_64h-apple-darwin
aarch64-unknown-linux-gnu aarch64-unknown-linux-musl aarch64-unknown-linux-gnu_ilp32 aarch64-linux-android
aarch64-unknown-linux-ohos aarch64_be-unknown-linux-gnu arm-unknown-linux-gnueabi arm-unknown-linux-musleabihf
armv7-unknown-linux-gnueabihf armv7-linux-androideabi armv7-unknown-linux-uclibceabi i586-unknown-linux-gnu
i686-unknown-linux-gnu i686-linux-android loongarch64-unknown-linux-gnu powerpc64le-unknown-linux-gnu
riscv32gc-unknown-linux-gnu riscv64gc-unknown-linux-gnu riscv64gc-unknown-linux-musl riscv64-linux-android
s390x-unknown-linux-gnu thumbv7neon-unknown-linux-gnueabihf x86_64-linux-android x86_64-unknown-linux-gnu
x86_64-unknown-linux-gnux32 x86_64-unknown-linux-musl x86_64-linux-gnu
aarch64-pc-windows-gnullvm aarch64-pc-windows-msvc arm64ec-pc-windows-msvc i686-pc-windows-gnu i686-pc-windows-msvc
i686-win7-windows-msvc thumbv7a-pc-windows-msvc x86_64-pc-windows-gnu x86_64-pc-windows-msvc x86_64-uwp-windows-msvc
x86_64-unknown-uefi aarch64-unknown-uefi
aarch64-unknown-none aarch64-unknown-none-softfloat arm-none-eabi armv7a-none-eabihf armv7r-none-eabi
armebv7r-none-eabi loongarch64-unknown-none riscv32i-unknown-none-elf riscv32im-unknown-none-elf
riscv32imac-unknown-none-elf riscv32imafc-unknown-none-elf riscv32imc-unknown-none-elf riscv64imac-unknown-none-elf
riscv64gc-unknown-none-elf thumbv6m-none-eabi thumbv7em-none-eabi thumbv7em-none-eabihf thumbv7m-none-eabi
thumbv8m.base-none-eabi thumbv8m.main-none-eabi thumbv8m.main-none-eabihf x86_64-unknown-none x86_64-unknown-elf
""".split()


@pytest.mark.parametrize("text", sorted({*ROUND_TRIPS, *SPELLINGS}))
def test_what_is_parsed_is_printed(text: str) -> None:
    triple = Triple.parse(text)
    assert str(triple) == text
    assert Triple.parse(triple.llvm).llvm == triple.llvm
    assert triple.pointer_width in (32, 64)


def test_the_watch() -> None:
    triple = Triple.parse("arm64_32-apple-watchos")
    assert triple == Triple("arm64_32", "apple", "watchos")
    assert (triple.pointer_width, triple.endianness, triple.data_model) == (32, "little", "ILP32")
    assert (triple.object_format, triple.machine, triple.processor) == ("macho", "aarch64_32", "apple-s4")
    assert triple.data_layout.startswith("e-m:o-p:32:32")
    assert (triple.minimum_os, triple.llvm) == ("9.0", "arm64_32-apple-watchos9.0")


@pytest.mark.parametrize("alias", ["aarch64_32-apple-watchos", "aarch64-watchos-ilp32"])
def test_aliases_of_the_watch(alias: str) -> None:
    assert Triple.parse(alias) == Triple.parse("arm64_32-apple-watchos")
    assert str(Triple.parse(alias)) == "arm64_32-apple-watchos"


def test_versions() -> None:
    triple = Triple.parse("arm64_32-apple-watchos10.2")
    assert (triple.os, triple.os_version, triple.minimum_os) == ("watchos", "10.2", "10.2")
    assert Triple.parse("arm64-apple-ios").minimum_os == "15.0"
    assert Triple.parse("arm64-apple-watchos").minimum_os == "26.0"  # the first with 64-bit apps
    assert Triple.parse("x86_64-unknown-linux-gnu").minimum_os == ""


@pytest.mark.parametrize(
    ("text", "llvm"),
    [
        ("aarch64-apple-ios-sim", "aarch64-apple-ios15.0-simulator"),
        ("arm64-apple-visionos", "arm64-apple-xros1.0"),
        ("aarch64-apple-darwin", "aarch64-apple-macosx11.0"),
        ("x86_64-apple-darwin22.1", "x86_64-apple-darwin22.1"),
        ("arm64-apple-ios14.0-macabi", "arm64-apple-ios14.0-macabi"),
        ("riscv32imac-unknown-none-elf", "riscv32-unknown-none-elf"),
        ("x86_64-pc-windows-gnullvm", "x86_64-pc-windows-gnu"),
    ],
)
def test_in_the_spelling_of_llvm(text: str, llvm: str) -> None:
    assert Triple.parse(text).llvm == llvm


@pytest.mark.parametrize(
    ("text", "width", "model", "format_", "alignment"),
    [
        ("x86_64-pc-windows-msvc", 64, "LLP64", "coff", 64),
        ("x86_64-unknown-linux-gnux32", 32, "ILP32", "elf", 64),
        ("aarch64-unknown-linux-gnu_ilp32", 32, "ILP32", "elf", 64),
        ("i686-unknown-linux-gnu", 32, "ILP32", "elf", 32),
        ("i686-pc-windows-msvc", 32, "ILP32", "coff", 64),
        ("armv7k-apple-watchos", 32, "ILP32", "macho", 64),
        ("arm64-apple-watchos", 64, "LP64", "macho", 64),
        ("wasm32-wasi", 32, "ILP32", "wasm", 64),
    ],
)
def test_layouts(text: str, width: int, model: str, format_: str, alignment: int) -> None:
    triple = Triple.parse(text)
    assert (triple.pointer_width, triple.data_model) == (width, model)
    assert (triple.object_format, triple.wide_alignment) == (format_, alignment)
    assert Target.parse(text).pointer_width * 8 == width


def test_features_in_names() -> None:
    assert Triple.parse("riscv32imafc-unknown-none-elf").features == "+m,+a,+f,+c"
    assert Triple.parse("riscv64gc-unknown-linux-gnu").features == "+m,+a,+f,+d,+c"
    assert Triple.parse("armv7-unknown-linux-gnueabihf").features == "-neon,+vfp3d16"
    assert Triple.parse("armv7k-apple-watchos").features == "-neon"
    assert Triple.parse("thumbv7em-none-eabi").features == ""


def test_big_endian_machines_are_known_but_not_built_for() -> None:
    assert Triple.parse("s390x-unknown-linux-gnu").endianness == "big"
    with pytest.raises(ValueError, match="big-endian"):
        Target.parse("s390x-unknown-linux-gnu")


@pytest.mark.parametrize("text", BUILT)
def test_targets(text: str) -> None:
    target = Target.parse(text)
    assert target.triple == text
    assert target.architecture in ("aarch64", "x86_64", "riscv32", "arm")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arm64_32-apple-watchs", "no system 'watchs'; did you mean arm64_32-apple-watchos?"),
        ("arm64_33-apple-watchos", "no architecture 'arm64_33'; did you mean arm64_32-apple-watchos?"),
        ("arm64_32-aple-watchos", "no vendor 'aple'; did you mean arm64_32-apple-watchos?"),
        ("x86_64-unknown-linux-gun", "no environment 'gun'; did you mean x86_64-unknown-linux-gnu?"),
        ("watchos", "it is no triple"),
        ("", "it is no triple"),
        ("a-b-c-d-e", "it is no triple"),
    ],
)
def test_unknown_triples(text: str, message: str) -> None:
    with pytest.raises(UnknownTriple) as caught:
        Triple.parse(text)
    assert str(caught.value).startswith(f"unknown triple {text!r}: ")
    assert message in str(caught.value)
