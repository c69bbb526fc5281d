# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that one process at a time keeps its state in.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils import _json
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_text


class StateFile:
    """A JSON file that is replaced as a whole, can be read by its owner only, and is locked until it is closed.

    :raises NKSError: another process or source has locked it, or no file can be made beside it.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._mutex = threading.Lock()
        self._is_closed = False
        if os.path.isdir(self.path):
            raise NKSError(f"state_path: {self.path} is a folder. Give the path of a file.")
        try:
            self._lock = _open(f"{self.path}.lock")
        except OSError as exc:
            raise NKSError(f"state_path: no file can be made beside {self.path}: {error_text(exc)}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise NKSError(
                f"state_path: another source uses {self.path}. Give each source a file of its own."
            ) from None

    def read(self) -> t.Any:
        """The content of the file, or None if there is no file.

        :raises OSError: the file cannot be read.
        :raises ValueError: the file is not JSON.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                return _json.parse(file.read())
        except FileNotFoundError:
            return None

    def write(self, content: t.Any) -> None:
        """Replace the content of the file. Once the file is closed, nothing is written.

        :raises OSError: the file cannot be written. It is then as it was.
        """
        with self._mutex:
            if self._is_closed:
                return
            temporary = f"{self.path}.tmp"
            with os.fdopen(_open(temporary, os.O_TRUNC), "w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)

    def close(self) -> None:
        with self._mutex:
            self._is_closed = True
            os.close(self._lock)


def _open(path: str, flags: int = 0) -> int:
    """Open a file for writing that its owner alone can read, also if it was there with another mode."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor
