"""WASI 0.3, on the same descriptors and sandbox as 0.2: docs/wasi.md."""
