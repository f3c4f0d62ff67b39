"""Native code of a module that runs: what is hot is found, compiled elsewhere, put in place (`docs/tiering.md`)."""
