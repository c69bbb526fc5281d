# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of the NKS client, and functions that make text safe to print. Use only the standard library.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import typing as t


class NKSError(Exception):
    """A failure. ``str()`` is the message for the user and never contains the token.

    :param url: URL of the request, or None.
    :param status: HTTP status, or None if there was no answer.
    :param detail: what the API answered about the failure: a string, or a dict of field errors.
    :param is_transient: whether the same request may succeed later.
    :param is_unclear: whether the change may have been made despite the failure.
    :param retry_after: seconds that the API asks to wait before the next request. 0 if it does not ask to wait.
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

    @property
    def is_not_found(self) -> bool:
        """Whether the API itself, not a gateway in front of it, answered that the object does not exist."""
        return self.status == 404 and isinstance(self.detail, str)

    @property
    def is_from_gateway(self) -> bool:
        """Whether a gateway in front of the API seems to have answered: with a page, or with 404 without a detail."""
        return isinstance(self, NKSPayloadError) or (self.status == 404 and self.detail is None)


class NKSConnectionError(NKSError):
    """There was no HTTP answer, for example because of name resolution, TLS, a timeout, or a reset connection."""


class NKSStatusError(NKSError):
    """The answer has an unexpected status. This includes redirects."""


class NKSPayloadError(NKSError):
    """The answer has an expected status, but an unexpected body."""


def printable(text: str) -> str:
    """Replace each line break, control character and invisible character with a space."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def error_fields(exc: NKSError) -> dict[str, t.Any]:
    """Return the fields of a failure that a module returns. Fields that are None are left out.

    ``is_transient`` is true after an outage or an answer of a gateway. If an earlier poll has succeeded, the wait then
    continues.
    """
    is_from_gateway = exc.is_from_gateway and isinstance(exc, (NKSPayloadError, NKSStatusError))
    fields = {
        "status": exc.status,
        "detail": exc.detail,
        "url": exc.url,
        "retry_after": exc.retry_after or None,
        "is_transient": ((exc.is_transient or is_from_gateway) and not exc.is_unclear) or None,
    }
    return {field: value for field, value in fields.items() if value is not None}


def one_line(text: str, length: int = 80) -> str:
    """Return the start of an untrusted text on one line, without characters that cannot be printed."""
    return _truncate(" ".join(printable(text[: length * 4]).split()), length)


def quoted(value: t.Any, length: int = 80) -> str:
    """Return the start of a value in quotes. Keep white space, and escape characters that cannot be printed."""
    return _truncate(repr(value), length)


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def error_text(exc: BaseException) -> str:
    """Return the message of an exception, without the errno of an OSError."""
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
