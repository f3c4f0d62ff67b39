"""The measuring instrument itself: reading answers, refusing wrong ones, ratios, the table."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from fusee.bench.engines import Engine, find_peers, parse_peer
from fusee.bench.measure import Results, Timing, WrongAnswer, measure, parse_answer, run_child, run_workload
from fusee.bench.report import document, ratio_table
from fusee.bench.workloads import WORKLOADS

FIB = WORKLOADS[0]


def printing(text: str, name: str = "parrot") -> Engine:
    """An engine that answers everything with the same words."""
    return Engine(name, "prints", lambda module, argument: [sys.executable, "-c", f"print({text!r})"])


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("14930352\n", 14930352),
        ("Result: -2\n", 4294967294),
        ("0xfffffffe:i32\n", 4294967294),
        ("loading v1.2\n7\n", 7),
        ("no number\n", None),
    ],
)
def test_every_engines_way_of_printing_is_read(output: str, answer: int | None) -> None:
    assert parse_answer(output) == answer


def test_a_wrong_answer_has_no_time() -> None:
    with pytest.raises(WrongAnswer, match="parrot gave 5 for fib, not 14930352"):
        run_workload(printing("5"), FIB)


def test_a_failing_engine_is_reported_with_its_words() -> None:
    with pytest.raises(WrongAnswer, match="ended with status 3: oh no"):
        run_child([sys.executable, "-c", "import sys; print('oh no'); sys.exit(3)"])


def test_user_time_and_memory_are_the_childs() -> None:
    run = run_child([sys.executable, "-c", "x = bytearray(50_000_000)\nfor i in range(3_000_000): pass"])
    assert run.user_seconds > 0.01
    assert run.peak_bytes > 50_000_000


def test_engines_take_turns() -> None:
    turns: list[str] = []
    engines = [printing(str(FIB.answer), "a"), printing(str(FIB.answer), "b")]
    results = measure(engines, [FIB], 2, lambda workload, engine: turns.append(engine))
    assert turns == ["a", "b", "a", "b"]
    assert [len(timing.process_seconds) for timing in results["fib"].values()] == [2, 2]


def timed(whole: float, startup: float) -> Timing:
    return Timing([whole, whole, 99.0], [startup, 0.0, startup])


RESULTS: Results = {
    "fib": {"fusee": timed(1.1, 0.1), "slow": timed(3.0, 0.0)},
    "sieve": {"fusee": timed(2.1, 0.1), "slow": timed(1.5, 0.0)},
}
ENGINES = [printing("", "fusee"), printing("", "slow")]


def test_ratios_are_of_medians_without_start_up() -> None:
    rows = document(ENGINES, RESULTS)["workloads"]
    assert [row["ratios"] for row in rows] == [{"slow": 3.0}, {"slow": 0.75}]
    assert rows[0]["fusee_seconds"] == pytest.approx(1.0)
    assert rows[0]["process_ratios"] == {"slow": 2.73}


def test_the_table_ends_with_the_geometric_mean() -> None:
    console = Console(width=120, file=io.StringIO())
    console.print(ratio_table(ENGINES, RESULTS))
    last_row = console.file.getvalue().splitlines()[-2]  # type: ignore[attr-defined]
    assert "geometric mean" in last_row
    assert "1.50×" in last_row


def test_a_peer_is_given_by_name_and_program() -> None:
    peer = parse_peer(f"wasm3-mine={sys.executable}")
    assert peer.name == "wasm3-mine"
    assert peer.command(Path("m.wasm"), 3) == [sys.executable, "--func", "run", "m.wasm", "3"]
    for wrong in ("wasm3", "v8=/bin/true", "wasm3=/no/such/program"):
        with pytest.raises(ValueError, match=r"NAME=PROGRAM|is not a program"):
            parse_peer(wrong)


def test_a_peer_given_replaces_the_one_found() -> None:
    names = [peer.name for peer in find_peers([f"wasm3={sys.executable}"])]
    assert names.count("wasm3") == 1
