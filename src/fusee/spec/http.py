"""What `wasi:http` is made of, for both implementations, on the host and on devices: forms of texts, limits, cases."""

from typing import Final

TOKEN: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
"""Characters of names of fields and of methods (RFC 9110, 5.6.2), as in brackets of regular expressions."""

VALUE: Final = r"\t\x20-\x7e\x80-\xff"
"""Bytes of values (RFC 9110, 5.5)."""

PATH: Final = r"!\x22$-~"
"""Behind the first character of a path: what is printed, without `#`."""

AUTHORITY: Final = r"0-9A-Za-z\-._~!$&'()*+,;=:@%\[\]"
SCHEME: Final = r"A-Za-z0-9+\-."
"""Behind the first character, which is a letter."""

MAX_TEXT: Final = 1 << 16
"""Characters of a path, a method or an authority."""

MAX_FIELDS_BYTES: Final = 128 << 10
"""Names and values of a message."""

FORBIDDEN: Final = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
    "transfer-encoding", "upgrade", "host", "http2-settings",
})  # fmt: skip
"""What belongs to a connection, which is the host's; Wasmtime has the same."""

METHODS: Final = ("get", "head", "post", "put", "delete", "connect", "options", "trace", "patch")
"""Cases of `method`, before `other`."""

SCHEMES: Final = ("HTTP", "HTTPS")
"""Cases of `scheme`, before `other`."""

HEADER_ERRORS: Final = ("invalid-syntax", "forbidden", "immutable")
"""Cases of `header-error`."""

STATUSES: Final = range(100, 1000)

ERROR_CODES: Final = {
    "DNS-timeout": "", "DNS-error": "DNS-error-payload", "destination-not-found": "", "destination-unavailable": "",
    "destination-IP-prohibited": "", "destination-IP-unroutable": "", "connection-refused": "",
    "connection-terminated": "", "connection-timeout": "", "connection-read-timeout": "",
    "connection-write-timeout": "", "connection-limit-reached": "", "TLS-protocol-error": "",
    "TLS-certificate-error": "", "TLS-alert-received": "TLS-alert-received-payload", "HTTP-request-denied": "",
    "HTTP-request-length-required": "", "HTTP-request-body-size": "option<u64>", "HTTP-request-method-invalid": "",
    "HTTP-request-URI-invalid": "", "HTTP-request-URI-too-long": "",
    "HTTP-request-header-section-size": "option<u32>", "HTTP-request-header-size": "option<field-size-payload>",
    "HTTP-request-trailer-section-size": "option<u32>", "HTTP-request-trailer-size": "field-size-payload",
    "HTTP-response-incomplete": "", "HTTP-response-header-section-size": "option<u32>",
    "HTTP-response-header-size": "field-size-payload", "HTTP-response-body-size": "option<u64>",
    "HTTP-response-trailer-section-size": "option<u32>", "HTTP-response-trailer-size": "field-size-payload",
    "HTTP-response-transfer-coding": "option<string>", "HTTP-response-content-coding": "option<string>",
    "HTTP-response-timeout": "", "HTTP-upgrade-failed": "", "HTTP-protocol-error": "", "loop-detected": "",
    "configuration-error": "", "internal-error": "option<string>",
}  # fmt: skip
"""Cases of `error-code`, with the types of what they have. The types that have names are records of two options."""
