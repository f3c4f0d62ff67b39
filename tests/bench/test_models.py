"""The answers of workloads that no native compiler can give, from a second program written for it: in Python."""

import itertools
import re
from collections.abc import Callable, Iterator

import pytest

from fusee.bench.workloads import find_workloads

MASK = 2**32 - 1


def randoms(state: int) -> Iterator[int]:
    """The workloads' generator of random numbers."""
    while True:
        state ^= state << 13 & MASK
        state ^= state >> 17
        state ^= state << 5 & MASK
        yield state


def fib_tail(n: int) -> int:
    numbers = [0, 1]
    while len(numbers) < 64:
        numbers.append(numbers[-1] + numbers[-2])
    total = 0
    for i in range(n, 0, -1):
        total = (total * 31 + numbers[i & 63]) & MASK
    return total


def call_ref(n: int) -> int:
    counted = 0
    is_mixing = False
    value = 0

    def mix(value: int, event: int) -> int:
        return (value ^ event) * 0x9E3779B1 & MASK

    for event in range(n):
        match (event ^ event >> 3) & 7:
            case 0 | 4:
                value = value + event & MASK
            case 1:
                value = mix(value, event)
            case 2 | 6:
                value = ((value << 7 | value >> 25) & MASK) - event & MASK
            case 3:
                is_mixing = True
                value ^= event << 3 & MASK
            case 7:
                counted, is_mixing = counted + 1, False
        if is_mixing:
            value = mix(mix(value, event), event + 1)
    return value ^ counted


def multi_memory(n: int) -> int:
    length = 16384
    text = [(i * 167 ^ i >> 5) & 255 for i in range(length)]
    substitutes = [(i * 141 + 59) & 255 for i in range(256)]
    counts, total = [0] * 256, 0
    for _ in range(n):
        turned = [substitutes[byte] for byte in text]
        for place, byte in enumerate(turned):
            counts[byte] = counts[byte] + place & MASK
        turned.reverse()
        for i, count in enumerate(counts):
            word = int.from_bytes(turned[4 * i : 4 * i + 4], "little")
            total = (total * 31 + (count ^ word)) & MASK
        text = turned[1:] + text[-1:]
    return total


def state_machine(n: int) -> int:
    text = ""
    for number in itertools.islice(randoms(123456789), 16384):
        byte = number >> 9 & 127
        text += chr(97 + (byte & 15) if number & 1 else max(byte, 32))
    kinds = r"(?P<number>[0-9]+)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<string>\"[^\"]*\"?|'[^']*'?)|(?P<other>[^ ])"
    total = 0
    for _ in range(n):
        for token in re.finditer(kinds, text):
            for value in values(token):
                total = (total * 31 + value) & MASK
    return total


def values(token: re.Match[str]) -> list[int]:
    """What the state machine mixes into its sum for a token."""
    found = token[0]
    match token.lastgroup:
        case "number":
            return [int(found) & MASK]
        case "name":
            digest = 5381
            for character in found:
                digest = (digest * 33 ^ ord(character)) & MASK
            return [digest]
        case "string":
            return [ord(character) for character in found[1:]]
    return [1 if found == "\x7f" else ord(found)]


def life(n: int) -> int:
    width, height = 64, 48
    cells = [number >> 16 & 3 == 0 for number in itertools.islice(randoms(88675123), width * height)]
    total = 0
    for _ in range(n):
        grid, cells = cells, []
        for y, x in itertools.product(range(height), range(width)):
            around = sum(grid[(y + i) % height * width + (x + k) % width] for i in (-1, 0, 1) for k in (-1, 0, 1))
            cells.append(around == 3 or (around == 4 and grid[y * width + x]))
        checksum = 0
        for alive in cells:
            checksum = (checksum * 31 + alive) & MASK
        total = (total * 31 + checksum) & MASK
    return total


def queens(n: int) -> int:
    total = 0
    for first in range(n):
        order = [(i + first) % 8 for i in range(8)]
        boards: list[tuple[int, ...]] = [()]
        tried = 0
        for row in range(8):
            tried += 8 * len(boards)
            boards = [
                (*board, column)
                for board in boards
                for column in order
                if all(column != other and abs(column - other) != row - i for i, other in enumerate(board))
            ]
        checksum = 0
        for column in itertools.chain.from_iterable(boards):
            checksum = (checksum * 31 + 97 + column) & MASK
        total = (total * 31 + checksum + tried) & MASK
    return total


@pytest.mark.parametrize("model", [fib_tail, call_ref, multi_memory, state_machine, life, queens])
def test_the_small_answer_is_the_models(model: Callable[[int], int]) -> None:
    (workload,) = find_workloads(model.__name__)
    assert model(workload.small_argument) == workload.small_answer
