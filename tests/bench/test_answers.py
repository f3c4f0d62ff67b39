"""Reading what engines print, and whether they agree."""

import pytest

from fusee.bench.answers import Numbers, Output, WrongAnswer, answer_of, numbers_in
from fusee.bench.process import Run


def run(output: str = "", errors: str = "", status: int = 0) -> Run:
    """A process that has ended."""
    return Run(0.0, 0.0, 0, status, output.encode(), errors.encode())


@pytest.mark.parametrize(
    ("output", "numbers"),
    [
        ("14930352\n", (14930352,)),
        ("Result: -2\n", (-2,)),
        ("0xfffffffe:i32\n", (0xFFFFFFFE,)),
        ("0x3:i32,0x4:i64", (3, 4)),
        ("loading v1.2\n7\n", (7,)),
        ("Result: 1.500000\n1e-7", (1.5, 1e-7)),
        ("no number\n", ()),
    ],
)
def test_every_engines_way_of_printing_is_read(output: str, numbers: tuple[int | float, ...]) -> None:
    assert numbers_in(output.encode()) == numbers


@pytest.mark.parametrize(
    ("expected", "output"),
    [
        ((4294967294,), "Result: -2"),
        ((-2,), "0xfffffffffffffffe:i64"),
        ((1 / 3,), "0.333333"),
        ((4,), "4.000000:f64"),
        ((float("nan"),), "-nan:f32"),
        ((1, 2), "called with 7\n1\n2\n"),
        ((), "whatever 7"),
    ],
)
def test_values_agree_however_they_are_printed(expected: tuple[int | float, ...], output: str) -> None:
    assert Numbers(expected).difference(run(output)) == ""


def test_wasm3_prints_results_where_others_print_errors() -> None:
    assert Numbers((7,)).difference(run("8 from the program itself", "Result: 7")) != ""
    assert Numbers((7,)).difference(run("", "Result: 7")) == ""


@pytest.mark.parametrize("output", ["3", "4.1", "", "0x100000004:i64", "5 4 3"])
def test_other_values_do_not(output: str) -> None:
    assert Numbers((4,)).difference(run(output)).endswith("instead of 4")


def test_a_failed_process_has_no_result_whatever_it_printed() -> None:
    assert Numbers((4,)).difference(run("4", "trap: unreachable\nat 3", 134)) == "trap: unreachable"


def test_a_command_is_compared_by_output_and_status() -> None:
    said = answer_of(run("tick\n", "noise", 2), is_command=True)
    assert said == Output(b"tick\n", 2)
    assert said.difference(run("tick\n", "other noise", 2)) == ""
    assert "status 0" in said.difference(run("tick\n"))


def test_a_process_that_just_fails_answers_nothing() -> None:
    for is_command in (True, False):
        with pytest.raises(WrongAnswer, match="no such file"):
            answer_of(run(errors="no such file", status=1), is_command)
