"""What is chosen for a selection, from counts and from programs."""

from pathlib import Path

import pytest

from fusee.bench.real import FOLDER, Program
from fusee.bench.real.sources import Npm, PyPI
from fusee.bench.tasks import Host
from fusee.engine.isa.row import Row
from fusee.engine.isa.table import NUMBER, ROWS, SINGLES
from fusee.engine.isa.trees import Forest, parse, tree_rows
from fusee.tune import corpus
from fusee.tune.chains import Link, pattern_of
from fusee.tune.choice import Choice, Chooser, generalized
from fusee.tune.corpus import parse_program
from fusee.tune.listing import show_selection
from fusee.tune.selection import NothingToChooseError, select_trees


def row(name: str) -> Row:
    return ROWS[NUMBER[name]]


def multiply_add(place: str) -> tuple[Link, ...]:
    return Link(row("mul"), "a", place + "c"), Link(row("add"), place, "ap", 0)


def test_what_saves_most_for_a_handler_comes_first() -> None:
    chains = {multiply_add("s"): 0.1, multiply_add("p"): 0.2}
    first, second = Chooser(chains, Forest(SINGLES)).choose()
    assert (first.signature, first.saved, first.handlers) == ("spsc", 0.1, 4)
    assert (second.signature, second.saved, second.handlers) == ("pppc", 0.2, 64)


def test_trees_of_one_chain_do_not_count_twice() -> None:
    """Of a and b and c, joining all saves two dispatches, and joining a and b then nothing more."""
    chain = (Link(row("and"), "a", "sc"), Link(row("i32_shl"), "a", "ac", 0), Link(row("load32_u"), "a", "a", 0))
    choices = Chooser({chain: 0.5}, Forest(SINGLES)).choose()
    assert sum(choice.saved for choice in choices) == 1.0
    assert str(pattern_of(chain)) == "load32_u(i32_shl(and(s, c), c)) -> a"


def test_kin_fill_what_is_left() -> None:
    forest = Forest(SINGLES)
    found, _ = forest.find(parse("load32_u(add(s, c)) -> a"))
    choices = [Choice(found, "asc", 1, 0.1), Choice(found, "ppc", 16, 0.1)]
    assert [choice.signature for choice in generalized(choices, 1)] == ["asc"]
    assert {choice.signature for choice in generalized(choices, 100)} == {"asc", "apc", "psc", "ppc"}
    assert sum(choice.handlers for choice in generalized(choices, 10)) <= 10


def test_lines_are_few_and_mean_what_was_chosen() -> None:
    forest = Forest(SINGLES)
    found, signatures = forest.find(parse("load32_u(add(as, c)) -> ap"))
    choices = [Choice(found, signature, 1, 0.01) for signature in [*signatures, "spc"]]
    lines = [line for line in show_selection(choices, ["program"]) if not line.startswith("#")]
    patterns = [line.partition("#")[0].strip() for line in lines]
    assert patterns == ["load32_u(add(as, c)) -> ap", "load32_u(add(p, c)) -> s"]
    (again,) = tree_rows("x", "\n".join(lines), SINGLES)
    assert set(again.signatures) == {*signatures, "spc"}


def test_words_of_a_corpus() -> None:
    assert [program.name for program in parse_program("bench:fib")] == ["fib"]
    hold_out = {program.name for program in parse_program("bench:hold-out")}
    bench = {program.name for program in parse_program("bench")}
    unseen = {program.name for program in parse_program("bench:unseen")}
    assert hold_out and not hold_out & bench
    assert len(unseen) >= 12 and not unseen & (bench | hold_out)
    (program,) = parse_program("--dir . 'my app.wasm' --level 3")
    assert (program.name, program.arguments) == ("my app", ("--dir", ".", "my app.wasm", "--level", "3"))
    (program,) = parse_program("some/run.profile")
    assert program.profiled(Path()) == Path("some/run.profile")
    with pytest.raises(ValueError, match="no workload named 'fibb'"):
        list(parse_program("bench:fibb"))
    with pytest.raises(ValueError, match=r"no real program clock"):
        list(parse_program("real:clock"))


def test_real_programs_of_a_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    module, host = Path("some/engine-debug.wasm"), Host("some.host", "is a library")
    monkeypatch.setattr(PyPI, "find", lambda source: module)
    monkeypatch.setattr(Npm, "find", lambda source: None)
    programs = (
        Program("command", "", PyPI("a", "a"), ("-v",)),
        Program("library", "", PyPI("b", "b"), ("script",), host),
        Program("absent", "", Npm("c", "c"), ()),
    )
    monkeypatch.setattr(corpus, "PROGRAMS", programs)
    command, library = parse_program("real")
    assert (command.name, command.arguments, command.host) == ("command", ("--dir", ".", str(module), "-v"), None)
    assert (library.name, library.arguments, library.host) == ("library", (str(module), "script"), host)
    assert {command.directory, library.directory} == {FOLDER}
    assert list(parse_program("real:library")) == [library]
    with pytest.raises(ValueError, match="absent is not installed: npm install c"):
        list(parse_program("real:absent"))


def test_programs_that_execute_nothing_leave_nothing_to_choose(tmp_path: Path) -> None:
    with pytest.raises(NothingToChooseError, match="no expression"):
        select_trees({}, 100, tmp_path)
