"""Digests of what is short, without OpenSSL: to load that takes longer than all the digests of a start."""

try:
    from _sha2 import sha256  # type: ignore[import-not-found]  # since 3.12
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha256

__all__ = ["sha256"]
