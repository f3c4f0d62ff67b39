"""`wasi:http`: requests and responses, a client over `http.client`, and what serves a component."""
