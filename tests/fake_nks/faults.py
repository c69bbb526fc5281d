# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: make requests fail on purpose."""

from __future__ import annotations

import base64
import gzip
import re
import typing as t

from .fleet import Object
from .replies import JSON, Reply

ANY_FAULT: Object = {"method": "GET", "times": None, "after": 0, "once_each": False}
FAULTS: dict[str, Object] = {
    "status": {"status": 500, "body": "", "content_type": JSON, "headers": {}},
    "body": {"body": "", "body_base64": "", "content_type": JSON, "headers": {}},
    "redirect": {"status": 302, "location": "/"},
    "gzip": {},
    "gzip_broken": {},
    "byte_order_mark": {},
    "chunked": {"content_length": None, "cut": False},
    "delay": {"seconds": 1.0},
    "reset": {},
    "reset_body": {},
    "short_body": {},
    "drip": {"interval": 1.0},
    "drip_headers": {"interval": 1.0},
    "silent": {},
    "lost": {"status": None},
    "second_creator": {},
    "autoscaler": {"change": 1},
}


class Fault:
    """A way in which matching requests fail. `ANY_FAULT` and, by kind, `FAULTS` hold the fields and their defaults."""

    def __init__(self, path: str, kind: str, **fields: t.Any) -> None:
        if kind not in FAULTS:
            raise ValueError(f"there is no fault of the kind {kind!r}; the kinds are {', '.join(FAULTS)}")
        self.fields = {**ANY_FAULT, **FAULTS[kind]}
        unknown = sorted(set(fields) - set(self.fields))
        if unknown:
            raise ValueError(f"a fault of the kind {kind} has no field {', '.join(unknown)}")
        for name, value in fields.items():
            default = self.fields[name]
            wanted: tuple[type, ...] = (type(default),)
            if default is None or isinstance(default, float):
                wanted += (int,)
            if not isinstance(value, wanted):
                raise ValueError(f"the field {name} of a fault cannot be {value!r}")
        self.fields.update(fields)
        try:
            self.path = re.compile(path)
        except re.error as error:
            raise ValueError(f"the path {path!r} is not a regular expression: {error}") from error
        self.kind = kind
        self._left = self.fields["times"]
        self._skip = self.fields["after"]
        self._seen: set[str] = set()

    @classmethod
    def from_json(cls, value: t.Any) -> Fault:
        if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("path", "kind")):
            raise ValueError("a fault is a JSON object with at least path and kind")
        return cls(**value)

    def takes(self, method: str, path: str, query: str) -> bool:
        """Return whether this request must fail. Call it once for each request, because it counts them."""
        if method != self.fields["method"] or not self.path.fullmatch(path):
            return False
        if self._skip > 0:
            self._skip -= 1
            return False
        target = f"{path}?{query}"
        if self._left == 0 or (self.fields["once_each"] and target in self._seen):
            return False
        self._seen.add(target)
        if self._left is not None:
            self._left -= 1
        return True


def fixed_reply(kind: str, fields: Object) -> Reply:
    if kind == "redirect":
        return Reply(fields["status"], b"", "text/html", (("Location", fields["location"]),))
    body = base64.b64decode(fields["body_base64"]) if fields.get("body_base64") else fields["body"].encode()
    return Reply(fields.get("status", 200), body, fields["content_type"], tuple(fields["headers"].items()))


def zipped(reply: Reply, broken: bool) -> Reply:
    body = gzip.compress(reply.body)
    if broken:
        body = body[:10] + b"\xff" * (len(body) - 10)  # a valid header, then a block of a type that does not exist
    return reply._replace(body=body, headers=(*reply.headers, ("Content-Encoding", "gzip")))


def in_chunks(reply: Reply, content_length: int | None, cut: bool) -> Reply:
    headers = [*reply.headers, ("Transfer-Encoding", "chunked")]
    if content_length is not None:
        headers.append(("Content-Length", str(content_length)))
    size = len(reply.body) // 2 + 1
    pieces = [reply.body[start : start + size] for start in range(0, len(reply.body), size)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    return reply._replace(body=body[:-10] if cut else body, headers=tuple(headers))
