"""The engine as CPython's guest: calls both ways by Python's C interface, and interrupts."""
