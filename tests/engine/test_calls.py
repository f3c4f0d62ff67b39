"""Calls of all kinds: across instances, as tail calls, through the host, with very many values."""

import pytest

from fusee import Engine, Func, FuncType, Instance, LimitError, Module, Store, Trap, TrapCode, ValType
from fusee.disasm.listing import list_function
from fusee.engine.isa.pairs import PAIRS
from fusee.tune.pairs import placed
from tests.engine.callers import CALLEE, CALLER, call, pair

I32 = ValType.i32()


@pytest.mark.parametrize("name", ["direct", "indirect", "reference"])
def test_calls_into_another_instance_come_back_to_their_own(name: str) -> None:
    store, caller, _ = pair()
    assert [call(store, caller, name, 3) for _ in range(3)] == [108, 109, 110]


@pytest.mark.parametrize("name", ["tail", "tail_indirect", "tail_reference"])
def test_tail_calls_into_another_instance_return_to_the_callers_caller(name: str) -> None:
    store, caller, _ = pair()
    assert [call(store, caller, name, 3) for _ in range(3)] == [8, 9, 10]


def test_results_of_calls_as_arguments_of_calls() -> None:
    store, caller, _ = pair()
    assert call(store, caller, "sum", 3) == 9 * (10 + 100)


@pytest.mark.parametrize("name", ["direct", "indirect", "reference"])
def test_backtraces_name_the_frames_of_both_instances(name: str) -> None:
    store, caller, _ = pair()
    with pytest.raises(Trap) as error:
        call(store, caller, name, 0)
    assert error.value.trap_code is TrapCode.INTEGER_DIVISION_BY_ZERO
    assert [frame.func_index for frame in error.value.frames] == [0, {"direct": 3, "indirect": 4, "reference": 5}[name]]


def test_elements_that_cannot_be_called() -> None:
    store, caller, _ = pair()
    assert call(store, caller, "element", 1) == 105
    with pytest.raises(Trap) as error:
        call(store, caller, "element", 3)
    assert error.value.trap_code is TrapCode.TABLE_OUT_OF_BOUNDS
    with pytest.raises(Trap) as error:
        call(store, caller, "element", 2)
    assert [frame.func_index for frame in error.value.frames] == [2, 10]


# Calls in one dispatch with the move of their last argument.
BEHIND_MOVES = """
(module
  (type $base (sub (func (param i32) (result i32))))
  (type $derived (sub final $base (func (param i32) (result i32))))
  (type $plain (func (param i32) (result i32)))
  (import "m" "f" (func $f (type $plain)))
  (import "m" "memory" (memory 1))
  (table 5 funcref) (elem (i32.const 0) $one $two $f $fail)
  (global $mine (mut i32) (i32.const 100))
  (func $one (type $base) (i32.add (local.get 0) (i32.const 1)))
  (func $two (type $derived) (i32.add (local.get 0) (i32.const 2)))
  (func $fail (type $base) (i32.div_u (local.get 0) (i32.const 0)))
  (func (export "direct") (param i32 i32) (result i32) (call $one (local.get 0)))
  (func (export "base") (param i32 i32) (result i32)
    (call_indirect (type $base) (local.get 0) (i32.and (local.get 1) (i32.const 15))))
  (func (export "plain") (param i32 i32) (result i32)
    (i32.add (global.get $mine)
      (call_indirect (type $plain) (local.get 0) (i32.and (local.get 1) (i32.const 15))))))
"""


def calls_behind_moves() -> tuple[Store, Instance, Module]:
    store = Store(engine := Engine())
    found = Instance(store, Module(engine, CALLEE), []).exports(store)
    module = Module(engine, BEHIND_MOVES)
    return store, Instance(store, module, [found["f"], found["memory"]]), module


def test_calls_behind_moves_find_their_callee() -> None:
    """Whatever it is of: this instance, a subtype, another instance, which comes back to this one."""
    store, instance, module = calls_behind_moves()
    for index in (4, 5):
        cells = list_function(module, index).cells
        move = max(place for place, listed in enumerate(cells) if listed.cell.name == "mov_s_s")
        both = placed(cells[move].cell), placed(cells[move + 1].cell)
        assert cells[move].cell.is_paired == (both in PAIRS)  # in which the small engine has no calls
    assert call(store, instance, "direct", 5, 0) == 6
    assert [call(store, instance, "base", 5, element) for element in (0, 1, 0)] == [6, 7, 6]
    assert [call(store, instance, "plain", 3, 2) for _ in range(2)] == [108, 109]


@pytest.mark.parametrize(
    ("name", "element", "code", "functions"),
    [
        ("base", 2, TrapCode.BAD_SIGNATURE, [5]),
        ("plain", 0, TrapCode.BAD_SIGNATURE, [6]),
        ("base", 4, TrapCode.INDIRECT_CALL_TO_NULL, [5]),
        ("base", 5, TrapCode.TABLE_OUT_OF_BOUNDS, [5]),
        ("base", 3, TrapCode.INTEGER_DIVISION_BY_ZERO, [3, 5]),
    ],
)
def test_traps_of_calls_behind_moves(name: str, element: int, code: TrapCode, functions: list[int]) -> None:
    store, instance, module = calls_behind_moves()
    with pytest.raises(Trap) as error:
        call(store, instance, name, 3, element)
    assert error.value.trap_code is code
    frames = error.value.frames
    assert [frame.func_index for frame in frames] == functions
    call_offset = next(i.offset for i in list_function(module, functions[-1]).instructions if "call" in i.text)
    assert frames[-1].module_offset == call_offset


def test_a_host_functions_trap_has_no_frames_of_another() -> None:
    """The host function, called directly, has seen a guest trap before it gives up itself."""
    store = Store(engine := Engine())
    instance = Instance(store, Module(engine, '(module (func (export "fail") (unreachable)))'), [])

    def give_up() -> None:
        with pytest.raises(Trap) as inner:
            call(store, instance, "fail")
        assert len(inner.value.frames) == 1
        raise Trap("enough")

    with pytest.raises(Trap, match="enough") as error:
        Func(store, FuncType([], []), give_up)(store)
    assert error.value.frames == []
    assert store._backtrace() == []


@pytest.mark.parametrize(("name", "frames"), [("direct", [3]), ("tail", []), ("tail_reference", [])])
def test_a_host_functions_trap_shows_the_frames_that_are_left(name: str, frames: list[int]) -> None:
    """A function that has called the host as its last act has no frame any more, though it was the only one."""
    store = Store(engine := Engine())
    memory = Instance(store, Module(engine, '(module (memory (export "memory") 1))'), []).exports(store)["memory"]

    def divide(argument: int) -> int:
        return 1 // argument

    caller = Instance(store, Module(engine, CALLER), [Func(store, FuncType([I32], [I32]), divide), memory])
    assert call(store, caller, name, 1) in (1, 101)
    with pytest.raises(ZeroDivisionError):
        call(store, caller, name, 0)
    assert [frame.func_index for frame in store._backtrace()] == frames


def many_slots(locals_: int, operands: int) -> str:
    code = f"(i32.wrap_i64 (local.get {locals_ - 1})) {'(i32.const 1)' * operands} {'(i32.add)' * operands}"
    return f'(module (func (export "f") (result i32) (local {"i64 " * locals_}) {code}))'


def test_functions_with_very_many_locals_and_operands() -> None:
    store = Store(engine := Engine())
    assert call(store, Instance(store, Module(engine, many_slots(40_000, 10_000)), []), "f") == 10_000
    too_many = Instance(store, Module(engine, many_slots(50_000, 20_000)), [])
    with pytest.raises(LimitError, match="too many locals and operands"):
        call(store, too_many, "f")


def test_a_call_with_many_arguments_and_results() -> None:
    count = 200
    types = f"(param {'i32 ' * count}) (result {'i32 ' * count})"
    gets = " ".join(f"(local.get {count - 1 - n})" for n in range(count))
    same = " ".join(f"(local.get {n})" for n in range(count))
    text = f"""(module
      (func $reverse {types} {gets})
      (func (export "f") {types} (call $reverse (call $reverse (call $reverse {same})))))"""
    store = Store(engine := Engine())
    function = Instance(store, Module(engine, text), []).exports(store)["f"]
    assert isinstance(function, Func)
    assert list(function(store, *range(count))) == list(reversed(range(count)))
