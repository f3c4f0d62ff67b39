"""The heap of structs, arrays and exceptions, and its collector."""
