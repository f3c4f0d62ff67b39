"""SHA-1, for names of symbols, without OpenSSL: to load that takes longer than all the names of a small module."""

try:
    from _sha1 import sha1  # type: ignore[import-not-found]  # where CPython has its own
except ImportError:
    from hashlib import sha1

__all__ = ["sha1"]
