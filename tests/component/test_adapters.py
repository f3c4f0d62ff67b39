"""Calls from component to component that do not go through Python: they give what those give that do."""

from typing import Any

import pytest

import fusee
from fusee import Trap
from fusee.component.adapters.call import EXPORT
from tests.component.adapterfuzz import Both, check, through_python, with_adapters
from tests.component.twocomponents import CALL, LIST, LISTS, NUMBER, SINK, two


@pytest.mark.parametrize("seed", range(60))
def test_random_types(seed: int) -> None:
    assert check(seed)


@pytest.mark.parametrize(
    ("element", "pointer", "length", "message"),
    [
        ("u8", 0, 1 << 28, "list content too long"),
        ("u8", 65536, 0, "0; 0"),
        ("u8", 65535, 2, "list pointer/length out of bounds of memory"),
        ("u8", 0xFFFF_FFFF, 1, "list pointer/length out of bounds of memory"),
        ("u64", 0, 0xFFFF_FFFF, "list content too long"),
        ("u64", 4, 1, "list pointer is not aligned"),
        ("u64", 65528, 1, "1; 1"),
        ("u64", 65536, 1, "list pointer/length out of bounds of memory"),
        ("(tuple u64 u8)", 0, 0x1000_0001, "list content too long"),
        ("string", 65532, 1, "list pointer/length out of bounds of memory"),
        ("string", 2, 0, "list pointer is not aligned"),
    ],
)
def test_lists_that_are_not_where_they_should_be(element: str, pointer: int, length: int, message: str) -> None:
    both = Both(two(LISTS.format(element), LIST, SINK, "(call $x (local.get $a) (local.get $b))"))
    found = both.outcome("run", pointer, length)
    assert found.removeprefix("trap ").startswith(message)
    assert found.startswith("trap") is not message[0].isdigit()


def test_lists_that_are_all_at_one_place() -> None:
    """A list of 500 lists that are itself: more elements than there is room for."""
    fill = """(local $i i32)
      (loop $more
        (i32.store (local.get $i) (i32.const 0)) (i32.store offset=4 (local.get $i) (i32.const 500))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 4000))))
      (call $x (i32.const 0) (i32.const 500))"""
    bump = """(global $top (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $top (i32.add (global.get $top) (local.get 3)))
        (i32.sub (global.get $top) (local.get 3)))"""
    both = Both(two(LISTS.format("(list (tuple u32 u32))"), LIST, SINK, fill, callee_realloc=bump))
    assert both.outcome("run", 0, 0).startswith("trap realloc return: beyond end of memory")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("(i32.const 3)", "realloc return: result not aligned"),
        ("(i32.const 65536)", "realloc return: beyond end of memory"),
        ("(i32.const -8)", "realloc return: beyond end of memory"),
        ("(i32.const 65520)", "2; 2"),
        ("(unreachable)", "wasm `unreachable` instruction executed"),
    ],
)
def test_reallocs_that_lie(given: str, message: str) -> None:
    """The callee's for arguments, the caller's for a result."""
    lying = f'(func (export "realloc") (param i32 i32 i32 i32) (result i32) {given})'
    core, call = LIST, "(call $x (i32.const 64) (i32.const 2))"
    both = Both(two(LISTS.format("u64"), core, SINK, call, callee_realloc=lying))
    assert both.outcome("run", 0, 0).removeprefix("trap ").startswith(message)
    giving = '(func (export "f") (result i32) (i32.store offset=12 (i32.const 0) (i32.const 2)) (i32.const 8))'
    call = "(call $x (i32.const 256)) (i32.load offset=4 (i32.const 256))"
    both = Both(two("(result (list u64))", "(param i32)", giving, call, realloc=lying))
    assert both.outcome("run", 0, 0).removeprefix("trap ").startswith(message)


def test_what_the_callee_traps_with() -> None:
    inner = '(func (export "f") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0)))'
    both = Both(two(*NUMBER, inner, CALL))
    assert both.outcome("run", 2, 0).startswith("3; 3")
    assert both.outcome("run", 0, 0).startswith(
        "trap integer divide by zero (INTEGER_DIVISION_BY_ZERO); trap cannot enter component instance"
    )
    instance, store = both.instantiate([])
    run, function = instance.get_func(store, "run"), instance.get_func(store, "f")
    assert run is not None and function is not None
    with pytest.raises(Trap) as caught:
        run(store, 0, 0)
    assert [frame.func_name for frame in caught.value.frames][1:2] == [EXPORT]
    with pytest.raises(Trap, match="cannot enter component instance"):
        function(store, 1)  # as the host calls it


def test_a_component_that_waits_is_not_entered() -> None:
    """The host calls the inner one, which calls the host, which calls the outer one, which calls the inner one."""
    inner = '(func (export "f") (param i32) (result i32) (call $echo (local.get 0)))'
    outcomes = []
    for way in (with_adapters, through_python):
        both = Both(two(*NUMBER, inner, CALL))
        found: list[Any] = []
        both._functions["echo"] = lambda store, value, found=found: found[0](store, value, 0)
        with way():
            instance, store = both.instantiate([])
        found.append(instance.get_func(store, "run"))
        func = instance.get_func(store, "f")
        assert func is not None
        with pytest.raises(Trap) as caught:
            func(store, 1)
        outcomes.append((caught.value.message, caught.value.trap_code))
    assert outcomes[0] == outcomes[1] == ("cannot enter component instance", fusee.TrapCode.CANNOT_ENTER_COMPONENT)


def test_neither_realloc_nor_post_return_leaves() -> None:
    leaving = "(drop (call $echo (i32.const 1)))"
    realloc = f'(func (export "realloc") (param i32 i32 i32 i32) (result i32) {leaving} (i32.const 1024))'
    call = "(call $x (i32.const 64) (i32.const 2))"
    both = Both(two(LISTS.format("u64"), LIST, SINK, call, callee_realloc=realloc))
    message = "trap cannot leave component instance (CANNOT_LEAVE_COMPONENT); trap cannot enter component instance"
    assert both.outcome("run", 0, 0).startswith(message)
    inner = f'(func (export "f") (param i32) (result i32) (local.get 0)) (func (export "after") (param i32) {leaving})'
    both = Both(two(*NUMBER, inner, CALL, options='(post-return (func $i "after"))'))
    assert both.outcome("run", 0, 0).startswith(message)


def test_post_return_is_given_what_the_function_gave() -> None:
    inner = """(func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 0x100)))
      (func (export "after") (param i32) (if (i32.ne (local.get 0) (i32.const 0x107)) (then unreachable)))"""
    ty, options = '(param "value" u32) (result u8)', '(post-return (func $i "after"))'
    both = Both(two(ty, NUMBER[1], inner, CALL, options=options))
    assert both.outcome("run", 7, 0).startswith("7; 7")
    assert both.outcome("run", 8, 0).startswith("trap wasm `unreachable`")


def test_exceptions_end_at_the_border() -> None:
    throwing = '(tag $t (param i32)) (func (export "f") (param i32) (result i32) (throw $t (i32.const 5)))'
    catching = "(block $caught (try_table (catch_all $caught) (return (call $x (local.get $a))))) (i32.const 9)"
    found = Both(two(*NUMBER, throwing, catching)).outcome("run", 1, 0)
    assert found.startswith("trap an exception of the guest's crosses the border of its component")


TAKING = """(component
  (component $inner
    (type $t' {ty}) (import "t" (type $t (eq $t')))
    (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "value" $t) (result u32) (canon lift (core func $i "f"))))
  (component $outer
    (type $t' {ty}) (import "t" (type $t (eq $t')))
    (import "f" (func $f (param "value" $t) (result u32)))
    (core func $x (canon lower (func $f)))
    (core module $m (import "h" "x" (func $x (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (call $x (local.get 0))))
    (core instance $i (instantiate $m (with "h" (instance (export "x" (func $x))))))
    (func (export "run") (param "value" u32) (result u32) (canon lift (core func $i "run"))))
  (type $t' {ty})
  (instance $a (instantiate $inner (with "t" (type $t'))))
  (instance $b (instantiate $outer (with "t" (type $t')) (with "f" (func $a "f"))))
  (alias export $b "run" (func $run))
  (export "run" (func $run)))"""


@pytest.mark.parametrize(
    ("ty", "most", "message"),
    [
        ('(enum "a" "b" "c")', 2, "invalid variant discriminant: 3"),
        ("(result)", 1, "invalid variant discriminant: 2"),
        ("char", 0xD7FF, "integer value is not a valid `char`"),
        ("char", 0x10FFFF, "integer value is not a valid `char`"),
    ],
)
def test_the_last_value_of_a_type(ty: str, most: int, message: str) -> None:
    """The callee is not given one that is none (CanonicalABI, "Flat Lifting"): it does not look itself."""
    both = Both(TAKING.format(ty=ty))
    assert both.outcome("run", most).startswith(f"{most}; {most}")
    assert both.outcome("run", most + 1).startswith(f"trap {message}")


def test_flags_that_have_no_name() -> None:
    """They are cut off (CanonicalABI, `unpack_flags_from_int`)."""
    assert Both(TAKING.format(ty='(flags "a" "b" "c")')).outcome("run", 0xFFFF_FFFD).startswith("5; 5")


@pytest.mark.parametrize(
    ("ty", "given", "expected"),
    [
        ("s8", 0x1FF, 0xFFFF_FFFF), ("s8", 0x17F, 0x7F), ("u8", 0x1FF, 0xFF), ("s16", 0x1_8000, 0xFFFF_8000),
        ("s16", 0x1_7FFF, 0x7FFF), ("u16", 0x1_FFFF, 0xFFFF), ("bool", 0x100, 1), ("bool", 0, 0),
    ],
)  # fmt: skip
def test_what_the_callee_gets_is_its_types(ty: str, given: int, expected: int) -> None:
    """Bits that are none of the value are cut off, and the sign is extended (CanonicalABI, `lower_flat_signed`)."""
    inner = '(func (export "f") (param i32) (result i32) (local.get 0))'
    both = Both(two(f'(param "value" {ty}) (result u32)', NUMBER[1], inner, CALL))
    assert both.outcome("run", given, 0).startswith(f"{expected}; {expected}")
