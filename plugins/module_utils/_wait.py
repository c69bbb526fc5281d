# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the API again and again until what it answers is settled or the time is up.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import math
import time
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

R = t.TypeVar("R")


def check_seconds(timeout: float | None, sleep: float | None) -> None:
    """:raises NKSError: ``wait_timeout`` or ``wait_sleep`` is not a time that can be waited."""
    if timeout is None or not (math.isfinite(timeout) and timeout >= 0):
        raise NKSError(f"wait_timeout must be a number of seconds, 0 or more, not {timeout}.")
    if sleep is None or not (math.isfinite(sleep) and sleep > 0):
        raise NKSError(f"wait_sleep must be a number of seconds above 0, not {sleep}.")


def least_time(timeout: float) -> float:
    """Seconds that must be left of a wait for another question."""
    return min(1.0, timeout / 2)


def wait(
    client: NKSClient,
    look: t.Callable[[], R],
    is_settled: t.Callable[[R | None, NKSError | None], bool],
    timeout: float,
    sleep: float,
    is_continued: bool = False,
) -> tuple[R | None, NKSError | None]:
    """What ``look`` returned last, and the error with which it failed after that, if it did.

    A failure that may pass counts as an answer that is not settled. No pause, request or repetition goes on after
    ``timeout`` seconds, except the requests of the first question, which have the whole ``api_timeout``.

    :param is_settled: called after each question with what this function would return.
    :param timeout: seconds. With 0 it asks once, as if there were no wait.
    :param sleep: seconds between two questions.
    :param is_continued: whether an earlier wait asked just before: this one begins with a pause.
    :raises NKSError: a failure that does not pass by waiting.
    """
    end = time.monotonic() + timeout
    seen: R | None = None
    failure: NKSError | None = None
    if is_continued:
        client.limit(end, end)
        time.sleep(min(sleep, timeout - least_time(timeout)))
    elif timeout:
        client.limit(max(end, end - timeout + client.api_timeout), end)
    try:
        while True:
            asked = time.monotonic()
            try:
                seen, failure = look(), None
            except NKSError as exc:
                if not exc.may_pass:
                    raise
                failure = exc
            answered = time.monotonic()
            if is_settled(seen, failure) or end - answered <= least_time(timeout):
                return seen, failure
            client.limit(end, end)
            # The last question begins early enough to be answered, if it takes no longer than twice the one before.
            time.sleep(min(sleep, max(0.0, end - answered - max(least_time(timeout), 2 * (answered - asked)))))
    finally:
        client.limit(math.inf, math.inf)
