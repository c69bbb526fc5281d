# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a directory of kubeconfigs, one file for each cluster, and remove those of deleted clusters.

An index in the directory records the cluster of each file. Private to this collection: it may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils import _names
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._fleet import is_gone
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig_file import locked, read, replace, write
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org

INDEX = ".nks_kubeconfigs.json"
"""File in dest_dir that lists the kubeconfigs that were written to it."""


class Record(t.NamedTuple):
    """What the index says about a file: its cluster, and what was written.

    ``sha256`` is a digest of the content. ``of_selection`` is whether a task for a selection wrote it.
    """

    endpoint: str
    org: int
    pk: int
    sha256: str
    of_selection: bool

    @property
    def cluster(self) -> tuple[str, int, int]:
        return (self.endpoint, self.org, self.pk)


def file_name(name: str, pk: int) -> str:
    """Return a file name for this cluster. Only a name that was changed contains a tilde, so all names are unique."""
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        name = f"{re.sub('[^A-Za-z0-9._-]', '_', name)[:100]}~{pk}"
    return f"{name}.kubeconfig"


def fleet_files(clusters: list[Cluster]) -> dict[str, Cluster]:
    """Return the clusters by file name. The files have the names of the hosts in the inventory.

    :raises NKSError: two clusters have the same file name, because the API gave them the same ID.
    """
    names = [_names.safe_name(_names.cluster_name(cluster)) for cluster in clusters]
    unique = _names.unique_names(names, [cluster.raw for cluster in clusters], {*_names.TAKEN, "nks"})
    files: dict[str, Cluster] = {}
    for name, cluster in zip(unique, clusters):
        file = file_name(name, cluster.pk)
        if file in files:
            other = files[file]
            raise NKSError(
                f"The clusters {other} of {other.org} and {cluster} of {cluster.org} would have the same file: {file}."
            )
        files[file] = cluster
    return files


def write_files(
    module: AnsibleModule,
    client: NKSClient,
    contents: dict[str, tuple[Cluster, bytes]],
    existing: list[Cluster],
    read_orgs: list[int],
    of_selection: bool,
) -> tuple[list[JSON], list[str], list[str]]:
    """Write kubeconfigs to dest_dir, and record them in its index. With purge, remove those of deleted clusters.

    :param contents: by file name, the cluster and its kubeconfig.
    :param existing: clusters that exist. No request is needed for them.
    :param read_orgs: organizations that the token can read, so that a 404 in them means that the cluster is deleted.
    :returns: the result of each file that was written, the paths that were removed, and the failures.
    """
    directory = module.params["dest_dir"]
    purge = of_selection and module.params["purge"]
    index_path = os.path.join(directory, INDEX)
    records = {
        file: Record(client.url, cluster.org.pk, cluster.pk, digest(content), of_selection)
        for file, (cluster, content) in contents.items()
    }
    make_directory(module, directory)
    # The requests are made before the lock. The cluster of a file that another task adds in between counts as existing.
    obsolete = [
        record
        for file, record in read_index(index_path).items()
        if (record.cluster != records[file].cluster if file in records else purge)
    ]
    gone, failures = find_gone(client, obsolete, existing, read_orgs)
    replaceable = gone | {record.cluster for record in records.values()}  # deleted, or in a file of this task
    written: set[tuple[str, int, int]] = set()
    results: list[JSON] = []
    removed: list[str] = []
    with locked(index_path, module.check_mode):
        index = read_index(index_path)
        for file, (cluster, content) in contents.items():
            path = os.path.join(directory, file)
            try:
                check_is_replaceable(path, index.get(file), records[file], cluster, replaceable)
                results.append({**replace(module, path, content), "cluster": identity(cluster)})
                index[file] = records[file]
                written.add(records[file].cluster)
            except NKSError as exc:
                failures.append(str(exc))
        for file, record in list(index.items()) if purge else []:
            has_moved = record.of_selection and record.cluster in written
            if file not in contents and (has_moved or record.cluster in gone):
                del index[file]
                path = os.path.join(directory, file)
                if is_unchanged(path, record):
                    removed.append(path)
        if not module.check_mode:
            for path in removed:
                os.unlink(path)
            write_index(module, index_path, index)
    return results, removed, failures


def make_directory(module: AnsibleModule, directory: str) -> None:
    """Create the directory for its owner only. If it exists, warn if others can access it."""
    if os.path.isdir(directory):
        mode = stat.S_IMODE(os.stat(directory).st_mode)
        if mode & 0o077:
            module.warn(
                f"Users other than the owner can access the directory {directory}: its mode is {mode:04o}. "
                "The mode is not changed."
            )
    elif not module.check_mode:
        os.umask(0o077)
        try:
            os.makedirs(directory, exist_ok=True)  # the task may be creating it for another host at the same time
        except OSError as exc:
            raise NKSError(f"dest_dir cannot be created: {exc.strerror}: {directory}.") from None


def identity(cluster: Cluster) -> JSON:
    return {"pk": cluster.pk, "name": cluster.name, "org": cluster.org.pk}


def check_is_replaceable(
    path: str, old: Record | None, new: Record, cluster: Cluster, replaceable: set[tuple[str, int, int]]
) -> None:
    """:raises NKSError: the file is the kubeconfig of another cluster, which may exist."""
    if old is None or old.cluster in (new.cluster, *replaceable) or not os.path.lexists(path):
        return
    endpoint = "" if old.endpoint == new.endpoint else f" at {one_line(old.endpoint)}"
    raise NKSError(
        f"The kubeconfig of the cluster {cluster} of {cluster.org} is not written: {path} is the kubeconfig of the "
        f"cluster with the ID {old.pk} of {old.org}{endpoint}, which may still exist. Use different directories or "
        "names for the two, or remove the file."
    )


def find_gone(
    client: NKSClient, records: list[Record], existing: list[Cluster], read_orgs: list[int]
) -> tuple[set[tuple[str, int, int]], list[str]]:
    """Return the clusters of the records that are certainly deleted, and the failures of requests."""
    known = {(client.url, cluster.org.pk, cluster.pk) for cluster in existing}
    unknown = {record.cluster for record in records} - known
    asked = sorted(cluster for cluster in unknown if cluster[0] == client.url and cluster[1] in read_orgs)
    failures: list[str] = []

    def is_deleted(cluster: tuple[str, int, int]) -> bool:
        _endpoint, org, pk = cluster
        try:
            return is_gone(client, Org({"pk": org}), pk)
        except NKSError as exc:
            failures.append(f"Cannot determine whether the cluster with the ID {pk} of {org} is deleted: {exc}")
            return False

    return {cluster for cluster, gone in zip(asked, concurrently(is_deleted, asked)) if gone}, failures


def is_unchanged(path: str, record: Record) -> bool:
    """Return whether a file has the content that the module wrote, and is readable and not a link."""
    is_readable = os.path.isfile(path) and not os.path.islink(path) and os.access(path, os.R_OK)
    return is_readable and digest(read(path) or b"") == record.sha256


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_index(path: str) -> dict[str, Record]:
    """Read the file that :func:`write_index` wrote. Return nothing if it is missing or not valid."""
    try:
        records = {
            file: Record(**{**item, "endpoint": str(item["endpoint"]), "org": int(item["org"]), "pk": int(item["pk"])})
            for file, item in json.loads(read(path) or b"{}").items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return {file: record for file, record in records.items() if re.fullmatch(r"[A-Za-z0-9._~-]+\.kubeconfig", file)}


def write_index(module: AnsibleModule, path: str, index: dict[str, Record]) -> None:
    records = {file: record._asdict() for file, record in index.items()}
    content = json.dumps(records, indent=1, sort_keys=True).encode()
    if read(path) != content:
        write(module, path, content)
