# SPDX-License-Identifier: Apache-2.0
"""Answers that are not as they should be.  Each takes the proper answer and makes of it the one that is sent; "act",
what the Server then does, is kept or dropped."""
import dataclasses
from reply import MUTE, Reply, failure, outcome, xml

TOO_MANY = 20001            # collectors; certfleet reads 20,000
TOO_LONG = 4 * 1024 * 1024  # bytes; certfleet reads as many
BOMB = ('<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{10 * ("&" + of + ";")}">' for of, name in zip("abcdefghi", "bcdefghij")) +
    ']><collectors><collectorinformation><name>&j;</name><host>h</host></collectorinformation></collectors>')
EXTERNAL = ('<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><collectors><collectorinformation><name>&x;</name>'
            "<host>h</host></collectorinformation></collectors>")


def with_body(text, status=200, kind="text/xml;charset=UTF-8"):
    return lambda rest, reply, api: Reply(status, kind, text.encode() if isinstance(text, str) else text)


def flood(rest, reply, api):
    one = "<collectorinformation><name>c{0}</name><host>h</host><connected>true</connected></collectorinformation>"
    return xml(200, f"<collectors>{''.join(map(one.format, range(TOO_MANY)))}</collectors>")


def refusal(status, text):
    return lambda rest, reply, api: failure(api, status, text)


def echo(rest, reply, api):
    return failure(api, 500, f"cannot handle {dict(rest.headers)}")


TRAPS = {
    # the action is carried out, the answer is lost
    "drop": lambda rest, reply, api: dataclasses.replace(reply, cut=0),
    "half": lambda rest, reply, api: dataclasses.replace(reply, cut=len(reply.body) // 2),
    # nothing is done: 200 with status fail or value false, and the same with success and true
    "false": lambda rest, reply, api: outcome(api, False),
    "lie": lambda rest, reply, api: dataclasses.replace(reply, act=None),
    # nothing is done, and the status or the body says something else
    "refuse": lambda rest, reply, api: dataclasses.replace(reply, act=None, cut=0),
    "mute": lambda rest, reply, api: dataclasses.replace(reply, act=None, cut=MUTE),
    "401": refusal(401, "no valid authentication"),
    "403": refusal(403, "Permission denied: Shutdown or Restart;"),
    "admin": refusal(403, "Administrative Permission denied: Administrator,"),
    "404": refusal(404, "not found"),
    "500": refusal(500, "internal error"),
    "echo": echo,
    "redirect": lambda rest, reply, api: Reply(302, "text/html", b"", headers={"Location": "https://127.0.0.1:1/"}),
    "page": with_body("<html><body><h1>502 Bad Gateway</h1><hr>proxy</body></html>\n", 502, "text/html"),
    "page-200": with_body("<html><body><p>Please log in<br></body></html>\n", 200, "text/html"),
    "empty": with_body(""),
    "root": with_body("<surprise/>"),
    "truncated": lambda rest, reply, api: dataclasses.replace(reply, act=None, body=reply.body[:len(reply.body) // 2]),
    "bytes": with_body(b"<collectors><collectorinformation><name>\xff\xfe\x00</name></collectorinformation>"),
    "bomb": with_body(BOMB),
    "external": with_body(EXTERNAL),
    "flood": flood,
    "long": with_body("<collectors>" + " " * TOO_LONG + "</collectors>"),
}
