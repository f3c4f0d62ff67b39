"""The types of the component model (Explainer, "Type Definitions"), as validation makes them and users read them."""
