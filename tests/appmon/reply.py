# SPDX-License-Identifier: Apache-2.0
"""An answer of REST, and the forms that answers have in both generations: "legacy" XML and JSON."""
import dataclasses, json
from xml.sax.saxutils import quoteattr


MUTE = -1  # of "cut": nothing is sent, and the connection stays


@dataclasses.dataclass
class Reply:
    status: int
    kind: str
    body: bytes
    act: object = None      # what happens once the answer is sent
    cut: int | None = None  # this many bytes of the body are sent, then the connection ends
    headers: dict = dataclasses.field(default_factory=dict)


def xml(status, text, act=None):
    return Reply(status, "text/xml;charset=UTF-8", f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), act)


def document(status, value, act=None):
    return Reply(status, "application/json", json.dumps(value).encode(), act)


def failure(api, status, text):
    if api == "legacy":
        return xml(status, f"<error reason={quoteattr(text)}/>")
    return document(status, {"code": status, "message": text})


def outcome(api, is_done, act=None):
    if api == "legacy":
        return xml(200, f'<result value="{str(is_done).lower()}"/>', act)
    return document(200, {"status": "success" if is_done else "fail"}, act)
