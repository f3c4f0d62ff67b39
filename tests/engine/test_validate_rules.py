"""Rules of the binary format and of validation that the official suite's scripts do not break (spec 3, 5).

Beside each module that breaks one stands one that does not.
"""

import pytest

from fusee.api.text import wat2wasm
from fusee.spec.features import ALL_FEATURES, Feature
from tests.engine import native_modules
from tests.engine.native_modules import Checker
from tests.hostile.encoding import (
    DATA,
    ELEMENT,
    EXPORT,
    GLOBAL,
    TABLE,
    TAG,
    TYPE,
    function_type,
    module,
    one_function,
    section,
    sized,
    vector,
)

checker = native_modules.checker

RULES = {
    "packed fields are extended": (
        "(type $s (struct (field i8))) (func (param (ref $s)) (drop (struct.get_s $s 0 (local.get 0))))",
        "struct.get_s", "struct.get", "type mismatch: the field is packed",
    ),
    "other fields are not": (
        "(type $s (struct (field i32))) (func (param (ref $s)) (drop (struct.get $s 0 (local.get 0))))",
        "struct.get", "struct.get_u", "type mismatch: the field is not packed",
    ),
    "packed elements are extended": (
        "(type $a (array i16)) (func (param (ref $a)) (drop (array.get_u $a (local.get 0) (i32.const 0))))",
        "array.get_u", "array.get", "type mismatch: the field is packed",
    ),
    "other elements are not": (
        "(type $a (array i32)) (func (param (ref $a)) (drop (array.get $a (local.get 0) (i32.const 0))))",
        "array.get", "array.get_s", "type mismatch: the field is not packed",
    ),
    "fields that are read": (
        "(type $s (struct (field i32))) (func (param (ref $s)) (drop (struct.get $s 0 (local.get 0))))",
        "$s 0", "$s 1", "unknown field",
    ),
    "fields that are written": (
        "(type $s (struct (field (mut i32)))) (func (param (ref $s)) (struct.set $s 0 (local.get 0) (i32.const 1)))",
        "$s 0", "$s 1", "unknown field",
    ),
    "the alignment of atomic accesses": (
        "(memory 1 1 shared) (func (drop (i32.atomic.load align=4 (i32.const 0))))", "align=4", "align=2",
        "type mismatch: alignment must be equal to natural",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "right", "wrong", "message"), RULES.values(), ids=RULES)
def test_rules(checker: Checker, text: str, right: str, wrong: str, message: str) -> None:
    assert text.count(right) == 1
    assert checker.verdict(bytes(wat2wasm(f"(module {text})"))) == ("valid", "", 0)
    broken = bytes(wat2wasm(f"(module {text.replace(right, wrong)})"))
    assert checker.verdict(broken)[:2] == ("invalid", message)


TYPES = section(TYPE, vector([function_type()]))
CONSTANT = section(GLOBAL, vector([b"\x7f\0\x41\0\x0b"]))
CAST = b"\x02\x6e\xd0\x6e\xfb\x18\x03\0\x6e\x6b\x0b\x1a"  # br_on_cast 0 (ref null any) (ref null struct)

MALFORMED = {
    "kind of an export": (
        module(CONSTANT, section(EXPORT, vector([sized(b"e") + b"\3\0"]))), b"e\3", b"e\5", "malformed export kind",
    ),
    "value type": (
        module(section(TYPE, vector([function_type(b"\x7f")]))), b"\1\x7f", b"\1\x40", "malformed value type",
    ),
    "heap type": (one_function(b"\xd0\x70\x1a"), b"\xd0\x70", b"\xd0\x40", "malformed heap type"),
    "kind of an element segment": (
        module(section(ELEMENT, vector([b"\1\0\0"]))), b"\1\1\0\0", b"\1\x08\0\0", "malformed segment kind",
    ),
    "kind of elements": (
        module(section(ELEMENT, vector([b"\1\0\0"]))), b"\1\1\0\0", b"\1\1\1\0", "malformed segment kind",
    ),
    "kind of a data segment": (
        module(section(DATA, vector([b"\1\0"]))), b"\1\1\0", b"\1\3\0", "malformed segment kind",
    ),
    "attribute of a tag": (
        module(TYPES, section(TAG, vector([b"\0\0"]))), b"\x0d\3\1\0", b"\x0d\3\1\1", "malformed tag attribute",
    ),
    "catch clause": (one_function(b"\x1f\x40\1\2\0\x0b"), b"\1\2\0\x0b", b"\1\4\0\x0b", "malformed catch clause"),
    "flags of a cast": (one_function(CAST), b"\x18\3", b"\x18\4", "malformed cast flags"),
    "fence": (one_function(b"\xfe\3\0"), b"\xfe\3\0", b"\xfe\3\1", "zero byte expected"),
    "table with a first value": (
        module(section(TABLE, vector([b"\x40\0\x70\0\1\xd0\x70\x0b"]))), b"\x40\0", b"\x40\1", "zero byte expected",
    ),
    "else": (one_function(b"\x41\0\x04\x40\x05\x0b"), b"\x41\0\x04", b"\x01\1\x02", "END opcode expected"),
    "catch": (one_function(b"\x06\x40\x19\x0b"), b"\x06\x40", b"\x02\x40", "END opcode expected"),
    "delegate": (one_function(b"\x06\x40\x18\0"), b"\x06\x40", b"\x02\x40", "END opcode expected"),
}  # fmt: skip


@pytest.mark.parametrize(("binary", "right", "wrong", "message"), MALFORMED.values(), ids=MALFORMED)
def test_bytes_that_mean_nothing(checker: Checker, binary: bytes, right: bytes, wrong: bytes, message: str) -> None:
    assert binary.count(right) == 1
    assert checker.verdict(binary) == ("valid", "", 0)
    assert checker.verdict(binary.replace(right, wrong))[:2] == ("malformed", message)


@pytest.mark.parametrize(
    ("code", "message"),
    [(b"\x3f\1\x1a", "zero byte expected"), (b"\x41\0\x28\x42\0\0\x1a", "malformed memop flags")],
)
def test_an_index_of_a_memory_where_there_is_but_one(checker: Checker, code: bytes, message: str) -> None:
    """Without multiple memories there is a zero byte, and no flag for an index."""
    found = checker.verdict(one_function(code), ALL_FEATURES & ~Feature.MULTI_MEMORY)
    assert found[:2] == ("malformed", message)
    assert checker.verdict(one_function(code))[:2] == ("invalid", "unknown memory")
