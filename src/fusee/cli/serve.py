"""`fusee serve`: a component answers HTTP requests."""

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusee.cli.errors import usage_error
from fusee.cli.execution import environment_of, wasi_config
from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import WasmOptions, add_other_options, parse_wasm_options

if TYPE_CHECKING:
    from fusee import Store, WasiConfig


@click.command()
@click.option("--addr", "address", metavar="HOST:PORT", default="127.0.0.1:8080", show_default=True,
              help="Where to listen; port 0 is any that is free.")  # fmt: skip
@click.option("--dir", "directories", metavar="HOST[::GUEST]", multiple=True, help="Give the program a directory.")
@click.option("--env", "variables", metavar="NAME[=VALUE]", multiple=True,
              help="Set an environment variable, or pass on one of this process's.")  # fmt: skip
@click.option("-W", "--wasm", "options", metavar="NAME=VALUE,…", multiple=True,
              help="fuel=N (of each request), max-memory-size=BYTES, max-table-elements=N, or a feature.")  # fmt: skip
@click.option("-S", "--wasi", "system", metavar="NAME[=y|n],…", multiple=True,
              help="inherit-env, inherit-network, allow-ip-name-lookup; http: let it send requests, too.")  # fmt: skip
@click.argument("file", type=click.Path(path_type=Path))
def serve(
    address: str, directories: tuple[str, ...], variables: tuple[str, ...], options: tuple[str, ...],
    system: tuple[str, ...], file: Path,
) -> None:  # fmt: skip
    """Serve the component in FILE, which exports `wasi:http/handler`. Every request gets an instance."""
    limits = parse_wasm_options(options)
    add_other_options(limits, system, (), ())
    if limits.timeout_seconds is not None:
        raise usage_error("-W timeout: not for serve")
    place, source = _parse_address(address), ModuleFile.read(file)
    from fusee import Store
    from fusee.component import Linker
    from fusee.wasi.p2.http.server import ProxyServer
    from fusee.wasi.p3.http.server import handler_of

    engine = make_engine(limits.configure)
    component, linker = source.compile_component(engine), Linker(engine)
    linker.add_wasip2()
    linker.add_wasip3()
    linker.add_wasi_http()

    def make_store() -> Store:
        store = Store(engine)
        _set_wasi(store, wasi_config((file.name,), directories), variables, limits)
        limits.limit(engine, store)
        return store

    with ProxyServer(place, handler_of(linker, component, make_store)) as server:
        host, port = server.server_address[:2]
        print(f"Serving HTTP on http://{host!s}:{port}/", flush=True)
        with suppress(KeyboardInterrupt):  # which is how it ends
            server.serve_forever()


def _set_wasi(store: "Store", config: "WasiConfig", variables: tuple[str, ...], limits: WasmOptions) -> None:
    """Give a request's instance the system that the options describe."""
    config.omit_stream(0)  # requests have bodies; nobody knows which of them would get this process's input
    config.env = environment_of(variables, limits.inherits_environment)
    limits.open_network(config)
    store.set_wasi(config)
    if limits.network.get("http"):
        store.set_wasi_http()


def _parse_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 0xFFFF:
        raise usage_error(f"--addr {text}: expected HOST:PORT")
    return host, int(port)
