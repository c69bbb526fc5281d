# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file in which one process at a time saves its state.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils import _json
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_text


class StateFile:
    """A JSON file that only its owner can read. It is locked until it is closed, and each write replaces it atomically.

    :raises NKSError: another process or source has locked the file, or no file can be created next to it.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._mutex = threading.Lock()
        self._is_closed = False
        if os.path.isdir(self.path):
            raise NKSError(f"state_path: {self.path} is a directory. Set state_path to the path of a file.")
        try:
            self._lock = _open(f"{self.path}.lock")
        except OSError as exc:
            raise NKSError(f"state_path: cannot create a file next to {self.path}: {error_text(exc)}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise NKSError(f"state_path: another source uses {self.path}. Give each source its own file.") from None

    def read(self) -> t.Any:
        """Return the content of the file, or None if the file does not exist.

        :raises OSError: the file cannot be read.
        :raises ValueError: the file is not JSON.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                return _json.parse(file.read())
        except FileNotFoundError:
            return None
        except ValueError:
            raise ValueError("it is not the whole state of an event source") from None

    def set_aside(self) -> str:
        """Rename the file, so that no write replaces it, and return its new path."""
        path = f"{self.path}.unused"
        with contextlib.suppress(OSError):
            os.replace(self.path, path)
        return path

    def write(self, content: t.Any) -> None:
        """Replace the content of the file. After :meth:`close`, write nothing.

        :raises OSError: the file cannot be written, and is unchanged.
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
        """Unlock the file."""
        with self._mutex:
            self._is_closed = True
            os.close(self._lock)


def _open(path: str, flags: int = 0) -> int:
    """Open a file for writing that only its owner can read, even if it exists with another mode."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor
