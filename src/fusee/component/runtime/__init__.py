"""Component instances and their functions at run time (CanonicalABI, "Canonical Definitions")."""
