"""The register instruction set: rows times operand forms. `isa.table` numbers them."""
