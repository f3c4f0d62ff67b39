"""`fusee isa`: the instruction set of the register machine."""

import click


@click.command()
def isa() -> None:
    """Show all instructions of the register machine with the operand forms in which they exist."""
    from fusee.disasm.instructions import show_instructions

    for line in show_instructions():
        click.echo(line)
