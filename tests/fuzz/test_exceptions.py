"""Random programs that throw: both forms of them give what wasmtime gives, which knows only the standard's."""

import pytest

from tests.fuzz.exceptions import Legacy, Standard, program

wasmtime = pytest.importorskip("wasmtime")

ARGUMENTS = [(x, x * 77_777_777_777 - 5) for x in (-3, -1, 0, 1, 2, 3, 12345)]


def results(module: object, engine: object, wasm: bytes) -> list[int]:
    store = module.Store(engine)  # type: ignore[attr-defined]
    made = module.Instance(store, module.Module(engine, wasm), [])  # type: ignore[attr-defined]
    function = made.exports(store)["f"]
    return [function(store, *arguments) for arguments in ARGUMENTS]


@pytest.mark.parametrize(("checked", "seeds"), [(False, range(150)), (True, range(1000, 1010))], ids=["", "checked"])
def test_throwing_programs(checked: bool, seeds: range) -> None:
    import fusee

    ours, theirs = fusee.Config(), wasmtime.Config()
    ours.checked = checked
    theirs.wasm_exceptions = theirs.wasm_gc = theirs.wasm_function_references = theirs.wasm_tail_call = True
    theirs.cranelift_opt_level = "none"
    engine, other = fusee.Engine(ours), wasmtime.Engine(theirs)
    for seed in seeds:
        expected = results(wasmtime, other, program(seed))
        for form in (Standard, Legacy):
            assert results(fusee, engine, program(seed, form)) == expected, (seed, form)
