"""`fusee prepare`: compile the engine before it is needed."""

import subprocess
from pathlib import Path

import click

from fusee.cli.selection import TUNE_HELP, checked, use_trees


@click.command()
@click.option("--tune", "trees", metavar="FILE", type=click.Path(path_type=Path), help=TUNE_HELP)
def prepare(trees: Path | None) -> None:
    """Compile the whole engine now, for this user and this processor: in an image for containers, or before a test run.

    Otherwise the first program runs on a small engine while the whole one is compiled in the background.
    """
    if trees is not None:
        use_trees(checked(trees), None)
    from fusee import Config, Engine
    from fusee.cli.whole import need_whole_engine

    need_whole_engine()
    config = Config()
    config.checked = False
    Engine(config)
    _prepare_native()


def _prepare_native() -> None:
    """What processes that compile programs need of the engine, where it has been tried that there are such."""
    from fusee.tier.early import is_usual

    if is_usual():
        from fusee.native.serving import keep_kernels

        keep_kernels()


def prepare_apart(trees: Path | None) -> None:
    """The same in a process of its own, for one that only starts others and measures them."""
    from fusee.bench.process import python_module

    tune = [] if trees is None else ["--tune", str(trees)]
    done = subprocess.run(python_module("fusee", "prepare", *tune), check=False)
    if done.returncode:
        raise click.ClickException("the engine could not be compiled")
