"""What requests and responses of `wasi:http/types` have in common: headers, and a body that is taken once."""

import re

from fusee.component.values import Err
from fusee.spec import http
from fusee.wasi.p2.http.bodies import IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import Fields, content_length
from fusee.wasi.resources import Resource


class OutgoingMessage(Resource):
    """A message that a guest makes."""

    files = 2

    def __init__(self, headers: Fields) -> None:
        self.headers = headers.frozen()
        self.body: OutgoingBody | None = None
        self.is_sent = False

    def close(self) -> None:
        """Nobody sends it any more."""
        if self.body is not None and not self.is_sent:
            self.body.far.close()

    def take_body(self) -> OutgoingBody:
        """Its body, once. Raises `Err`."""
        if self.body is not None:
            raise Err
        self.body = OutgoingBody(content_length(self.headers))
        return self.body


class IncomingMessage(Resource):
    """A message from outside."""

    files = 2

    def __init__(self, headers: Fields, body: IncomingBody) -> None:
        self.headers, self.body = headers, body
        self.is_consumed = False

    def consume(self) -> IncomingBody:
        """Its body, once. Raises `Err`."""
        if self.is_consumed:
            raise Err
        self.is_consumed = True
        return self.body

    def close(self) -> None:
        """Ends it, and its body unless somebody has that."""
        if not self.is_consumed:
            self.is_consumed = True
            self.body.close()


def check_text(pattern: "re.Pattern[str]", text: str) -> None:
    """Insists on a form, and a length. Raises `Err`."""
    if len(text) > http.MAX_TEXT or not pattern.fullmatch(text):
        raise Err
