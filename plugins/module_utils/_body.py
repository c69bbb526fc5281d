# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a body in bounded memory and time. The standard library only.

Private to this collection: it may change without notice. It knows nothing of Ansible, and nothing of NKS.
"""

from __future__ import annotations

import typing as t
import zlib

MAX_BODY_BYTES = 2**26
"""Bytes of a body, compressed or not: 3 kB for each of 20,000 clusters."""

MAX_ENCODINGS = 5

PIECE = 2**16


class BodyError(Exception):
    """The body cannot be read. ``str()`` is the reason."""


class CutBodyError(BodyError):
    """The body ends before its end."""


def read_body(chunks: t.Iterable[bytes], content_encoding: str, check_time: t.Callable[[], None]) -> bytes:
    """The body, decompressed.

    ``requests`` and ``urllib3`` decompress without a limit of memory in some versions, and take a compressed body
    without its end for a whole one.

    :param chunks: as they come from the connection.
    :param check_time: called between two pieces. Raises an exception when the time is up.
    :raises BodyError: it is too long, or not compressed as ``Content-Encoding`` says.
    """
    encodings = [name.strip().lower() for name in content_encoding.split(",") if name.strip()]
    encodings = [name for name in encodings if name != "identity"]
    if len(encodings) > MAX_ENCODINGS or not all(name in ("gzip", "x-gzip") for name in encodings):
        raise BodyError("the body has another Content-Encoding than gzip")
    pieces = _limited(chunks, check_time)
    for _encoding in encodings:
        pieces = _limited(_decompressed(pieces), check_time)
    return b"".join(pieces)


def _limited(pieces: t.Iterable[bytes], check_time: t.Callable[[], None]) -> t.Iterator[bytes]:
    size = 0
    for piece in pieces:
        check_time()
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise BodyError(f"the body is longer than {MAX_BODY_BYTES} bytes")
        yield piece


def _decompressed(pieces: t.Iterable[bytes]) -> t.Iterator[bytes]:
    """The content of a gzip stream, which can have several members (RFC 1952)."""
    decoder = zlib.decompressobj(31)
    is_empty = True
    try:
        for piece in pieces:
            while piece:
                if decoder.eof:
                    decoder = zlib.decompressobj(31)
                is_empty = False
                yield decoder.decompress(piece, PIECE)
                piece = decoder.unconsumed_tail or decoder.unused_data
    except zlib.error:
        raise BodyError("the body is not compressed as its Content-Encoding says") from None
    if not (decoder.eof or is_empty):
        raise CutBodyError("the compressed body ended before its end")
