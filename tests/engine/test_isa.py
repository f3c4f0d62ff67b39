"""The register instruction set: numbers, names, forms, and the layout of cells."""

import random
import subprocess
import sys

import pytest

from fusee.engine.isa.comb import KEYS
from fusee.engine.isa.facts import facts_of
from fusee.engine.isa.forms import (
    ACC,
    ACC_ONLY,
    ACC_OR_SLOT,
    CONST,
    EVERYWHERE,
    FORM_NAMES,
    LATE_STEP,
    NO_RESULT,
    NOWHERE,
    PIN,
    PINS,
    READ_CONST,
    SLOT,
    STEP,
    STEP_AND,
    WITH_CONST,
    expand,
)  # fmt: skip
from fusee.engine.isa.pairs import ALL_HANDLERS, LISTED, NO_PAIR, PAIRS, named_by
from fusee.engine.isa.row import SLOT_FIELD_BYTES, Row, cell
from fusee.engine.isa.table import (
    ELSEWHERE,
    HANDLER_COUNT,
    NUMBER,
    ROWS,
    SINGLES,
    SOURCES_MASK,
    forms_of,
    handlers,
)  # fmt: skip
from fusee.engine.state.code import CODE_START
from fusee.engine.translate.actions import without_row
from fusee.engine.translate.buffers import take_translator
from fusee.engine.translate.encode import LARGEST_CELL_BYTES, add_source, clear_label, encode, reserve_code
from fusee.engine.translate.lookup import find_pair, has_signature, has_sources
from fusee.engine.translate.records import MOST_IMMEDIATES, Ins
from fusee.kernel.arena import new, new_array, simulate
from fusee.kernel.lang import address, u8, u16, u32, u64, usize
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec import opcodes
from fusee.spec.op import Op
from tests.engine.simulated_world import World

FIELD_BYTES = {"slot": SLOT_FIELD_BYTES, "u32": 4, "u64": 8}
CONSTANT_BYTES = {"i32": 4, "i64": 4, "f32": 4, "f64": 8, "v128": 16}
VECTORS = bytes(range(16, 64))  # the source, where constants that are vectors stay


def test_numbers_name_handlers_both_ways() -> None:
    assert [forms_of(number) for number in range(HANDLER_COUNT)] == handlers()


def test_names_are_unique() -> None:
    names = [row.handler_name(destination, forms) for row, destination, forms in handlers()]
    assert len(set(names)) == len(names)


def test_the_grammar_of_names_can_be_read_back() -> None:
    """`<type>_<op>_<operand forms>`: the forms are at the end, as many as there are operands with a place."""
    for row, destination, forms in handlers():
        letters = [FORM_NAMES[form] for form in (destination, *forms) if form != NOWHERE]
        name = row.handler_name(destination, forms)
        assert name.split("_")[len(name.split("_")) - len(letters) :] == letters


def test_handlers_are_found_by_their_signatures() -> None:
    for row in {int(facts_of(u32(number))): row for number, row in enumerate(ROWS)}.values():
        facts, keys = facts_of(u32(NUMBER[row.name])), {key_of(signature) for signature in row.signatures}
        assert {key for key in range(KEYS) if key < ELSEWHERE and has_signature(facts, u32(key))} == keys
        sources = {key & SOURCES_MASK for key in keys}
        assert {key for key in range(SOURCES_MASK + 1) if has_sources(facts, u32(key))} == sources


def key_of(signature: str) -> int:
    """Two bits for each source and the destination, which comes first."""
    codes = [max(READ_CONST.find(letter), 0) for letter in signature]
    return sum(code << 2 * place for place, code in enumerate(codes[1:])) | codes[0] << 6


def last_places(row: Row) -> str:
    """Where `legalize` ends if nothing else helps: operands are in slots, unless the row wants them elsewhere."""
    needed = {row.shape.place_of(letter): letter for letter in "ac"}
    return "".join(needed.get(n + 1, "s") for n in range(len(row.sources)))


def test_pairs_are_found_by_the_numbers_of_their_handlers() -> None:
    """Each of them, the last of its neighbours in the table as well as the first; and nothing that is no pair."""
    numbers = {placed: number for number, placed in enumerate(handlers())}
    keys = {(numbers[first], numbers[second]): HANDLER_COUNT + place for place, (first, second) in enumerate(PAIRS)}
    assert set(PAIRS) == set(LISTED)
    assert len(keys) == ALL_HANDLERS - HANDLER_COUNT
    choose = random.Random(3)
    for first, second in choose.sample(sorted(keys), min(400, len(keys))):
        number = keys[first, second]
        assert find_pair(u32(first), u32(second)) == number
        assert numbers[named_by(number)] == first
        for other in (choose.randrange(HANDLER_COUNT), second - 1, HANDLER_COUNT - 1, 0):
            assert find_pair(u32(first), u32(other)) == keys.get((first, other), NO_PAIR)


def test_operands_that_were_moved_have_a_handler() -> None:
    rows = [row for row in SINGLES if row.shape not in (WITH_CONST, STEP, STEP_AND, LATE_STEP)]
    assert [row.name for row in rows if last_places(row) not in row.shape.combinations] == []


def test_rows_with_a_constant_take_every_other_operand() -> None:
    """`normalize` uses them only for constants that fit."""
    assert WITH_CONST.combinations == ("ac", "pc", "sc")


def test_steps_take_every_local_and_every_operand_outside_of_the_accumulator() -> None:
    """`emit_branch` uses them only for a local, with a constant, and a second operand that is not in `acc`."""
    assert STEP.combinations == ("pc", "sc")
    assert STEP_AND.combinations == ("pcp", "pcs", "pcc", "scp", "scs", "scc")


def test_late_steps_take_and_give_every_local() -> None:
    """`emit_late_step` uses them only for two locals, with constants."""
    assert LATE_STEP.combinations == ("pcc", "scc")
    late = [row for row in SINGLES if row.shape == LATE_STEP]
    assert late and {row.destinations for row in late} == {"ps"}
    assert {signature for row in late for signature in row.signatures} == {"ppcc", "pscc", "spcc", "sscc"}


def test_results_can_always_go_to_the_accumulator() -> None:
    """And single operations are complete: where an operand may be does not depend on where the result goes, unless the
    row says so."""
    for row in SINGLES:
        if row.shape == LATE_STEP:  # its result is where it was moved to
            continue
        assert row.destinations in (EVERYWHERE, ACC_OR_SLOT, ACC_ONLY, NO_RESULT)
        assert bool(row.result) == (row.destinations != NO_RESULT)


def test_a_letter_stands_for_every_pin() -> None:
    found = expand("pp", mirrored=1)
    assert found == [(PIN + first, PIN + second) for second in range(PINS) for first in range(second + 1)]
    assert expand("apc") == [(int(ACC), PIN + pin, int(CONST)) for pin in range(PINS)]


def test_rows_have_unlike_numbers() -> None:
    assert len(NUMBER) == len(ROWS)
    assert all(len(row.immediates) <= MOST_IMMEDIATES for row in ROWS)


def layouts() -> list[tuple[Row, int, tuple[int, ...]]]:
    """One handler for each way in which cells are laid out."""
    found = {}
    for row, destination, forms in handlers():
        sources = [(kind, form) for kind, form in zip(row.sources, forms, strict=True) if form in (SLOT, CONST)]
        found[row.immediates, tuple(sources), len(forms), destination == SLOT] = row, destination, forms
    return list(found.values())


def filled(row: Row, destination: int, forms: tuple[int, ...]) -> Ins:
    """An instruction with something else in each field."""
    i = new(Ins)
    i.row, i.destination, i.slot = u16(NUMBER[row.name]), u8(destination), u16(0xDDDD)
    for place, form in enumerate(forms):
        is_vector = form == CONST and row.sources[place] == "v128"
        add_source(i, u32(place), u32(form), u64(16 * place if is_vector else 0x1111_2222_3333_4444 + place))
    for place in range(len(row.immediates)):
        i.immediates[place] = u64(0x5555_6666_7777_8888 + place)
    i.immediate_count = u16(len(row.immediates))
    return i


def check_fields(code: bytes, row: Row, destination: int, forms: tuple[int, ...], width: int) -> None:
    """Every field is where `cell` says, and holds what `filled` has put there."""
    fields = cell(row, destination, forms, width)
    for place, (kind, at) in enumerate(zip(row.immediates, fields.immediates, strict=True)):
        if kind != "label":
            size = FIELD_BYTES.get(kind, width)
            assert code[at : at + size] == (0x5555_6666_7777_8888 + place).to_bytes(8, "little")[:size]
    for place, (form, at) in enumerate(zip(forms, fields.sources, strict=True)):
        size = SLOT_FIELD_BYTES if form == SLOT else CONSTANT_BYTES[row.sources[place]] if form == CONST else 0
        is_vector = form == CONST and row.sources[place] == "v128"
        held = VECTORS[16 * place :] if is_vector else (0x1111_2222_3333_4444 + place).to_bytes(8, "little")
        assert code[at : at + size] == held[:size]
    if destination == SLOT:
        assert code[fields.result : fields.result + SLOT_FIELD_BYTES] == b"\xdd\xdd".ljust(SLOT_FIELD_BYTES, b"\0")


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
def test_cells_are_encoded_as_they_are_laid_out(target: Target) -> None:
    with simulate(target):
        t = take_translator(World().engine)
        t.handlers = new_array(usize, ALL_HANDLERS)
        t.code_limit = u32(1 << 16)
        t.reader.source = new_array(u8, len(VECTORS))
        for at, byte in enumerate(VECTORS):
            t.reader.source[at] = u8(byte)
        for row, destination, forms in layouts():
            t.code_bytes, t.fixup_count = u32(CODE_START), u32(0)
            reserve_code(t, u32(LARGEST_CELL_BYTES))
            clear_label(t.around)
            i = filled(row, destination, forms)
            i.label = address(t.around)
            encode(t, i)
            code = read_bytes(t.code, t.code_bytes)[CODE_START:]
            fields = cell(row, destination, forms, target.pointer_width)
            assert len(code) == fields.size <= LARGEST_CELL_BYTES, row.handler_name(destination, forms)
            check_fields(code, row, destination, forms, target.pointer_width)
            places = [at for at, kind in zip(fields.immediates, row.immediates, strict=True) if kind == "label"]
            assert [int(t.fixups[n].at) - CODE_START for n in range(int(t.fixup_count))] == places


ON_A_WATCH = """
from fusee.engine.isa.selection import SPEED, choose
choose(SPEED)
from tests.engine.test_isa import ILP32, LP64, SLOT_FIELD_BYTES, test_cells_are_encoded_as_they_are_laid_out
assert SLOT_FIELD_BYTES == 4
for target in (ILP32, LP64):
    test_cells_are_encoded_as_they_are_laid_out(target)
"""


def test_so_are_those_with_wide_fields() -> None:
    subprocess.run([sys.executable, "-c", ON_A_WATCH], check=True)


def test_an_instruction_without_a_row_is_named() -> None:
    """Who adds one and forgets its operand forms is told so when the engine is imported."""
    forgotten = Op(0xFC_01E, "i32.byte_swap", ("i32",), ("i32",))
    assert without_row([opcodes.I32_CLZ, opcodes.NOP, opcodes.CALL, forgotten]) == ["i32.byte_swap"]
