"""Native code of functions beside the interpreter: what it calls, and how it is entered (`docs/native.md`)."""
