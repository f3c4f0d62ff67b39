"""Finding peers, and how each is called."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fusee.bench.engines import device_engine, fusee_engine, wasmtime_engine
from fusee.bench.peers import PROGRAMS, choose_peers, find_peers, parse_peer
from fusee.bench.process import python_module, run_child
from fusee.bench.tasks import Host, Task

CALL = Task(Path("m.wasm"), "beat", ("3",))
COMMAND = Task(Path("m.wasm"), None, ("-v",), Path("/somewhere"))


def test_a_peer_is_given_by_name_and_program() -> None:
    peer = parse_peer(f"wasm3-mine={sys.executable}")
    assert peer.name == "wasm3-mine"
    assert peer.version.startswith("Python 3")
    assert peer.command(CALL) == [sys.executable, "--stack-size", "1048576", "--func", "beat", "m.wasm", "3"]
    for wrong in ("wasm3", "v8=/bin/true", "wasm3=/no/such/program"):
        with pytest.raises(ValueError, match=r"NAME=PROGRAM|is not a program"):
            parse_peer(wrong)


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - {"silverfir"}))
def test_every_kind_of_program_is_given_module_export_and_arguments(name: str) -> None:
    peer = parse_peer(f"{name}={sys.executable}")
    assert {"m.wasm", "beat", "3"} <= set(peer.command(CALL))
    assert peer.command(CALL)[-1] == "3"
    assert peer.command(COMMAND)[-2:] == ["m.wasm", "-v"]
    assert peer.load is not None
    assert peer.load(CALL, 1) == peer.command(CALL)
    assert "m.wasm" in peer.load(Task(CALL.module), 1)
    assert "MODULE" in peer.flags


def test_silverfir_runs_commands_only() -> None:
    peer = parse_peer(f"silverfir={sys.executable}")
    assert peer.commands_only
    assert peer.command(COMMAND)[1:] == ["--interp", "m.wasm", "-v"]
    assert peer.flags.endswith("--interp MODULE ARGUMENT")


def test_a_program_may_have_one_of_several_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "wasmi_cli"
    program.write_text("#!/bin/sh\necho wasmi_cli 1.0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    wasmi = next(peer for peer in find_peers() if peer.name == "wasmi")
    assert wasmi.command(CALL) == [str(program), "--invoke", "beat", "m.wasm", "3"]


def test_fusee_is_called_as_its_users_call_it() -> None:
    """Who want its interpreter alone: what is compiled while a program runs has a column of its own."""
    run = python_module("fusee", "run", "-C", "compiler=interpreter", "--invoke", "beat", "m.wasm", "3")
    assert fusee_engine().command(CALL) == run
    run = python_module("fusee", "run", "-C", "compiler=interpreter", "--dir", ".", "m.wasm", "-v")
    assert fusee_engine().command(COMMAND) == run


def test_a_host_is_told_the_engine_the_module_and_the_arguments() -> None:
    task = replace(COMMAND, host=Host("some.host", "is a library"))
    assert fusee_engine().command(task) == python_module("some.host", "fusee", "m.wasm", "-v")
    pytest.importorskip("wasmtime", reason="a peer: pip install wasmtime")
    pulley = wasmtime_engine("pulley", "pulley64")
    assert pulley.command(task) == python_module("some.host", "pulley64", "m.wasm", "-v")


def test_a_selection_is_used_by_hosts_too() -> None:
    task = replace(COMMAND, host=Host("some.host", "is a library"))
    command = fusee_engine(Path("/some/trees.txt")).command(task)
    assert command[:2] == ["env", "FUSEE_TUNE=/some/trees.txt"]
    assert command[2:] == fusee_engine().command(task)


def test_a_device_counts() -> None:
    command = device_engine("arm64_32-apple-watchos").command(CALL)
    assert command[4:8] == ["run", "--target", "arm64_32-apple-watchos", "--count"]


def test_a_peer_given_replaces_the_one_found() -> None:
    names = [peer.name for peer in find_peers([f"wasm3={sys.executable}"])]
    assert names.count("wasm3") == 1


def test_peers_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    given = [f"wasm3={sys.executable}", f"iwasm={sys.executable}"]
    assert [peer.name for peer in choose_peers("iwasm,wasm3", given)] == ["iwasm", "wasm3"]
    assert choose_peers("", given) == []
    with pytest.raises(ValueError, match=r"no peer named 'wasm4' was found; there are .*wasm3, iwasm"):
        choose_peers("wasm4", given)


def test_native_code_is_a_peer_that_is_named() -> None:
    assert not {"native", "tiered"} & {peer.name for peer in choose_peers(None)}
    native, cold = choose_peers("native,tiered-cold")
    run = python_module("fusee", "run", "-C", "compiler=native", "--invoke", "beat", "m.wasm", "3")
    assert native.command(CALL) == run
    assert cold.command(CALL) == python_module(
        "fusee.native.apart", "fusee", "run", "-C", "compiler=tiered", "--invoke", "beat", "m.wasm", "3"
    )
    assert cold.name == "tiered-cold"
    assert native.refusal(replace(CALL, host=Host("some.host", "is a library"))) == "is a library"


def test_a_program_apart_finds_the_engine_but_no_native_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("images", "native", "tier", "batch"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "kept").write_text(kind)
    monkeypatch.setenv("FUSEE_CACHE", str(tmp_path))
    (tmp_path / "program.py").write_text(
        "import os, sys; cache = os.environ['FUSEE_CACHE']; kept = open(cache + '/images/kept')\n"
        "print(sorted(os.listdir(cache)), kept.read(), *sys.argv[1:], cache); raise SystemExit(3)"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    run = run_child(python_module("fusee.native.apart", "program", "-x", "1"))
    *found, cache = run.output.decode().split()
    assert (run.status, found) == (3, ["['images']", "images", "-x", "1"])
    assert not os.path.exists(cache)
    assert (tmp_path / "tier" / "kept").exists()
