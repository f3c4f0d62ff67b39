"""Names of imports and exports (Explainer, "Import and Export Definitions"): which there are, which are the same."""

import re
from typing import Final, NamedTuple

_FIRST: Final = r"(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)"
_LABEL: Final = rf"{_FIRST}(?:-(?:[0-9a-z]+|[0-9A-Z]+))*"
_WORDS: Final = r"[a-z][0-9a-z]*(?:-[0-9a-z]+)*"
_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_PART: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION: Final = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PART}(?:\.{_PART})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"

LABEL: Final = re.compile(_LABEL)
_PLAIN: Final = re.compile(
    rf"(?:\[constructor\](?P<made>{_LABEL})|\[(?P<kind>method|static)\](?P<owner>{_LABEL})\.(?P<member>{_LABEL})|{_LABEL})"
)
_INTERFACE: Final = re.compile(rf"(?P<path>{_WORDS}:{_WORDS}/{_LABEL})(?:@(?P<version>{_VERSION}))?")
_SEMVER: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[^+]*)?")


class Name(NamedTuple):
    """What a name says: `kind` is "plain", "constructor", "method", "static" or "interface"."""

    kind: str
    resource: str
    member: str


def parse_name(name: str) -> Name | None:
    """What the name of an import or export says; None if it is none."""
    if name.startswith("["):
        found = _PLAIN.fullmatch(name)
        if found is None:
            return None
        if found["made"]:
            return Name("constructor", found["made"], "")
        return Name(found["kind"], found["owner"], found["member"])
    if _PLAIN.fullmatch(name):
        return Name("plain", "", "")
    return Name("interface", "", "") if _INTERFACE.fullmatch(name) else None


def unique_key(name: str) -> str:
    """Names with the same key must not be in one scope (Explainer, "Name Uniqueness")."""
    key = name.lower()
    found = _PLAIN.fullmatch(name) if name.startswith("[") else None
    if found is None or found["made"]:
        return key
    owner, member = found["owner"].lower(), found["member"].lower()
    return owner if owner == member else f"{owner}.{member}"


def version_track(name: str) -> tuple[str, list[tuple[int, str]]] | None:
    """What versions share that take each other's place, and how such versions compare; None if there are none.

    From 1.0 on, and below 0.1, that is the first number that is not zero and what comes before it; versions before a
    release stand for themselves alone.
    """
    found = _INTERFACE.fullmatch(name)
    if found is None or found["version"] is None:
        return None
    parts = _SEMVER.match(found["version"])
    if parts is None or parts[4]:
        return None
    numbers = major, minor, patch = parts[1], parts[2], parts[3]
    track = major if major != "0" else f"0.{minor}" if minor != "0" else f"0.0.{patch}"
    ordered = [(len(number), number) for number in numbers]  # they may be long, and have no zeros in front
    return f"{found['path']}@{track}", ordered
