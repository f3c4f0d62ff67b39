"""Types and values that need no component: equality, tags, records, handles."""

from dataclasses import dataclass

import pytest

from fusee import Store, WasmtimeError
from fusee.component import (
    U8,
    U32,
    BorrowType,
    FuncType,
    ListType,
    OptionType,
    OwnType,
    Record,
    RecordType,
    ResourceAny,
    ResourceHost,
    ResourceType,
    ResultType,
    String,
    Variant,
    VariantType,
)
from fusee.component.types.valtype import ValType, intern


def test_equal_types_are_one_object() -> None:
    u8, u32 = U8(), U32()
    fields = (("a", u8), ("b", intern(ListType, u32, None)))
    assert intern(RecordType, fields) is intern(RecordType, fields)
    assert intern(RecordType, fields) != intern(RecordType, fields[:1])
    assert intern(ListType, u32, None) != intern(ListType, u32, 4)
    assert U8() == u8 != u32


@pytest.mark.parametrize(
    ("ok", "err", "is_tagged"),
    [
        (U32(), String(), False),
        (None, String(), False),
        (None, None, True),
        (U32(), U8(), True),
        (intern(ListType, U8(), None), intern(ListType, U32(), None), False),
        (intern(OptionType, U32()), None, True),
        (OwnType(ResourceType.host(1)), BorrowType(ResourceType.host(2)), True),
    ],
)
def test_results_are_tagged_where_classes_do_not_tell(
    ok: ValType | None, err: ValType | None, is_tagged: bool
) -> None:  # fmt: skip
    assert intern(ResultType, ok, err)._is_tagged is is_tagged


def test_options_of_options_are_tagged() -> None:
    inner = intern(OptionType, U32())
    assert not inner._is_tagged
    assert intern(OptionType, inner)._is_tagged


def test_records_have_fields_under_both_names() -> None:
    record = Record(file_size=3)
    assert record.file_size == 3 and getattr(record, "file-size") == 3
    record.file_size = 4
    assert record == Record(file_size=4) != Record(file_size=5)

    @dataclass
    class Pair:
        first: int
        second: int

    assert Record(first=1, second=2) == Pair(1, 2)
    with pytest.raises(AttributeError, match="no field 'third'; it has first"):
        _ = Record(first=1).third


def test_resources_of_the_host() -> None:
    store = Store()
    handle = ResourceHost.own(7, 1).to_any(store)
    assert handle.owned and handle.rep == 7 and handle.type == ResourceType.host(1) != ResourceType.host(2)
    back = handle.to_host(store)
    assert (back.rep, back.type, back.owned) == (7, 1, True)
    with pytest.raises(WasmtimeError, match="has ended"):
        handle.drop(store)
    back.to_any(store).drop(store)
    with pytest.raises(WasmtimeError, match="has ended"):
        back.to_any(store)
    borrowed = ResourceHost.borrow(8, 1).to_any(store)
    assert not borrowed.owned and borrowed.to_host(store).rep == 8


@pytest.mark.parametrize("kind", [FuncType, VariantType, ResourceType, ResourceAny, ResourceHost])
def test_what_users_do_not_make(kind: type) -> None:
    with pytest.raises(WasmtimeError, match="Cannot directly construct"):
        kind()


def test_variants_are_equal_by_value() -> None:
    assert Variant("a") == Variant("a", None) != Variant("b")
