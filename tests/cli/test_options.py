"""`-W` as wasmtime writes it."""

import pytest

from fusee.cli.options import WasmOptions, parse_wasm_options


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
