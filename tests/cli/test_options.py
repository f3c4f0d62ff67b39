"""`-W` as wasmtime writes it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fusee.cli.execution import environment_of, wasi_config
from fusee.cli.options import WasmOptions, add_other_options, parse_wasm_options
from fusee.wasi import WasiConfig, WasiContext
from fusee.wasi.descriptors import Directory


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), {}),
        (("fuel=10",), {"fuel": 10}),
        (("fuel=10,timeout=1.5s", "max-memory-size=9"), {"fuel": 10, "timeout_seconds": 1.5, "max_memory_bytes": 9}),
        (("timeout=250ms",), {"timeout_seconds": 0.25}),
        (("timeout=2m",), {"timeout_seconds": 120}),
        (("timeout=3",), {"timeout_seconds": 3}),
        (("max-table-elements=5,max-wasm-stack=65536",), {"max_table_elements": 5, "max_stack_bytes": 65536}),
        (("simd=n,gc,threads=y",), {"features": {"simd": False, "gc": True, "threads": True}}),
    ],
)
def test_parse(texts: tuple[str, ...], expected: dict[str, Any]) -> None:
    assert vars(parse_wasm_options(texts)) == {**vars(WasmOptions()), **expected}


@pytest.mark.parametrize(
    ("system", "debugging", "optimizing", "expected"),
    [
        ((), (), (), {}),
        (("inherit-env",), ("checked",), (), {"is_checked": True, "inherits_environment": True}),
        (("inherit-env=n,cli=n",), ("checked=n",), (), {"has_wasi": False}),
        (("preview2=n,common=y", "http=n"), (), ("opt-level=2,memory-reservation=0",), {"network": {"http": False}}),
        (("inherit-network,udp=n",), (), (), {"network": {"inherit-network": True, "udp": False}}),
    ],
)
def test_parse_others(
    system: tuple[str, ...], debugging: tuple[str, ...], optimizing: tuple[str, ...], expected: dict[str, Any]
) -> None:
    options = WasmOptions()
    add_other_options(options, system, debugging, optimizing)
    assert vars(options) == {**vars(WasmOptions()), **expected}


@pytest.mark.parametrize(
    ("system", "uses", "looks_up"),
    [
        ((), "", False),
        (("tcp,udp,http",), "", False),
        (("inherit-network",), "tcp udp", False),
        (("inherit-network,udp=n", "allow-ip-name-lookup"), "tcp", True),
        (("inherit-network=n,allow-ip-name-lookup=n",), "", False),
    ],
)
def test_the_network_is_closed_until_it_is_opened(system: tuple[str, ...], uses: str, looks_up: bool) -> None:
    options, config = WasmOptions(), WasiConfig()
    add_other_options(options, system, (), ())
    options.open_network(config)
    network = WasiContext(config).network
    assert {use[:3] for use in ("tcp-bind", "udp-bind") if network.allows(use, "127.0.0.1", 1)} == set(uses.split())
    assert network.allows_lookup is looks_up


def test_a_limit_of_nothing_is_one() -> None:
    options, limits = parse_wasm_options(("max-memory-size=0,max-table-elements=0",)), []
    store: Any = SimpleNamespace(set_limits=lambda **given: limits.append(given))
    options.limit(store, store)
    assert limits == [{"memory_size": 0, "table_elements": 0}]


def test_directories_have_the_names_that_are_given(tmp_path: Path) -> None:
    with WasiContext(wasi_config(("program",), (f"{tmp_path}::/data", str(tmp_path), f"{tmp_path}::"))) as context:
        found = [d.preopen.decode() for d in context.descriptors.values() if isinstance(d, Directory) and d.preopen]
    assert found == ["/data", str(tmp_path), str(tmp_path)]


@pytest.mark.parametrize(
    ("is_inherited", "expected"),
    [(False, [("B", "3"), ("A", "1")]), (True, [("A", "1"), ("B", "3")])],
)
def test_environment(is_inherited: bool, expected: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"A": "1", "B": "2"})
    assert environment_of(("B=3", "A", "C"), is_inherited) == expected
