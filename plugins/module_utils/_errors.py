# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, and texts from outside made fit to be shown. The standard library only.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t


class NKSError(Exception):
    """Something that ends the run. ``str()`` is the message for the user and never holds the token.

    ``status`` is None where there was no answer; ``detail`` is what the API said: text, or an object of field errors;
    ``is_transient`` is whether the same request may succeed later, and ``retry_after`` how many seconds the API asks to
    wait before it; ``is_unclear`` is whether a change may have been made all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        status: int | None = None,
        detail: t.Any = None,
        is_transient: bool = False,
        is_unclear: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(printable(message))
        self.url = url
        self.status = status
        self.detail = detail
        self.is_transient = is_transient
        self.is_unclear = is_unclear
        self.retry_after = retry_after


class NKSConnectionError(NKSError):
    """No HTTP answer: name resolution, TLS, time-out, reset."""


class NKSStatusError(NKSError):
    """Another status than the one wanted, redirects included."""


class NKSPayloadError(NKSError):
    """The right status, but not the body promised."""


def printable(text: str) -> str:
    """The text with a space for each line break, control character and invisible character."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def error_fields(exc: NKSError) -> dict[str, t.Any]:
    """What a module returns of the answer that made it fail. A field that is None is left out."""
    fields = {"status": exc.status, "detail": exc.detail, "url": exc.url}
    return {field: value for field, value in fields.items() if value is not None}


def one_line(text: str, length: int = 80) -> str:
    """The start of a text from outside, fit to be shown."""
    return _start(" ".join(printable(text[: length * 4]).split()), length)


def quoted(value: t.Any, length: int = 80) -> str:
    """The start of an argument in quotes, with its white space and escapes for what cannot be seen."""
    return _start(repr(value), length)


def _start(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def error_text(exc: BaseException) -> str:
    """The reason of an error of the system, without its number."""
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
