"""`fusee bench`: time the workloads under Fusee and under every peer that this machine has."""

import json
from pathlib import Path

import click
from rich.console import Console

from fusee.bench.engines import find_peers, fusee_engine
from fusee.bench.measure import Results, WrongAnswer, measure
from fusee.bench.report import document, ratio_table
from fusee.bench.workloads import find_workloads


@click.command("bench")
@click.option("--workloads", metavar="NAME,…", help="Only these workloads.")
@click.option("--peers", "names", metavar="NAME,…", help="Only these of the peers found; an empty list for none.")
@click.option("--peer", "programs", metavar="NAME=PROGRAM", multiple=True, help="A wasm3 or iwasm not on the PATH.")
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of each pair.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the numbers to this file.")
def bench(
    workloads: str | None, names: str | None, programs: tuple[str, ...], repetitions: int, json_path: Path | None
) -> None:
    """Compare Fusee's speed with its peers' on small programs with known answers.

    Each run is a process of its own, timed from outside in user time, all engines in turn; the table shows medians.
    """
    try:
        chosen = find_workloads(workloads)
        peers = find_peers(programs)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if names is not None:
        wanted = {name.strip() for name in names.split(",")}
        peers = [peer for peer in peers if peer.name in wanted]
    engines = [fusee_engine(), *peers]
    console = Console()
    results: Results = {}
    with console.status("starting") as status:
        try:
            results = measure(engines, chosen, repetitions, lambda w, engine: status.update(f"{w} under {engine}"))
        except WrongAnswer as error:
            raise click.ClickException(str(error)) from error
    console.print(ratio_table(engines, results))
    for engine in engines:
        console.print(f"[bold]{engine.name}[/]: {engine.description}", highlight=False)
    if json_path:
        json_path.write_text(json.dumps(document(engines, results), indent=2) + "\n")
