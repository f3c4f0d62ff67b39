"""`wasi:filesystem`: files and directories, through the operations that preview 1 has, with its rights and sandbox."""
