"""What programs are given that check one seed after the other."""

import argparse
from collections.abc import Sequence


def first_and_count(description: str | None, arguments: Sequence[str] | None = None) -> tuple[int, int]:
    """FIRST and COUNT of a command line; with anything else it says how the program is called, and ends."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("first", type=int, metavar="FIRST", help="the first seed")
    parser.add_argument("count", type=int, metavar="COUNT", help="how many there are")
    given = parser.parse_args(arguments)
    return given.first, given.count
