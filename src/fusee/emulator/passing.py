"""How arguments and results are passed between Python and a machine, in registers and on its stack."""

import ctypes
from collections.abc import Sequence
from typing import Any

from unicorn.unicorn import Uc

from fusee.emulator.abi import WIDE, Abi
from fusee.emulator.space import DeviceSpace
from fusee.kernel.calling import plain


class Passing:
    """By the calling convention of a device."""

    def __init__(self, processor: Uc, space: DeviceSpace, abi: Abi, stop_address: int) -> None:
        """Functions that are called from Python return to `stop_address`."""
        self.processor = processor
        self.space = space
        self.abi = abi
        self.pointer_bytes = space.target.pointer_width
        self.stop_address = stop_address

    def arguments(self, kinds: Sequence[str], stack: int) -> list[int]:
        """What a function of the host has been given."""
        width, registers = self.abi.register_bytes, self.abi.arguments
        arguments = []
        for kind, (first, count) in zip(kinds, self.abi.places(kinds), strict=True):
            value = 0
            for number in range(count):
                word = first + number
                if word < len(registers):
                    part = self.processor.reg_read(registers[word])
                else:
                    offset = width * (word - len(registers) + (self.abi.link is None))
                    part = int.from_bytes(self.space.read(stack + offset, width), "little")
                value |= part << 8 * width * number
            arguments.append(value & (1 << 8 * self.bytes_of(kind)) - 1)
        return arguments

    def bytes_of(self, kind: str) -> int:
        """Of a kind of value."""
        if kind in ("address", "usize"):
            return self.pointer_bytes
        return 8 if kind in WIDE else 4

    def give(self, value: int | None, kind: str | None) -> None:
        """Have a function of the host return something."""
        if kind is None or value is None:
            return
        bits = 8 * self.abi.register_bytes
        for register in self.abi.results[: 2 if kind in WIDE and bits == 32 else 1]:
            self.processor.reg_write(register, value & (1 << bits) - 1)
            value >>= bits

    def result(self, kind: str | None) -> int | None:
        """What a function of the device has returned."""
        if kind is None:
            return None
        first, second = (self.processor.reg_read(register) for register in self.abi.results)
        value = first | second << 32 if self.abi.register_bytes == 4 else first
        return int(value) & (1 if kind == "bool" else (1 << 8 * self.bytes_of(kind)) - 1)

    def prepare(self, kinds: Sequence[str], numbers: list[int], stack: int) -> None:
        """Put the arguments of a call where the function finds them, and where it returns to."""
        width, registers = self.abi.register_bytes, self.abi.arguments
        words: dict[int, int] = {}
        for number, (first, count) in zip(numbers, self.abi.places(kinds), strict=True):
            for part in range(count):
                words[first + part] = number >> 8 * width * part & (1 << 8 * width) - 1
        on_stack = max([word + 1 - len(registers) for word in words if word >= len(registers)], default=0)
        stack = stack - width * on_stack & -16
        for word, value in words.items():
            if word < len(registers):
                self.processor.reg_write(registers[word], value)
            else:
                self.space.write(stack + width * (word - len(registers)), value.to_bytes(width, "little"))
        if self.abi.link is None:
            stack -= width
            self.space.write(stack, self.stop_address.to_bytes(width, "little"))
        else:
            self.processor.reg_write(self.abi.link, self.stop_address | self.abi.code_bit)
        self.processor.reg_write(self.abi.stack_pointer, stack)

    def return_place(self, stack: int) -> tuple[int, int]:
        """Where a function of the host returns to that has been called, and the stack pointer then."""
        width = self.abi.register_bytes
        if self.abi.link is None:
            return int.from_bytes(self.space.read(stack, width), "little"), stack + width
        return int(self.processor.reg_read(self.abi.link)), stack

    def push(self, arguments: Sequence[Any], stack: int) -> tuple[list[int], list[tuple[Any, int, int]]]:
        """The numbers that are given, and what has been copied to the stack for them: object, place, bytes."""
        numbers, copies = [], []
        for argument in arguments:
            if isinstance(argument, ctypes.Array):
                size = ctypes.sizeof(argument)
                stack = stack - size & -16
                self.space.write(stack, bytes(argument))
                copies.append((argument, stack, size))
                numbers.append(stack)
            else:
                numbers.append(int(plain(argument)))
        return numbers, copies
