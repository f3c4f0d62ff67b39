"""What decoding refuses, un-compiled, with 32-bit and 64-bit pointers."""

from collections.abc import Iterator

import pytest

from fusee.engine.decode.module import release_module
from fusee.engine.errors import Invalid, Malformed
from fusee.kernel.arena import simulate
from fusee.kernel.target import LP64
from fusee.spec.errors import ModuleError
from fusee.spec.features import WASM_3
from tests.engine import simulated_decoder
from tests.engine.simulated_decoder import Decoder, decoded_error
from tests.hostile.encoding import IMPORT, MAGIC, section, sized, vector
from tests.hostile.samples import SAMPLES

decoder = simulated_decoder.decoder


@pytest.mark.parametrize(
    ("imports", "code"),
    [
        (b"\1a\1b\x7f\0", ModuleError.BAD_IMPORT_KIND),  # a group has no name of its own
        (b"\1a\0\x7d\0", ModuleError.BAD_IMPORT_KIND),
        (b"\1a\0\x7e\x7e\0", ModuleError.BAD_IMPORT_KIND),  # nor a group inside
        (b"\1a\0\x7f\2\1b\2\0\1", ModuleError.UNEXPECTED_END),
    ],
)
def test_malformed_groups(decoder: Decoder, imports: bytes, code: ModuleError) -> None:
    assert decoded_error(decoder, MAGIC + section(IMPORT, vector([imports]))) == code


@pytest.mark.parametrize(
    ("binary", "code", "offset"),
    [
        (b"", ModuleError.UNEXPECTED_END, 0),
        (b"\0as", ModuleError.UNEXPECTED_END, 3),
        (b"\0asx\1\0\0\0", ModuleError.MAGIC_MISSING, 0),
        (b"\0asm\2\0\0\0", ModuleError.UNKNOWN_VERSION, 4),
        (MAGIC + b"\x0e\0", ModuleError.BAD_SECTION_ID, 8),
        (MAGIC + b"\1\5\1", ModuleError.LENGTH_OUT_OF_BOUNDS, 10),
        (MAGIC + b"\1\1\0" * 2, ModuleError.SECTION_ORDER, 11),
        (MAGIC + b"\1\2\0\0", ModuleError.SECTION_SIZE, 11),
        (MAGIC + b"\1" + b"\x80" * 5, ModuleError.INTEGER_TOO_LONG, 13),
        (MAGIC + b"\1\xff\xff\xff\xff\x10", ModuleError.INTEGER_TOO_LARGE, 13),
        (MAGIC + b"\0\3\2a\xff", ModuleError.BAD_UTF8, 12),
        (MAGIC + b"\1\2\1\x60\0", ModuleError.UNEXPECTED_END_OF_SECTION, 12),
        (MAGIC + b"\3\2\1\0", ModuleError.FUNCTION_AND_CODE, 12),
    ],
)
def test_malformed(decoder: Decoder, binary: bytes, code: ModuleError, offset: int) -> None:
    with pytest.raises(Malformed) as error:
        decoder.decode(binary)
    assert (ModuleError(error.value.code), error.value.detail) == (code, offset)


def offset_of_error(decoder: Decoder, binary: bytes) -> int:
    """Where a module is wrong; 0 if it is not."""
    try:
        decoder.check(binary)
    except (Malformed, Invalid) as error:
        return error.detail
    return 0


@pytest.mark.parametrize("sample", SAMPLES)
def test_truncation_at_every_byte(decoder: Decoder, sample: str) -> None:
    """Never a fault of the simulated memory, and nothing left behind."""
    binary = SAMPLES[sample]
    assert all(offset_of_error(decoder, binary[:size]) <= size for size in range(len(binary) + 1))


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_byte_replaced(decoder: Decoder, sample: str) -> None:
    binary = SAMPLES[sample]
    for value in (b"\0", b"\x40", b"\xff"):
        for place in range(len(binary)):
            assert offset_of_error(decoder, binary[:place] + value + binary[place + 1 :]) <= len(binary)


def byte_sequences() -> Iterator[bytes]:
    """What starts like UTF-8, continued well and badly."""
    for first in (0x41, 0x80, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5):
        for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
            for rest in (b"", b"\x80", b"\x80\x80", b"\x80a", b"\x80\x80aaaaaaaa\xc3\xa9"):
                yield bytes([first, second]) + rest


def is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_names() -> None:
    """Python's idea of UTF-8 is that of names."""
    with simulate(LP64):
        decoder = Decoder()
        for name in byte_sequences():
            binary = MAGIC + b"\0" + sized(sized(name))
            assert decoded_error(decoder, binary) == (None if is_utf8(name) else ModuleError.BAD_UTF8)


def test_features_are_off_unless_asked_for(decoder: Decoder) -> None:
    shared = MAGIC + b"\5\4\1\3\1\2"
    release_module(decoder.decode(shared))
    with pytest.raises(Malformed):
        decoder.decode(shared, WASM_3)
