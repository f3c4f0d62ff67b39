"""Integers as the binary format writes them (spec 5.2.2)."""


def unsigned(value: int) -> bytes:
    """A number that is not negative."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def signed(value: int, bits: int) -> bytes:
    """A number of so many bits, which may be given with sign or without."""
    value &= (1 << bits) - 1
    value -= (value >> bits - 1) << bits
    encoded = bytearray()
    while not -0x40 <= value < 0x40:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value & 0x7F])
