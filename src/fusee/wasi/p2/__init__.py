"""WASI 0.2, the system interface of components: docs/wasi.md. Only what runs components imports it."""
