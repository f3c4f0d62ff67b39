"""Calls (spec 4.4.10)."""

from collections.abc import Sequence
from typing import Final, NamedTuple, cast

from fusee.engine.state.agreed import HEADER_SLOTS, TAIL_CALL
from fusee.kernel.text import LIKELY, UNLIKELY
from fusee.native.callees import ANY, Callees, callees_of
from fusee.native.calls_apart import call_apart
from fusee.native.frame import FrameWriter
from fusee.native.function import FunctionCompiler
from fusee.native.module import FuncType
from fusee.native.reader import Instruction
from fusee.native.registers import passed
from fusee.native.rules import rule
from fusee.native.unit import LLVM

MOST_INLINED: Final = 250  # calls by symbol in a function: LLVM takes time with the square of what has come together


def _begin_call(c: FunctionCompiler, type_: FuncType) -> list[str]:
    """Take the arguments, and have what waits below them where the collector sees it."""
    arguments = c.pop_many(len(type_.params))
    c.keep_operands()
    return arguments


class Code(NamedTuple):
    """Native code that is called."""

    address: str  # the operand that is or names it
    instance: str  # that it belongs to
    takes_registers: bool = False  # `Unit.takes_registers`
    may_be_inlined: bool = True

    @classmethod
    def of(cls, c: FrameWriter, function: int) -> "Code":
        """That of another function which has it, of the same instance. If very many are called, not all are inlined."""
        c.direct_calls += 1
        takes_registers = c.unit.takes_registers(function)
        return cls(c.unit.callee(function), "%ctx", takes_registers, c.direct_calls <= MOST_INLINED)


def operands_of(
    c: FrameWriter, type_: FuncType, instance: str, free: str, arguments: list[str], takes_registers: bool
) -> str:  # fmt: skip
    """What native code is called with; `free`: the first free slot."""
    operands = [f"ptr {instance}", f"ptr {free}"]
    if takes_registers:
        operands += passed(c.value, type_, arguments)
    else:
        operands += [f"{LLVM[kind]} {operand}" for kind, operand in zip(type_.params, arguments, strict=True)]
    return ", ".join(operands)


def _call_native(c: FrameWriter, type_: FuncType, code: Code, arguments: list[str]) -> list[str]:
    """Call native code with its arguments in registers; status and results."""
    operands = operands_of(c, type_, code.instance, "%top", arguments, code.takes_registers)
    shape = c.unit.result_shape(type_)
    as_it_is = "" if code.may_be_inlined else " noinline"
    result = c.value(f"call {c.unit.options.convention}{shape} {code.address}({operands}){as_it_is}")
    if not type_.results:
        return [result]
    return [c.value(f"extractvalue {shape} {result}, {number}") for number in range(len(type_.results) + 1)]


def _results_of(c: FrameWriter, outcome: list[str]) -> list[str]:
    """The results, unless there is an error; memories are found anew, as on each other way that leads on from a call.

    Where ways have come together, LLVM would not know which of them, as one that is inlined, has changed nothing.
    """
    status, *results = outcome
    c.check(status, c.passed_on)
    c.reload_memories()
    return results


def _native_results(
    c: FrameWriter, type_: FuncType, code: Code, arguments: list[str], may_hand_over: bool
) -> list[str]:
    """Call native code, which may have handed over a tail call: its results, unless there is an error."""
    outcome = _call_native(c, type_, code, arguments)
    return _results_after_all(c, type_, outcome) if may_hand_over else _results_of(c, outcome)


def _results_after_all(c: FrameWriter, type_: FuncType, outcome: list[str]) -> list[str]:
    """The same of native code that may have handed over a tail call (`native.tail_calls`)."""
    status, *results = outcome
    odd, again, after = c.label(), c.label(), c.label()
    c.branch(c.value(f"icmp ne i64 {status}, 0"), odd, after, UNLIKELY)
    at_once = c.block
    c.begin(odd)
    is_handed_over = c.value(f"icmp eq i64 {status}, {TAIL_CALL}")
    c.branch(is_handed_over, again, c.raises_to(status, c.passed_on), LIKELY)
    c.begin(again)
    frame = c.free_slot(HEADER_SLOTS)
    status = c.value(f"call i64 {c.helper('call_handed_over')}(ptr %ctx, ptr {frame}, i32 0, i32 0)")
    others = _results_of(c, [status, *c.get_all(type_.results, HEADER_SLOTS)])
    results = _merged(c, type_, after, [(results, at_once), (others, c.block)])
    c.reload_memories()
    return results


def _merged(c: FrameWriter, type_: FuncType, after: str, ways: Sequence[tuple[list[str], str]]) -> list[str]:
    """Go on in a block to which there are several ways, with the results of any."""
    c.begin(after)
    return [
        c.merge(LLVM[kind], [(results[number], block) for results, block in ways])
        for number, kind in enumerate(type_.results)
    ]


@rule("call", calls=True)
def _call(c: FunctionCompiler, ins: Instruction) -> None:
    index = cast(int, ins.immediates[0])
    type_ = c.unit.module.type_of(index)
    arguments = _begin_call(c, type_)
    if index in c.unit.chosen:
        may_hand_over = index in c.unit.handing_over
        results = _native_results(c, type_, Code.of(c, index), arguments, may_hand_over)
    elif index >= c.unit.module.imported_funcs and not c.unit.options.grows:
        results = _results_of(c, c.call_in_frame(type_, "call_function", arguments, index))
    else:
        func = c.use("function_at", "%ctx", str(index))
        results = _call_by(c, Way(f"f{index}", type_, "call_function", index), func, arguments)
    c.push_all(type_.results, results)


class Way(NamedTuple):
    """How a `Func` is called."""

    name: str  # no other way has
    type: FuncType
    helper: str  # that calls what has no native code, and a number for it
    number: int
    known: Callees = ANY
    is_checked: bool = False  # whether it has to be of the type that has this number


def _call_by(c: FunctionCompiler, way: Way, func: str, arguments: list[str]) -> list[str]:
    """Call a `Func`: the results. Where many are called, that is done apart."""
    if way.known.few:
        return _call_one_of(c, way, func, arguments)
    if not c.calls_apart:
        return _call_func(c, way, func, arguments)

    def body(apart: FrameWriter, func: str, arguments: list[str]) -> list[str]:
        return _call_func(apart, way, func, arguments)

    return _results_of(c, call_apart(c, way.type, way.name, func, arguments, body))


def _call_func(c: FrameWriter, way: Way, func: str, arguments: list[str]) -> list[str]:
    """Call a `Func`: its native code if it has some and is what is called, else with a helper."""
    type_, known = way.type, way.known
    condition = is_of_type(c, func, way.number) if way.is_checked else ""
    address, is_native = native_of(c, func, condition) if known.only is None else ("", condition)
    direct, indirect, after = c.label(), c.label(), c.label()
    c.branch(is_native, direct, indirect, LIKELY if condition else "")
    c.begin(direct)
    code = Code(address, owner_of(c, func, known)) if known.only is None else Code.of(c, known.only)
    first = _native_results(c, type_, code, arguments, known.may_hand_over)
    from_first = c.block
    c.jump(after)
    c.begin(indirect)
    second = _call_by_helper(c, way, func, arguments)
    return _merged(c, type_, after, [(first, from_first), (second, c.block)])


def _call_by_helper(c: FrameWriter, way: Way, func: str, arguments: list[str]) -> list[str]:
    """Have a helper call a function, which looks whether it may be called so."""
    if way.helper != "call_function":
        c.emit(f"store i64 {c.use('reference_to', func)}, ptr {c.free_slot(HEADER_SLOTS - 1)}{c.unit.tag('frame')}")
    return _results_of(c, c.call_in_frame(way.type, way.helper, arguments, way.number))


def _call_one_of(c: FunctionCompiler, way: Way, func: str, arguments: list[str]) -> list[str]:
    """The same where it is one of a few functions of the instance, or may not be called: each is called directly.

    Processors foresee which branch is taken where they do not foresee an address, and what is short is inlined.
    """
    c.choices += 1
    after, ways = c.label(), []
    for index in way.known.few:
        direct, other = c.label(), c.label()
        is_it = c.value(f"icmp eq ptr {func}, {c.use('function_at', '%ctx', str(index))}")
        c.branch(is_it, direct, other, LIKELY if index == way.known.few[-1] else "")
        c.begin(direct)
        results = _native_results(c, way.type, Code.of(c, index), arguments, index in c.unit.handing_over)
        ways.append((results, c.block))
        c.jump(after)
        c.begin(other)
    ways.append((_call_by_helper(c, way, func, arguments), c.block))
    return _merged(c, way.type, after, ways)


def native_of(c: FrameWriter, func: str, condition: str) -> tuple[str, str]:
    """A function's native code, and whether it has some and a condition holds, if there is one."""
    code, word = c.use("native_of", func), c.unit.word
    is_native = c.value(f"icmp ne {word} {code}, 0")
    if condition:
        is_native = c.value(f"and i1 {is_native}, {condition}")
    return c.value(f"inttoptr {word} {code} to ptr"), is_native


def owner_of(c: FrameWriter, func: str, known: Callees) -> str:
    """The instance that a function belongs to."""
    if known.are_own:
        return "%ctx"
    return c.value(f"inttoptr {c.unit.word} {c.use('instance_of', func)} to ptr")


def is_of_type(c: FrameWriter, func: str, type_index: int) -> str:
    """Whether a function is of the very type that is called."""
    wanted = f"%type{type_index}" if type_index in c.types_in_loops else c.use("type_id", "%ctx", str(type_index))
    return c.value(f"icmp eq i32 {c.use('id_of_type', func)}, {wanted}")


class Place(NamedTuple):
    """What an instruction that calls through a table names."""

    type: FuncType
    type_index: int
    table: int
    element: str  # an i64


def pop_place(c: FunctionCompiler, ins: Instruction) -> Place:
    """Take the element's index from the operand stack."""
    type_index, table = (cast(int, immediate) for immediate in ins.immediates)
    type_ = c.unit.module.types[type_index]
    assert type_ is not None
    element = c.pop()
    if not c.unit.module.tables[table]:
        element = c.value(f"zext i32 {element} to i64")
    return Place(type_, type_index, table, element)


def callee_at(c: FunctionCompiler, place: Place) -> str:
    """The `Func` of a table's element, if there is one."""
    is_kept = place.table in c.tables_in_loops
    table = f"%table{place.table}" if is_kept else c.use("table_at", "%ctx", str(place.table))
    length = c.unit.module.table_lengths[place.table]
    if length is None:
        return c.use("callee_in", table, place.element)
    elements = f"%elements{place.table}" if is_kept else c.use("elements_of", table)
    return c.use("callee_among", elements, str(length), place.element)


@rule("call_indirect", calls=True)
def _call_indirect(c: FunctionCompiler, ins: Instruction) -> None:
    place = pop_place(c, ins)
    arguments = _begin_call(c, place.type)
    func, known = callee_at(c, place), callees_of(c, place.type_index)
    way = Way(f"t{place.type_index}", place.type, "call_of_type", place.type_index, known, is_checked=True)
    c.push_all(place.type.results, _call_by(c, way, func, arguments))


@rule("call_ref", calls=True)
def _call_ref(c: FunctionCompiler, ins: Instruction) -> None:
    type_index = cast(int, ins.immediates[0])
    type_ = c.unit.module.types[type_index]
    assert type_ is not None
    reference = c.pop()
    arguments = _begin_call(c, type_)
    func, known = c.use("callee_of", reference), callees_of(c, type_index)
    if known.only is not None:
        results = _native_results(c, type_, Code.of(c, known.only), arguments, known.may_hand_over)
    else:
        results = _call_by(c, Way(f"r{type_index}", type_, "call_reference", 0, known), func, arguments)
    c.push_all(type_.results, results)
