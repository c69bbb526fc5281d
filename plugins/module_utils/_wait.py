# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls the API until a condition holds or the time is up.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import math
import time
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils import _connection
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSPayloadError
from ansible_collections.netapp.nks.plugins.module_utils._http import Deadline

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

C = t.TypeVar("C", bound="NKSClient")
R = t.TypeVar("R")


def check_seconds(timeout: float | None, sleep: float | None) -> None:
    """:raises NKSError: ``wait_timeout`` or ``wait_sleep`` is not a time that can be waited."""
    _connection.check_seconds("wait_timeout", timeout, can_be_zero=True)
    _connection.check_seconds("wait_sleep", sleep)


def _is_of_another(exc: NKSError) -> bool:
    """Whether the answer looks like that of a gateway in front of the API: HTML, or 404 without a detail."""
    return isinstance(exc, NKSPayloadError) or (exc.status == 404 and exc.detail is None)


def min_remaining(timeout: float) -> float:
    """Seconds that must be left of a wait for another poll."""
    return min(1.0, timeout / 2)


def poll_until(
    client: C,
    poll: t.Callable[[C], R],
    is_final: t.Callable[[R | None, NKSError | None], bool],
    timeout: float,
    sleep: float,
) -> tuple[R | None, NKSError | None]:
    """Poll until the result is final or the time is up.

    A failure that is transient counts as a result that is not final, and so does an answer of another server than the
    API once there was a result. No pause, request or repetition goes on after ``timeout`` seconds, except the requests
    of the first poll, which have the whole ``api_timeout``. If the API asks to wait, the next poll comes after that; if
    the time ends before, polling ends at once.

    :param poll: called with a client whose requests end in time.
    :param is_final: called after each poll with what this function would return.
    :param timeout: seconds. With 0 it polls once.
    :param sleep: seconds between two polls.
    :returns: what ``poll`` returned last, and the error with which it failed after that, if it did.
    :raises NKSError: a failure that waiting does not change.
    """
    end = time.monotonic() + timeout
    seen: R | None = None
    failure: NKSError | None = None
    limited = client.until(Deadline(math.inf, end)) if timeout else client
    while True:
        asked = time.monotonic()
        try:
            seen, failure = poll(limited), None
        except NKSError as exc:
            if not (exc.is_transient or (seen is not None and _is_of_another(exc))):
                raise
            failure = exc
        retry_after = failure.retry_after if failure else 0.0
        answered = time.monotonic()
        left = end - answered - min_remaining(timeout)
        if is_final(seen, failure) or left <= 0 or left < retry_after:
            return seen, failure
        limited = client.until(Deadline(end, end))
        # The last poll begins early enough to be answered, if it takes no longer than twice the one before.
        latest = max(0.0, min(left, end - answered - 2 * (answered - asked)))
        time.sleep(max(min(sleep, latest), retry_after))
