"""Native code for functions of a module that runs: what is hot is found, compiled by another process, put in place."""
