"""Reads a page that Fusee has written."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a page would fetch, and the text that it shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.fetches = [reference for reference in self.references if not reference.startswith("#")]
        self.fetches += re.findall(r"@import|url\((?!#)", text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base")
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())
