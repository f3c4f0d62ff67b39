"""`python -m tests.guard`: compare with the baselines, and fail on a rise. `--record` writes them anew instead."""

import argparse
import sys
from collections.abc import Sequence

from tests.guard.compare import TOLERANCE, compare, read_baselines, write_baselines
from tests.guard.measure import measure


def is_to_record(arguments: Sequence[str]) -> bool:
    """What the command line asks for; with anything else it says how it is called, and ends."""
    parser = argparse.ArgumentParser("python -m tests.guard", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the baselines anew")
    return bool(parser.parse_args(arguments).record)


def main(arguments: Sequence[str]) -> int:
    """Show what has changed; 1 if something has grown."""
    is_recording = is_to_record(arguments)
    numbers = measure()
    if is_recording:
        write_baselines(numbers)
        return 0
    changes = compare(read_baselines(), numbers)
    for change in changes:
        print("ROSE" if change.is_rise else "    ", change)
    rises = sum(change.is_rise for change in changes)
    print(f"{rises} of {sum(map(len, numbers.values()))} numbers rose by more than {TOLERANCE:.0%} or are new or gone")
    if rises:
        print("If that is worth it: python -m tests.guard --record")
    return 1 if rises else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
