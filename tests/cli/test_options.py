"""`-W` as wasmtime writes it."""

import pytest

from fusee.cli.options import WasmOptions, add_other_options, parse_wasm_options
from fusee.cli.run import environment_of


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), WasmOptions()),
        (("fuel=10",), WasmOptions(fuel=10)),
        (("fuel=10,timeout=1.5s", "max-memory-size=65536"), WasmOptions(10, 1.5, 65536)),
        (("timeout=250ms",), WasmOptions(timeout_seconds=0.25)),
        (("timeout=2m",), WasmOptions(timeout_seconds=120)),
        (("timeout=3",), WasmOptions(timeout_seconds=3)),
        (("max-table-elements=5,max-wasm-stack=65536",), WasmOptions(max_table_elements=5, max_stack_bytes=65536)),
        (("simd=n,gc,threads=y",), WasmOptions(features={"simd": False, "gc": True, "threads": True})),
    ],
)
def test_parse(texts: tuple[str, ...], expected: WasmOptions) -> None:
    assert parse_wasm_options(texts) == expected


@pytest.mark.parametrize(
    ("system", "debugging", "optimizing", "expected"),
    [
        ((), (), (), WasmOptions()),
        (("inherit-env",), ("checked",), (), WasmOptions(is_checked=True, inherits_environment=True)),
        (("inherit-env=n,cli=n",), ("checked=n",), (), WasmOptions(has_wasi=False)),
        (("preview2=n,common=y", "http=n"), (), ("opt-level=2,memory-reservation=0",), WasmOptions()),
    ],
)
def test_parse_others(
    system: tuple[str, ...], debugging: tuple[str, ...], optimizing: tuple[str, ...], expected: WasmOptions
) -> None:
    options = WasmOptions()
    add_other_options(options, system, debugging, optimizing)
    assert options == expected


@pytest.mark.parametrize(
    ("is_inherited", "expected"),
    [(False, [("B", "3"), ("A", "1"), ("C", "")]), (True, [("A", "1"), ("B", "3"), ("C", "")])],
)
def test_environment(is_inherited: bool, expected: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"A": "1", "B": "2"})
    assert environment_of(("B=3", "A", "C"), is_inherited) == expected
