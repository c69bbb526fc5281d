# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer of the fake, before it is sent."""

from __future__ import annotations

import email.utils
import http.client
import json
import typing as t

JSON = "application/json"


class Reply(t.NamedTuple):
    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, status: int, data: t.Any, **headers: str) -> Reply:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode(), JSON, tuple((key.replace("_", "-"), value) for key, value in headers.items()))

    @classmethod
    def detail(cls, status: int, detail: str, **headers: str) -> Reply:
        return cls.json(status, {"detail": detail}, **headers)

    def head(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, '')}",
            "Server: fake-nks",
            f"Date: {email.utils.formatdate(usegmt=True)}",
            f"Content-Type: {self.content_type}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        if "Transfer-Encoding" not in dict(self.headers):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
