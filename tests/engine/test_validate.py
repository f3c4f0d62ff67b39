"""Validation beyond what the official suite says: features, limits, unreachable code, what execution lacks."""

import pytest

from fusee.api.text import wat2wasm
from fusee.spec.features import ALL_FEATURES, Feature
from tests.engine import native_modules
from tests.engine.native_modules import Checker
from tests.hostile.encoding import (
    CODE,
    DATA,
    FUNCTION,
    I32,
    MEMORY,
    TYPE,
    body,
    function_type,
    module,
    one_function,
    section,
    unsigned,
    vector,
)

MILLION = 1_000_000


checker = native_modules.checker


def verdict(checker: Checker, text: str, features: Feature = ALL_FEATURES) -> tuple[str, str]:
    return checker.verdict(bytes(wat2wasm(text)), features)[:2]


GATED = {
    Feature.SIMD: "(func (param v128))",
    Feature.RELAXED_SIMD: "(func unreachable i8x16.relaxed_swizzle drop)",
    Feature.TAIL_CALL: "(func return_call 0)",
    Feature.MULTI_MEMORY: "(memory 1) (memory 1)",
    Feature.MEMORY64: "(memory i64 1)",
    Feature.EXTENDED_CONST: "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
    Feature.FUNCTION_REFERENCES: "(type $t (func)) (func (param (ref $t)))",
    Feature.GC: "(type (struct))",
    Feature.EXCEPTIONS: "(tag)",
    Feature.THREADS: "(memory 1 1 shared)",
    Feature.WIDE_ARITHMETIC: "(func unreachable i64.add128 drop drop)",
    Feature.CUSTOM_PAGE_SIZES: "(memory 1 (pagesize 1))",
}


@pytest.mark.parametrize("feature", GATED, ids=lambda feature: feature.name)
def test_features(checker: Checker, feature: Feature) -> None:
    text = f"(module {GATED[feature]})"
    assert verdict(checker, text)[0] == "valid"
    assert verdict(checker, text, ALL_FEATURES & ~feature)[0] != "valid"


HEIGHTS = {
    "(func)": 0,
    "(func (param i32 i64))": 0,
    "(func (drop (i32.const 1)))": 1,
    "(func (result i32) (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))": 3,
    "(func (drop (block (result i32) (i32.const 1) (block) (br 0))))": 1,
    "(type $t (func (result i32 i32 i32))) (func $f (type $t) unreachable) (func call $f drop drop drop)": 3,
    "(tag (param i32)) (func (result i32) (block (result i32) (try_table (catch 0 0)) (i32.const 5)))": 1,
    "(tag (param i32)) (func (block (result i32) (try_table (catch 0 0)) (br 1 (i32.const 5))) drop)": 1,
}


@pytest.mark.parametrize("fields", HEIGHTS)
def test_operand_stack_height(checker: Checker, fields: str) -> None:
    with checker.module(bytes(wat2wasm(f"(module {fields})"))) as m:
        last = int(m.func_count) - 1
        assert m.bodies[last].max_height == HEIGHTS[fields]


def test_offset_of_an_error(checker: Checker) -> None:
    """It is the instruction's, not its immediate's or the body's."""
    binary = one_function(b"\x41\0\x1a\x20\x05\x1a")
    assert checker.verdict(binary) == ("invalid", "unknown local", binary.index(b"\x20\x05"))


WHERE_WRONG = [
    (b"\x41\x80", "unexpected end", 3),  # an integer takes the last byte, which is `end`
    (b"\x20\x80", "unknown local", 0),
    (b"\x0c\x80", "unknown label", 0),
    (b"\x28", "unexpected end", 2),  # an alignment takes it, and no offset follows
    (b"\x44\0\0\0", "unexpected end", 5),  # f64.const
    (b"\x41\xff\xff\xff\xff\x08\x1a", "integer too large", 5),
    (b"\x41\xff\xff\xff\xff\xff\x0f\x1a", "integer representation too long", 5),
    (b"\x10\x80\x80\x80\x80\x10", "integer too large", 5),
    (b"\x10\x80\x80\x80\x80\x80\0", "integer representation too long", 5),
    (b"\x10\xff\xff\xff\xff\x0f", "unknown function", 0),
    (b"\x23\x80\x80\0", "unknown global", 0),
    (b"\x41\0\x0b\x01", "type mismatch", 2),  # the function ends with a value
    (b"\x01\x0b\x01", "END opcode expected", 2),  # … and before its body does
    (b"\x41\0\x28\x02\0\x1a", "unknown memory", 2),
    (b"\x41\0\xfb\x1f\x1a", "illegal opcode", 2),  # a prefix is not computed with what is below
    (b"\x41\0\xc5\x1a", "illegal opcode", 2),
    (b"\x41\0\xd1", "type mismatch", 2),  # ref.is_null
    (b"\x42\0\x45\x1a", "type mismatch", 2),
    (b"\x42\0\x41\0\x6a\x1a", "type mismatch", 4),
    (b"\x41\0\x6a\x1a", "type mismatch", 2),
    (b"\x41\0\x28\x03\0\x1a", "alignment must not be larger than natural", 2),
    (b"\x02\x40\x1a\x0b", "type mismatch", 2),  # what is under a block is not for it
    (b"\x41\0\x04\x7f\x41\1\x0b\x1a", "type mismatch", 6),  # an `if` with a result and no `else`
    (b"\x02\x40\x41\0\x0d\x02\x0b", "unknown label", 4),
    (b"\x02\x7f\x41\0\x41\0\x0c\0\x6a\x0b\x41\0\x6a", "type mismatch", 13),  # `end` of the function
]


@pytest.mark.parametrize(("code", "message", "place"), WHERE_WRONG)
@pytest.mark.parametrize("is_last", [True, False])
def test_what_is_almost_plain(checker: Checker, code: bytes, message: str, place: int, is_last: bool) -> None:
    """Errors are what they are, and where, in code that is nearly like most code; also in front of another section."""
    binary = one_function(code)
    start = len(binary) - len(code) - 1
    if not is_last:
        binary += section(DATA, vector([]))
        message = message.replace("unexpected end", "unexpected end of section or function")
    assert checker.verdict(binary)[1:] == (message, start + place)


TAKES_THE_END = [
    b"\x20",  # local.get
    b"\x41\0\x21",
    b"\x41\0\x22",
    b"\x41",  # i32.const
    b"\x42",
    b"\x41\0\x28\x02",  # i32.load, whose offset it is
    b"\x41\0\x41\0\x36\x02",
    b"\x02\x40" * 11 + b"\x0c",  # br to the function
    b"\x02\x40" * 11 + b"\x41\0\x0d",
]


@pytest.mark.parametrize("code", TAKES_THE_END)
@pytest.mark.parametrize("is_last", [True, False])
def test_an_immediate_that_is_the_last_byte(checker: Checker, code: bytes, is_last: bool) -> None:
    """Nothing is wrong but that the body's `end` is an instruction's 11, and nothing is read behind it (spec 5.4.9)."""
    binary = module(
        section(TYPE, vector([function_type()])),
        section(FUNCTION, vector([b"\0"])),
        section(MEMORY, vector([b"\0\1"])),
        section(CODE, vector([body(code, [(12, I32)])])),
    )
    message = "unexpected end" if is_last else "unexpected end of section or function"
    end = len(binary)
    assert checker.verdict(binary + (b"" if is_last else section(DATA, vector([])))) == ("malformed", message, end)


@pytest.mark.parametrize(
    "code",
    [
        b"\x41\xff\xff\xff\xff\x07\x1a",  # the greatest and the least i32
        b"\x41\x80\x80\x80\x80\x78\x1a",
        b"\x10\x80\x80\x80\x80\0",  # a call whose index a linker may change
        b"\x02\x7f\x41\0\x41\0\x0d\0\x0b\x1a",  # a branch with a value
        b"\x41\0\x0f\x1b\x1a",  # `return`, then a `select` of nothing
    ],
)
def test_what_is_just_valid(checker: Checker, code: bytes) -> None:
    assert checker.verdict(one_function(code)) == ("valid", "", 0)


@pytest.mark.parametrize(
    ("code", "accepted"),
    [
        (b"\0\x1a\x1a\x1a", True),  # unreachable, drop × 3
        (b"\0\x6a\x1a", True),  # i32.add of nothing
        (b"\0\x42\0\x6a\x1a", False),  # i32.add of an i64
        (b"\0\x0f\x41\0", False),  # a value is left
        (b"\0\xd3\x1a", True),  # ref.eq
        (b"\0\xd4\x1a", True),  # ref.as_non_null
        (b"\0\xd4\x6a\x1a", False),  # … gives a reference even so
        (b"\0\x1b\x1a", True),  # select
        (b"\0\x41\0\xd0\x70\x41\0\x1b\x1a", False),  # select of a reference
        (b"\0\x1b\x45\x1a", True),  # a select whose type nobody knows, tested
        (b"\0\x1b\xd1\x1a", True),
        (b"\0\x1b\x43\0\0\0\0\x92\x1a", True),
    ],
)
def test_unreachable_code(checker: Checker, code: bytes, accepted: bool) -> None:
    assert (checker.verdict(one_function(code))[0] == "valid") == accepted


def functions(code: bytes, count: int, local_groups: list[tuple[int, bytes]]) -> bytes:
    """Equal functions without parameters."""
    return module(
        section(TYPE, vector([function_type()])),
        section(FUNCTION, vector([b"\0"] * count)),
        section(CODE, vector([body(code, local_groups)] * count)),
    )


@pytest.mark.parametrize("count", [1, 100, 127, 128, 200])
def test_a_function_has_none_of_the_locals_of_the_one_before(checker: Checker, count: int) -> None:
    get = b"\x20" + unsigned(count) + b"\x1a"
    bodies = vector([body(get, [(count + 1, I32)]), body(get, [(count, I32)])])
    types, declared = section(TYPE, vector([function_type()])), section(FUNCTION, vector([b"\0"] * 2))
    binary = module(types, declared, section(CODE, bodies))
    assert checker.verdict(binary) == ("invalid", "unknown local", binary.rindex(get))


@pytest.mark.parametrize(
    ("index", "kind"), [(0, 0x7F), (299, 0x7F), (300, 0x7E), (10_299, 0x7E), (10_300, 0x7D), (20_000, 0x7D)]
)
def test_types_of_distant_locals(checker: Checker, index: int, kind: int) -> None:
    groups = [(300, I32), (0, b"\x7b"), (10_000, b"\x7e"), (0, b"\x7b"), (10_000, b"\x7d")]
    consumers = {0x7F: b"\x45\x1a", 0x7E: b"\x50\x1a", 0x7D: b"\x8b\x1a"}  # i32.eqz, i64.eqz, f32.abs
    get = b"\x20" + bytes([index & 0x7F | 0x80, index >> 7 & 0x7F | 0x80, index >> 14])
    for consumer, code in consumers.items():
        expected = "valid" if consumer == kind else "invalid"
        assert checker.verdict(functions(get + code, 1, groups))[0] == expected


def test_locals_are_set_for_their_block_only(checker: Checker) -> None:
    set_and_get = "(local.set 0 (ref.func 0)) (drop (local.get 0))"
    template = "(module (elem declare func 0) (func) (func (local (ref func)) {}) (func (local (ref func)) {}))"
    assert verdict(checker, template.format(set_and_get, f"(block {set_and_get}) {set_and_get}"))[0] == "valid"
    unset = ("invalid", "uninitialized local")
    assert verdict(checker, template.format(f"(block {set_and_get}) (drop (local.get 0))", "")) == unset
    assert verdict(checker, template.format(set_and_get, "(drop (local.get 0))")) == unset, "each function starts anew"


def test_br_table_checks_every_kind_of_label(checker: Checker) -> None:
    code = "(block $a (result i32) (block $b {} (br_table $a $b $a (i32.const 1) (i32.const 0))) (i32.const 2)) drop"
    assert verdict(checker, f"(module (func {code.format('(result i32)')} ))")[0] == "invalid", "a value is left"
    assert verdict(checker, f"(module (func {code.format('')} ))") == ("invalid", "type mismatch")


def test_a_million_labels(checker: Checker) -> None:
    """As many values as labels: each label is checked once, so this takes no time."""
    results = b"\x7f" * 1000
    types = section(TYPE, vector([function_type(), function_type(b"", results)]))
    code = b"\x02\x01" + b"\x41\0" * 1001 + b"\x0e\xc0\x84\x3d" + b"\0" * (MILLION + 1) + b"\x0b" + b"\x1a" * 1000
    binary = module(types, section(FUNCTION, b"\1\0"), section(CODE, vector([body(code)])))
    assert checker.verdict(binary)[0] == "valid"
