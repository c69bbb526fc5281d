# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check, lock, read and write a file that contains kubeconfigs.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON

LOCK_SECONDS = 30


def check_permissions(mode: t.Any) -> None:
    """Check the option ``mode``. YAML reads 600 as a decimal number, which is the mode 01130.

    :raises NKSError: the mode is a number with other permissions than a kubeconfig needs.
    """
    if isinstance(mode, int) and mode & ~0o740:
        raise NKSError(
            f'mode must be a string in quotes, for example "0600". The number {mode} means the mode {mode:04o}.'
        )


def check_dest(module: AnsibleModule, dest: str, with_directory: bool = False) -> None:
    """Check that a file can be written.

    :param with_directory: whether the directory may be missing, because it will be created.
    :raises NKSError: the file cannot be written.
    """
    if dest.endswith("/"):
        raise NKSError(f"dest must be a file and cannot end in a slash: {dest}. For a directory, use dest_dir.")
    dest = os.path.realpath(dest)
    directory = os.path.dirname(dest)
    if os.path.exists(dest) and not os.path.isfile(dest):
        raise NKSError(f"dest is a directory or a device, not a file: {dest}.")
    if with_directory and os.path.exists(directory) and not os.path.isdir(directory):
        raise NKSError(f"dest_dir is not a directory: {directory}.")
    if not (with_directory or module.check_mode or os.path.isdir(directory)):
        raise NKSError(f"The directory of dest does not exist: {dest}.")
    if os.path.isdir(directory) and not os.access(directory, os.W_OK | os.X_OK):
        raise NKSError(f"The directory is not writable: {directory}.")


def change(module: AnsibleModule, dest: str, edit: t.Callable[[str], str]) -> JSON:
    """Edit a kubeconfig file under a lock, because other processes may edit it at the same time."""
    with locked(os.path.realpath(dest), module.check_mode):
        before = read(os.path.realpath(dest)) or b""
        try:
            text = edit(before.decode("utf-8"))
        except ValueError as exc:
            raise NKSError(f"{dest} was not changed: {exc}.") from None
        return replace(module, dest, text.encode())


@contextlib.contextmanager
def locked(path: str, check_mode: bool) -> t.Iterator[None]:
    """Hold the lock file of a kubeconfig, which kubectl uses too.

    :raises NKSError: another process held the lock for LOCK_SECONDS.
    """
    if check_mode:
        yield
        return
    lock = f"{path}.lock"
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            break
        except FileExistsError:
            if time.monotonic() > end:
                raise NKSError(
                    f"{path} is locked by another process. If no process is editing it, remove {lock}."
                ) from None
            time.sleep(0.05)
        except OSError as exc:
            raise NKSError(f"{lock} cannot be created: {exc.strerror}.") from None
    try:
        yield
    finally:
        os.unlink(lock)


def read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise NKSError(f"dest cannot be read: {exc.strerror}: {path}.") from None


def replace(module: AnsibleModule, dest: str, content: bytes) -> JSON:
    """Write the content and the file attributes from the module's options, if they differ."""
    os.umask(0o077)
    dest = os.path.realpath(dest)
    attributes = module.load_file_common_arguments({**module.params, "path": dest, "dest": dest}, path=dest)
    before = read(dest)
    changed = before != content
    result: JSON = {"dest": dest, "diff": {"before": {"path": dest}, "after": {"path": dest}}}
    if changed:
        result["diff"]["before"]["kubeconfig"] = "absent" if before is None else "not shown"
        result["diff"]["after"]["kubeconfig"] = "changed, not shown"
    if changed and not module.check_mode:
        if before is not None:
            if module.params["backup"]:
                result["backup_file"] = module.backup_local(dest)
                os.chmod(result["backup_file"], 0o600)
            # Set the attributes first, so that a file that others can read never contains the new content.
            module.set_fs_attributes_if_different(attributes, False)
        write(module, dest, content, attributes)
    result["changed"] = module.set_fs_attributes_if_different(attributes, changed, diff=result["diff"])
    return result


def write(module: AnsibleModule, dest: str, content: bytes, attributes: JSON | None = None) -> None:
    """Write a temporary file, set its attributes, and move it to its place."""
    handle, new = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(new)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    if attributes:
        module.set_fs_attributes_if_different({**attributes, "path": new}, False)
    module.atomic_move(new, dest, unsafe_writes=module.params["unsafe_writes"])
