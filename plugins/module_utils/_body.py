# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the body of an HTTP answer with limits on memory and time. Use only the standard library.

Private to this collection: it may change without notice. It depends on neither Ansible nor NKS.
"""

from __future__ import annotations

import typing as t
import zlib

MAX_BODY_BYTES = 2**26
"""Maximum size of a body, both compressed and decompressed: about 3 kB for each of 20,000 clusters."""

MAX_ENCODINGS = 5
"""Maximum number of encodings in ``Content-Encoding``."""

CHUNK_BYTES = 2**16
"""Maximum number of bytes to read or decompress at once."""


class BodyError(Exception):
    """The body cannot be read. ``str()`` is the reason."""


class TruncatedBodyError(BodyError):
    """The body is incomplete."""


def read_body(chunks: t.Iterable[bytes], content_encoding: str, check_time: t.Callable[[], None]) -> bytes:
    """Read and decompress a body.

    Some versions of requests and urllib3 decompress without a memory limit, and accept a truncated compressed body as
    complete.

    :param chunks: the body as the connection delivers it.
    :param content_encoding: the value of the ``Content-Encoding`` header, or an empty string.
    :param check_time: called for each chunk. It raises an exception when the time is up.
    :raises BodyError: the body is too long, or cannot be decompressed.
    """
    encodings = [name.strip().lower() for name in content_encoding.split(",") if name.strip()]
    encodings = [name for name in encodings if name != "identity"]
    if len(encodings) > MAX_ENCODINGS or not all(name in ("gzip", "x-gzip") for name in encodings):
        raise BodyError("the body has a Content-Encoding other than gzip")
    body = _limit(chunks, check_time)
    for _encoding in encodings:
        body = _limit(_decompress(body), check_time)
    return b"".join(body)


def _limit(chunks: t.Iterable[bytes], check_time: t.Callable[[], None]) -> t.Iterator[bytes]:
    """Yield the chunks; check the time and the total size at each."""
    size = 0
    for chunk in chunks:
        check_time()
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyError(f"the body is longer than {MAX_BODY_BYTES} bytes")
        yield chunk


def _decompress(chunks: t.Iterable[bytes]) -> t.Iterator[bytes]:
    """Decompress a gzip stream, which can have several members (RFC 1952)."""
    decoder = zlib.decompressobj(31)
    is_empty = True
    try:
        for chunk in chunks:
            while chunk:
                if decoder.eof:
                    decoder = zlib.decompressobj(31)
                is_empty = False
                yield decoder.decompress(chunk, CHUNK_BYTES)
                chunk = decoder.unconsumed_tail or decoder.unused_data
    except zlib.error:
        raise BodyError("the body is not compressed with gzip, although its Content-Encoding is gzip") from None
    if not (decoder.eof or is_empty):
        raise TruncatedBodyError("the compressed body is incomplete")
