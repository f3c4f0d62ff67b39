"""Every workload's answers, from Fusee and from an engine that has nothing in common with it."""

import pytest

import fusee
from fusee.bench.workloads import (
    EVERY_WORKLOAD,
    MANAGED_WORKLOADS,
    UNSEEN_WORKLOADS,
    VECTOR_WORKLOADS,
    WITH_VECTORS,
    WORKLOADS,
    Language,
    Proposal,
    Workload,
    find_workloads,
)
from tests.bench.independent import check_with_wasmtime

workloads = pytest.mark.parametrize("workload", EVERY_WORKLOAD, ids=lambda workload: workload.name)


@workloads
def test_fusee_gives_the_small_answer(workload: Workload) -> None:
    engine = fusee.Engine()
    store = fusee.Store(engine)
    instance = fusee.Instance(store, fusee.Module.from_file(engine, str(workload.path)), [])
    run = instance.exports(store)["run"]
    assert isinstance(run, fusee.Func)
    assert run(store, workload.small_argument) % 2**32 == workload.small_answer


KNOWN_TO_WASMTIME = [w for w in EVERY_WORKLOAD if Proposal.LEGACY_EXCEPTIONS not in w.proposals]
# The unseen ones are left to `python -m tests.bench.unseen`, which asks native code, too.
ASKED_OF_WASMTIME = [w for w in KNOWN_TO_WASMTIME if w not in UNSEEN_WORKLOADS]


@pytest.mark.parametrize("workload", ASKED_OF_WASMTIME, ids=lambda workload: workload.name)
def test_wasmtime_gives_both_answers(workload: Workload) -> None:
    pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    check_with_wasmtime(workload)


def test_some_of_every_language_are_held_out() -> None:
    held_out = {workload.name for workload in WORKLOADS if workload.hold_out}
    assert held_out == {"convolution", "lz", "raytracer", "regex", "tracker", "validator", "vtable_bi"}
    assert {workload.language for workload in WORKLOADS if workload.hold_out} >= {"C", "C++", "Rust"}


def test_workloads_are_found_by_name_in_the_order_given() -> None:
    assert [workload.name for workload in find_workloads("sha256, fib")] == ["sha256", "fib"]
    assert find_workloads(None) == list(WORKLOADS)
    assert find_workloads("simd") == list(VECTOR_WORKLOADS)
    assert find_workloads("gc") == list(MANAGED_WORKLOADS)
    assert find_workloads("unseen") == list(UNSEEN_WORKLOADS)
    assert [workload.name for workload in find_workloads("dot_simd,fib")] == ["dot_simd", "fib"]
    with pytest.raises(ValueError, match="no workload named 'fob'; there are fib, sieve"):
        find_workloads("fib,fob")


def test_of_programs_for_vectors_there_are_two_builds() -> None:
    names = {workload.name for workload in VECTOR_WORKLOADS}
    scalar = {name for name in names if not name.endswith(WITH_VECTORS)}
    assert names == scalar | {name + WITH_VECTORS for name in scalar}
    for workload in VECTOR_WORKLOADS:
        assert (Proposal.SIMD in workload.proposals) == workload.name.endswith(WITH_VECTORS)
    assert sum(workload.hold_out for workload in VECTOR_WORKLOADS) * 3 >= len(names)


def test_of_programs_in_the_older_form_of_exceptions_there_are_two_builds() -> None:
    config = fusee.Config()
    config.wasm_legacy_exceptions = False
    engine = fusee.Engine(config)
    for workload in (w for w in MANAGED_WORKLOADS if Proposal.LEGACY_EXCEPTIONS in w.proposals):
        (twin,) = (w for w in MANAGED_WORKLOADS if w.source == workload.source and w is not workload)
        assert twin in KNOWN_TO_WASMTIME
        assert (twin.answer, twin.small_answer) == (workload.answer, workload.small_answer)
        with pytest.raises(fusee.ProposalError, match="legacy"):
            fusee.Module.from_file(engine, str(workload.path))


def test_a_third_of_the_programs_with_objects_is_held_out() -> None:
    programs = [workload for workload in MANAGED_WORKLOADS if workload.source_name != "throw"]
    assert {workload.language for workload in programs} == {"C", "C++", "Java", "Kotlin", "MoonBit", "WebAssembly text"}
    assert sum(workload.hold_out for workload in programs) * 3 >= len(programs)


def test_the_unseen_programs_are_held_out_and_compiled_in_many_ways() -> None:
    assert len(UNSEEN_WORKLOADS) >= 12
    assert all(workload.hold_out and not workload.proposals for workload in UNSEEN_WORKLOADS)
    languages = {Language.C, Language.CPP, Language.RUST, Language.ZIG, Language.ASSEMBLYSCRIPT}
    assert {workload.language for workload in UNSEEN_WORKLOADS} == languages
    assert {workload.optimization for workload in UNSEEN_WORKLOADS} == {"", "0", "2", "3", "s", "z"}
    assert not {w.source for w in UNSEEN_WORKLOADS} & {w.source for w in EVERY_WORKLOAD if w not in UNSEEN_WORKLOADS}
