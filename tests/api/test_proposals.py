"""Modules that need a proposal: refused with its name, and not as broken files."""

import pytest

from fusee import Config, Engine, MalformedError, Module, ProposalError, UnsupportedError
from tests.hostile.encoding import (
    IMPORT,
    MAGIC,
    MEMORY,
    TYPE,
    function_type,
    module,
    one_function,
    section,
    sized,
    unsigned,
    vector,
)

NOTHING = section(TYPE, vector([function_type()]))


def importing(kind: bytes) -> bytes:
    """An import with a kind, and what follows."""
    return module(NOTHING, section(IMPORT, vector([sized(b"a") + sized(b"b") + kind])))


REFUSED = {
    "component": (b"\0asm\x0d\0\1\0", 4, "this is a component"),
    "pages of one byte": (module(section(MEMORY, vector([b"\x08\1\0"]))), 11, "custom_page_sizes is switched off"),
    "wide arithmetic": (one_function(b"\xfc\x13"), None, "wide_arithmetic is switched off"),
    "exact type": (module(section(TYPE, vector([function_type(b"\x64\x62\0")]))), 14, "--disable-custom-descriptors"),
    "descriptor": (module(section(TYPE, vector([b"\x4d\1\x5f\0"]))), 11, "--disable-custom-descriptors"),
    "exact function": (importing(b"\x20\0"), None, "--disable-custom-descriptors"),
    "struct.new_desc": (one_function(b"\xfb\x20\0"), None, "--disable-custom-descriptors"),
    "continuation type": (module(section(TYPE, vector([b"\x5d\0"]))), 11, "stack switching"),
    "suspend": (one_function(b"\xe2\0"), None, "stack switching"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_proposal_is_named(name: str) -> None:
    binary, offset, words = REFUSED[name]
    with pytest.raises(ProposalError) as caught:
        Module(Engine(), binary)
    assert words in caught.value.message
    assert isinstance(caught.value, MalformedError) and isinstance(caught.value, UnsupportedError)
    assert caught.value.offset is not None
    assert offset in (None, caught.value.offset)


@pytest.mark.parametrize(
    ("feature", "binary"),
    [
        ("legacy_exceptions", one_function(b"\x06\x40\x19\x0b")),
        ("exceptions", one_function(b"\x1f\x40\0\x0b")),
        ("compact_imports", module(NOTHING, section(IMPORT, vector([sized(b"a") + b"\0\x7f" + vector([])])))),
        ("simd", one_function(b"\xfd\x0c" + bytes(16) + b"\x1a")),
        ("tail_call", one_function(b"\x12\0")),
        ("gc", one_function(b"\x41\0\xfb\x1c\x1a")),
        ("relaxed_simd", one_function(b"\xfd\x80\x02")),
        ("threads", module(section(MEMORY, vector([b"\3\1\1"])))),
        ("threads", one_function(b"\x41\0\xfe\x10\2\0\x1a")),
        ("threads", one_function(b"\xfe\3\0")),
    ],
)
def test_what_is_switched_off_is_named(feature: str, binary: bytes) -> None:
    config = Config()
    setattr(config, f"wasm_{feature}", False)
    with pytest.raises(ProposalError, match=f"the feature {feature} is switched off"):
        Module(Engine(config), binary)


@pytest.mark.parametrize(
    "binary",
    [
        one_function(b"\x27"),  # no proposal has this opcode
        one_function(b"\xfc" + unsigned(500)),
        MAGIC[:4] + b"\2\0\0\0",
        MAGIC[:6],
        importing(b"\x33"),
        module(section(MEMORY, vector([b"\x40\1"]))),
    ],
)
def test_what_nobody_knows_is_malformed(binary: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        Module(Engine(), binary)
    assert type(caught.value) is MalformedError
    assert caught.value.reason is not None
    assert caught.value.message == caught.value.reason.message
