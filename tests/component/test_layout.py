"""How large values are, and which core types they have: the edges of CanonicalABI, "Element Size" and "Flattening".

A guest that only passes values on does not see them, since both sides agree.
"""

import pytest

from fusee.component.layout import discriminant_size, flatten_params, layout_of
from fusee.component.types.composite import EnumType, FlagsType, ResultType, TupleType
from fusee.component.types.primitive import F32, F64, U8, U32, U64
from fusee.component.types.valtype import ValType, intern


def names(count: int) -> tuple[str, ...]:
    return tuple(f"n{number}" for number in range(count))


def tuple_of(count: int) -> ValType:
    made: ValType = intern(TupleType, (U32(),) * count)
    return made


@pytest.mark.parametrize(("cases", "size"), [(1, 1), (256, 1), (257, 2), (65536, 2), (65537, 4)])
def test_discriminants(cases: int, size: int) -> None:
    assert discriminant_size(cases) == size
    if cases < 65536:
        assert layout_of(intern(EnumType, names(cases))) == (size, size, ("i32",))


@pytest.mark.parametrize(("count", "size"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 4), (32, 4)])
def test_flags(count: int, size: int) -> None:
    assert layout_of(intern(FlagsType, names(count))) == (size, size, ("i32",))


def test_as_many_core_types_as_parameters_can_be() -> None:
    """`MAX_FLAT_PARAMS` is 16, `MAX_FLAT_ASYNC_PARAMS` 4; the case of a variant is one of them."""
    assert layout_of(tuple_of(16)).flat == ("i32",) * 16
    assert layout_of(tuple_of(17)).flat is None
    assert layout_of(intern(ResultType, tuple_of(15), None)).flat == ("i32",) * 16
    assert layout_of(intern(ResultType, tuple_of(16), None)).flat is None
    for most in (4, 16):
        assert flatten_params([U32()] * most, most) == ["i32"] * most
        assert flatten_params([U32()] * (most + 1), most) == ["i32"]


@pytest.mark.parametrize(
    ("one", "other", "joined", "size"),
    [(U32(), F32(), "i32", 8), (F32(), F32(), "f32", 8), (F32(), F64(), "i64", 16), (U32(), U64(), "i64", 16),
     (F64(), U64(), "i64", 16), (F64(), F64(), "f64", 16), (U8(), U32(), "i32", 8)],
)  # fmt: skip
def test_payloads_share_their_place(one: ValType, other: ValType, joined: str, size: int) -> None:
    """`join` and `elem_size_variant`."""
    for pair in ((one, other), (other, one)):
        layout = layout_of(intern(ResultType, *pair))
        assert (layout.size, layout.flat) == (size, ("i32", joined))
