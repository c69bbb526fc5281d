# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Poll the API until a condition is met or the time is up.

Private to this collection: it may change without notice. It does not depend on Ansible.
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


def check_wait_options(timeout: float | None, sleep: float | None) -> None:
    """Check the options ``wait_timeout`` and ``wait_sleep``.

    :raises NKSError: one of them is out of range.
    """
    _connection.check_seconds("wait_timeout", timeout, can_be_zero=True)
    _connection.check_seconds("wait_sleep", sleep)


def _next_poll_can_succeed(exc: NKSError, has_result: bool) -> bool:
    """Return whether the next poll can succeed: the failure is transient, or a gateway seems to have answered.

    Before the first result, a 404 of a gateway means a wrong ``api_url``.
    """
    return exc.is_transient or (exc.is_from_gateway and (has_result or isinstance(exc, NKSPayloadError)))


def poll_until(
    client: C,
    poll: t.Callable[[C], R],
    is_final: t.Callable[[R | None, NKSError | None], bool],
    timeout: float,
    sleep: float,
) -> tuple[R | None, NKSError | None]:
    """Poll until the result is final or the time is up.

    Polling continues after a transient failure, and if a gateway answers in place of the API. No pause, request or
    retry lasts longer than ``timeout`` seconds from the start, except the requests of the first poll, which have the
    whole ``api_timeout``. If the API asks to wait, the next poll starts after that wait. If the wait would exceed
    ``timeout``, polling ends at once.

    :param poll: called with a client whose requests end in time.
    :param is_final: called after each poll with the values that this function would return.
    :param timeout: seconds. 0 means to poll once.
    :param sleep: seconds between two polls.
    :returns: the last result of ``poll``, and the error of the last poll. Either can be None.
    :raises NKSError: a failure that waiting cannot resolve.
    """
    end = time.monotonic() + timeout
    result: R | None = None
    failure: NKSError | None = None
    limited = client.until(Deadline(math.inf, end)) if timeout else client
    while True:
        started = time.monotonic()
        try:
            result, failure = poll(limited), None
        except NKSError as exc:
            if not _next_poll_can_succeed(exc, result is not None):
                raise
            failure = exc
        retry_after = failure.retry_after if failure else 0.0
        ended = time.monotonic()
        remaining = end - ended - min(1.0, timeout / 2)  # keep enough time for another poll
        if is_final(result, failure) or remaining <= 0 or remaining < retry_after:
            return result, failure
        limited = client.until(Deadline(end, end))
        # Start the last poll early enough to finish, if it takes at most twice as long as the poll before.
        longest_sleep = max(0.0, min(remaining, end - ended - 2 * (ended - started)))
        time.sleep(max(min(sleep, longest_sleep), retry_after))


def poll_until_final(
    client: C,
    poll: t.Callable[[C], R],
    is_final: t.Callable[[R | None, NKSError | None], bool],
    timeout: float,
    sleep: float,
) -> tuple[R | None, NKSError | None, bool, float | None]:
    """Poll like :func:`poll_until`, and return a failure that waiting cannot resolve instead of raising it.

    :returns: the last result of ``poll``, the error of the last poll, whether waiting longer does not help, and the
        seconds until the time was up. The last value is None if there was no wait or it ended early.
    """
    began = time.monotonic()
    last: list[R] = []
    failure: NKSError | None

    def remember(limited: C) -> R:
        last[:] = [poll(limited)]
        return last[0]

    try:
        result, failure = poll_until(client, remember, is_final, timeout, sleep)
        ends = is_final(result, failure)
    except NKSError as exc:
        result, failure, ends = last[0] if last else None, exc, True
    return result, failure, ends, time.monotonic() - began if timeout and not ends else None
