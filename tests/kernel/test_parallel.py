"""Processes that compile: what they give, and what becomes of those that do not come to an end."""

import os
import signal

import pytest

from fusee.kernel import parallel
from fusee.kernel.errors import BuildError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is done in parallel here")


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "processor_count", lambda: 2)


def test_results_come_from_other_processes() -> None:
    made = dict(parallel.run_jobs(["a", "b", "c"], lambda name: (name * 2, os.getpid())))
    assert {name: text for name, (text, _) in made.items()} == {"a": "aa", "b": "bb", "c": "cc"}
    assert os.getpid() not in {number for _, number in made.values()}


def test_an_exception_is_raised_here() -> None:
    def work(name: str) -> None:
        raise LookupError(name)

    with pytest.raises(LookupError, match=r"a|b"):
        list(parallel.run_jobs(["a", "b"], work))


@pytest.mark.parametrize(
    ("number", "what"),
    [(signal.SIGKILL, "by SIGKILL; there may have been too little memory"), (signal.SIGSEGV, "by SIGSEGV")],
)
def test_a_process_that_is_killed(number: int, what: str) -> None:
    def work(name: str) -> str:
        if name == "victim":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        return name

    with pytest.raises(BuildError, match=rf"that compiled victim was ended {what}$"):
        list(parallel.run_jobs(["other", "victim", "third"], work))


def test_a_process_that_exits() -> None:
    with pytest.raises(BuildError, match=r"was ended with exit status 3$"):
        list(parallel.run_jobs(["a", "b"], lambda name: os._exit(3)))
