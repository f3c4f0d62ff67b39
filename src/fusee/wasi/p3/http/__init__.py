"""`wasi:http` of version 0.3."""
