"""`--tune FILE`: an engine with the trees of a selection that `fusee tune` has made."""

from pathlib import Path

from fusee.cli.modules import parse_target

TUNE_HELP = "The trees of this selection, made by `fusee tune`, instead of the default ones."


def use_trees(path: Path, target: str | None) -> None:
    """Make this process's engine, or the one for a target, one with the trees of a file; errors name its line."""
    from fusee.engine.isa.selection import HOST, choose, shipped

    machine = HOST if target is None else shipped(parse_target(target))
    choose(machine.tuned(checked(path)))
    from fusee.engine.isa.trees import PatternError

    try:
        import fusee.engine.isa.table  # noqa: F401  # reads the file
    except PatternError as error:
        import click

        raise click.ClickException(str(error)) from None


def checked(path: Path) -> Path:
    """The absolute path of a file that can be read. Raises OSError."""
    path.read_bytes()
    return path.resolve()
