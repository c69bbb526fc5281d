#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a cluster's kubeconfig to a file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_kubeconfig
short_description: Write kubeconfigs of clusters of the NetApp Kubernetes Service to files
version_added: 1.0.0
description:
  - Writes the kubeconfig of one cluster, or of each cluster of a selection, to files on the host that runs the module.
    C(kubectl), and the modules of C(kubernetes.core) with their option C(kubeconfig), can use them.
  - With O(id) or O(name) it writes one kubeconfig, to O(dest) or to O(dest_name) in O(dest_dir). With O(merge) the
    cluster becomes a context of a file that can hold other clusters too.
  - Without O(id) and O(name) it writes the kubeconfig of each selected cluster into O(dest_dir), with concurrent
    requests. The files are named after the hosts that the inventory P(netapp.nks.nks#inventory) makes of the same
    selection. If a kubeconfig cannot be had, the module fails after it has written all others.
  - A kubeconfig holds credentials. It is never returned, shown in a diff or logged, and the file can be read by its
    owner only, unless O(mode) says otherwise.
  - What the server sends is checked before anything is written. It must have a context that is current, with its
    cluster and its user. A file is replaced in one step, and stays as it is if anything fails.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.file_module
  - netapp.nks.connection
  - netapp.nks.selection.orgs
  - netapp.nks.selection.clusters
  - ansible.builtin.files
options:
  org:
    description:
      - The organization of the one cluster, by its ID, slug or name.
      - If it is not given, the cluster is looked for in O(orgs).
      - It is needed if O(name) matches clusters of several organizations.
    type: str
  id:
    description: ID of the one cluster, which the API calls C(pk). With O(name) too, the cluster must have both.
    type: int
  name:
    description: Name of the one cluster.
    type: str
  state:
    description:
      - V(present) - the kubeconfigs are in the files.
      - V(absent) - the entries of one cluster, named by O(context) or O(name), are not in O(dest). Needs O(merge). No
        request is made, so the cluster can be gone.
    type: str
    choices: [present, absent]
    default: present
  dest:
    description:
      - Path of the file for one cluster. Its folder must exist. A symbolic link is followed.
      - O(dest) and O(dest_name) are mutually exclusive, and one of them is required with O(id) or O(name).
    type: path
  dest_dir:
    description:
      - Folder of the files, for O(dest_name) and for a selection of clusters.
      - If it does not exist, it is made so that only its owner can use it. The mode of a folder that exists stays as it
        is, and there is a warning if others can read or change the folder.
    type: path
    default: ~/.kube/nks
  dest_name:
    description:
      - A name for the file in O(dest_dir), for example that of a host. C(.kubeconfig) is appended.
      - Other characters than letters, digits, C(.), C(_) and C(-) become C(_), and a long name is cut. To such a name,
        C(~) and the ID of the cluster are appended, so that clusters with different names never share a file.
    type: str
  merge:
    description:
      - Put the cluster into O(dest) under the name O(context), and keep everything else in the file.
      - The file stays as it is byte for byte outside of the entries of the cluster. If it is in flow style, such as
        JSON, the parts that change are written anew in block style.
      - The entries for the cluster, the user and the context all have the name O(context). If the file has this name
        for another server, the module fails.
      - A lock file next to O(dest), which C(kubectl) uses too, keeps tasks that run at the same time from losing
        entries.
    type: bool
    default: false
  context:
    description: Name of the context for O(merge). The default is the name of the cluster as a host of the inventory.
    type: str
  set_current:
    description: With O(merge), also make the context the C(current-context) of the file.
    type: bool
    default: false
  purge:
    description:
      - With a selection, remove the kubeconfigs in O(dest_dir) that an earlier task for a selection wrote for clusters
        that do not exist any more, or that have another file now. Other files are never removed.
      - The file C(.nks_kubeconfigs.json) in O(dest_dir) keeps which these are.
    type: bool
    default: false
  when_not_running:
    description:
      - What to do if a cluster has failed or its C(state) is not V(running).
      - V(try) - ask for the kubeconfig, and fail if it is not available.
      - V(skip) - write nothing for it and warn.
      - V(fail) - fail.
    type: str
    choices: [try, skip, fail]
    default: try
  backup:
    description: Keep a copy of each file that is replaced, with a timestamp in its name. Only its owner can read it.
    type: bool
    default: false
  mode:
    description:
      - Mode of the files, text in quotes. The number C(600) would be the mode 01130, and is refused.
    default: "0600"
requirements:
  - PyYAML
seealso:
  - module: netapp.nks.nks_cluster_info
"""

EXAMPLES = r"""
- name: Write the kubeconfig of a cluster
  netapp.nks.nks_kubeconfig:
    org: my-organization
    name: prod
    dest: /tmp/prod.kubeconfig
  register: prod

- name: Show which cluster it is for
  ansible.builtin.debug:
    msg: "{{ prod.dest }} is for the cluster {{ prod.cluster.name }} with the ID {{ prod.cluster.pk }}."

- name: Write the kubeconfig of each running cluster to a folder, and remove those of clusters that are gone
  netapp.nks.nks_kubeconfig:
    dest_dir: /tmp/kubeconfigs
    when_not_running: skip
    purge: true
  register: fleet

- name: Show the files
  ansible.builtin.debug:
    msg: "{{ fleet.files | map(attribute='dest') }}"

- name: Put a cluster into a kubeconfig with others, as the context prod
  netapp.nks.nks_kubeconfig:
    org: my-organization
    name: prod
    dest: /tmp/config
    merge: true
    set_current: true

- name: Take it out again
  netapp.nks.nks_kubeconfig:
    name: prod
    dest: /tmp/config
    merge: true
    state: absent
"""

RETURN = r"""
dest:
  description: Path of the file, absolute and without symbolic links.
  returned: success with one cluster, unless it was left out by O(when_not_running=skip)
  type: str
  sample: /home/deploy/prod.kubeconfig
cluster:
  description: The cluster that the kubeconfig is for.
  returned: success with one cluster and O(state=present)
  type: dict
  contains:
    pk:
      description: ID of the cluster.
      type: int
    name:
      description: Name of the cluster.
      type: str
    org:
      description: ID of its organization.
      type: int
  sample:
    pk: 1201
    name: prod
    org: 381
context:
  description: The name of the entries of the cluster in the file.
  returned: success with O(merge)
  type: str
  sample: prod
files:
  description: The kubeconfigs of a selection.
  returned: with a selection
  type: list
  elements: dict
  contains:
    cluster:
      description: The cluster, as RV(cluster).
      type: dict
    dest:
      description: Path of the file.
      type: str
  sample:
    - cluster:
        pk: 1201
        name: prod
        org: 381
      dest: /home/deploy/.kube/nks/prod.kubeconfig
removed:
  description: Paths of the files that O(purge) removed.
  returned: with a selection
  type: list
  elements: str
  sample: []
skipped_orgs:
  description: Organizations that the token sees but may not read, as M(netapp.nks.nks_cluster_info) returns them.
  returned: with a selection
  type: list
  elements: dict
  sample: []
backup_file:
  description: Path of the copy of the file that was replaced.
  returned: with one cluster, when O(backup) is true and a file was replaced
  type: str
  sample: /home/deploy/prod.kubeconfig.4711.2026-01-31@10:20:30~
"""

import contextlib
import json
import os
import re
import stat
import tempfile
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.netapp.nks.plugins.module_utils import _names
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSError,
    NKSPayloadError,
    NKSStatusError,
    one_line,
)
from ansible_collections.netapp.nks.plugins.module_utils._fleet import select_clusters
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig import (
    HAS_YAML,
    Entry,
    merge_entry,
    parse_kubeconfig,
    remove_entry,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import params_for, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, IDENTITY, SELECTION
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org

INDEX = ".nks_kubeconfigs.json"
"""The file in dest_dir that lists which kubeconfigs a task for a fleet wrote, for which clusters."""

LOCK_SECONDS = 30


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    check_mode_option(module.params["mode"])
    if module.params["id"] is None and module.params["name"] is None:
        return write_fleet(module, client)
    if module.params["state"] == "absent":
        return remove_context(module)
    return write_one(module, client)


def write_one(module: AnsibleModule, client: NKSClient) -> JSON:
    params = module.params
    if params["dest"] is None and params["dest_name"] is None:
        raise NKSError("dest, or dest_name for a file in dest_dir, is required with the id or name of a cluster.")
    if params["dest"] is not None:
        check_dest(module, params["dest"])
    cluster = find_cluster(client, params)
    found = identity(cluster)
    reason = None if params["when_not_running"] == "try" else not_running(cluster)
    if reason and params["when_not_running"] == "fail":
        raise NKSError(reason)
    if reason:
        module.warn(f"{reason} It is left out.")
        return {"changed": False, "cluster": found}
    dest = params["dest"]
    if dest is None:
        dest = os.path.join(params["dest_dir"], file_name(params["dest_name"], cluster.pk))
        check_dest(module, dest, with_folder=True)
    content, entry = fetch(client, cluster)
    if params["dest_name"] is not None:
        make_folder(module, params["dest_dir"])
    if not params["merge"]:
        return {**replace(module, dest, content), "cluster": found}
    context = params["context"] or _names.safe_name(_names.cluster_name(cluster))
    result = change(module, dest, lambda text: merge_entry(text, context, entry, params["set_current"]))
    return {**result, "cluster": found, "context": context}


def write_fleet(module: AnsibleModule, client: NKSClient) -> JSON:
    """Write the kubeconfig of each selected cluster, and fail after that if one cannot be had."""
    params = module.params
    if any(params[option] for option in ("org", "dest", "dest_name", "merge", "context", "set_current")):
        raise NKSError("org, dest, dest_name, merge, context and set_current need the id or name of one cluster.")
    if params["state"] == "absent":
        raise NKSError("state=absent needs the name of one cluster, and merge.")
    check_dest(module, os.path.join(params["dest_dir"], INDEX), with_folder=True)
    fleet = select_clusters(client, **params_for(module, SELECTION))
    for warning in fleet.warnings():
        module.warn(warning)
    files = dict(zip(fleet_files(fleet.clusters), fleet.clusters))
    left_out = {file: not_running(cluster) for file, cluster in files.items()}
    if params["when_not_running"] != "skip":
        left_out = {}
    for reason in filter(None, left_out.values()):
        module.warn(f"{reason} It is left out.")
    wanted = {file: cluster for file, cluster in files.items() if not left_out.get(file)}
    failures: list[str] = []

    def try_fetch(cluster: Cluster) -> bytes | None:
        reason = not_running(cluster) if params["when_not_running"] == "fail" else None
        try:
            if reason:
                raise NKSError(reason)
            return fetch(client, cluster)[0]
        except NKSError as exc:
            failures.append(str(exc))
            return None

    contents = dict(zip(wanted, concurrently(try_fetch, list(wanted.values()))))
    make_folder(module, params["dest_dir"])
    results = [
        {**replace(module, os.path.join(params["dest_dir"], file), content), "cluster": identity(wanted[file])}
        for file, content in contents.items()
        if content is not None
    ]
    written = {file: cluster for file, cluster in wanted.items() if contents[file] is not None}
    removed = update_index(module, client, written, [org.pk for org in fleet.read_orgs])
    result: JSON = {
        "changed": any(one["changed"] for one in results) or bool(removed),
        "files": [{"cluster": one["cluster"], "dest": one["dest"]} for one in results],
        "removed": removed,
        "diff": [one["diff"] for one in results if one["changed"]],
        "skipped_orgs": [skipped.result() for skipped in fleet.skipped_orgs],
    }
    if failures:
        what = f"{len(results)} of {len(wanted)} kubeconfigs are written. These cannot be had:"
        result.update(failed=True, msg="\n".join([what, *sorted(failures)]))
    return result


def remove_context(module: AnsibleModule) -> JSON:
    """Take a cluster, which may be gone, out of a kubeconfig with others. Makes no request."""
    params = module.params
    if not (params["merge"] and params["dest"]):
        raise NKSError(
            "state=absent needs merge and dest: it takes the entries of a cluster out of a file with others."
        )
    context = params["context"] or (params["name"] and _names.safe_name(params["name"]))
    if not context:
        raise NKSError("state=absent needs context or name, by which the entries are found in the file.")
    check_dest(module, params["dest"])
    if not os.path.exists(params["dest"]):
        return {"changed": False, "dest": os.path.realpath(params["dest"]), "context": context}
    return {**change(module, params["dest"], lambda text: remove_entry(text, context)), "context": context}


def identity(cluster: Cluster) -> JSON:
    return {"pk": cluster.pk, "name": cluster.name, "org": cluster.org.pk}


def check_mode_option(mode: t.Any) -> None:
    """:raises NKSError: the mode is a number that YAML made of digits, such as 600, which is 01130."""
    if isinstance(mode, int) and mode & ~0o740:
        raise NKSError(
            f'mode must be text in quotes, for example "0600". Here it is the number {mode}, mode {mode:04o}.'
        )


def check_dest(module: AnsibleModule, dest: str, with_folder: bool = False) -> None:
    """:raises NKSError: no file can be written there.

    :param with_folder: whether the folder can be made.
    """
    if dest.endswith("/"):
        raise NKSError(f"dest must be a file, and cannot end in a slash: {dest}. For a folder, use dest_dir.")
    dest = os.path.realpath(dest)
    folder = os.path.dirname(dest)
    if os.path.exists(dest) and not os.path.isfile(dest):
        raise NKSError(f"dest is a folder or a device, not a file: {dest}.")
    if with_folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise NKSError(f"dest_dir is not a folder: {folder}.")
    if not (with_folder or module.check_mode or os.path.isdir(folder)):
        raise NKSError(f"The folder of dest does not exist: {dest}.")
    if os.path.isdir(folder) and not os.access(folder, os.W_OK | os.X_OK):
        raise NKSError(f"The folder cannot be written: {folder}.")


def make_folder(module: AnsibleModule, folder: str) -> None:
    """Make the folder for its owner only, or warn if others can use it."""
    if os.path.isdir(folder):
        mode = stat.S_IMODE(os.stat(folder).st_mode)
        if mode & 0o077:
            module.warn(f"Not only its owner can use the folder {folder}: its mode is {mode:04o}, and stays so.")
    elif not module.check_mode:
        os.umask(0o077)
        try:
            os.makedirs(folder, exist_ok=True)  # it may be made for another host at this moment
        except OSError as exc:
            raise NKSError(f"dest_dir cannot be made: {exc.strerror}: {folder}.") from None


def fleet_files(clusters: list[Cluster]) -> list[str]:
    """A file name for each cluster, made of the name of its host in the inventory."""
    names = [_names.safe_name(_names.cluster_name(cluster)) for cluster in clusters]
    unique = _names.unique_names(names, [cluster.raw for cluster in clusters], {*_names.TAKEN, "nks"})
    return [file_name(name, cluster.pk) for name, cluster in zip(unique, clusters)]


def file_name(name: str, pk: int) -> str:
    """A name for the file of this cluster. No name that is used as it is has a tilde, so it is that of no other."""
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        name = f"{re.sub('[^A-Za-z0-9._-]', '_', name)[:100]}~{pk}"
    return f"{name}.kubeconfig"


def not_running(cluster: Cluster) -> str | None:
    """Why the cluster does not run, or None if it does."""
    what = f"The cluster {cluster} has no kubeconfig to write"
    if cluster.has_failed:
        return f"{what}: it has failed."
    return None if cluster.is_running else f"{what}: its state is {one_line(str(cluster.state))}."


def find_cluster(client: NKSClient, params: JSON) -> Cluster:
    """The cluster with this ID or name, or with both.

    :raises NKSError: none has them, or more than one.
    """
    pk, name = params["id"], params["name"]
    orgs = params["orgs"] if params["org"] is None else [params["org"]]
    fleet = select_clusters(client, orgs=orgs, include_service_clusters=True, id=pk)
    found = [cluster for cluster in fleet.clusters if name in (None, cluster.name)]
    which = f"name {name!r}" if pk is None else f"ID {pk}"
    if len(found) > 1:
        listed = ", ".join(f"{cluster.pk} of {cluster.org}" for cluster in found)
        raise NKSError(f"More than one cluster has the {which}: ID {listed}. Give org, or the id of the one you mean.")
    if found:
        return found[0]
    if pk is not None and fleet.clusters:
        raise NKSError(f"The cluster with the ID {pk} is {fleet.clusters[0]}, and not {one_line(repr(name))}.")
    seen = fleet.select(lambda cluster: False).describe_alternatives()
    raise NKSError(f"There is no cluster with the {which}: {seen}.")


def fetch(client: NKSClient, cluster: Cluster) -> tuple[bytes, Entry]:
    """The kubeconfig, and what is in it.

    :raises NKSError: among others, it is not available yet. Its content is in no message.
    """
    what = f"The kubeconfig of the cluster {cluster}, whose state is {one_line(str(cluster.state))},"
    try:
        content = client.kubeconfig(cluster)
    except NKSStatusError as exc:
        if exc.status != 404:
            raise
        raise NKSStatusError(
            f"{what} is not available: NKS makes it while it builds the cluster. Wait until the cluster is running.",
            url=exc.url,
            status=exc.status,
            detail=exc.detail,
        ) from None
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    try:
        return content, parse_kubeconfig(content)
    except ValueError as exc:
        raise NKSPayloadError(f"{what} is not what the server sent: {exc}.", status=200) from None


def change(module: AnsibleModule, dest: str, edit: t.Callable[[str], str]) -> JSON:
    """Edit a kubeconfig file that others may edit at the same time."""
    with locked(os.path.realpath(dest), module.check_mode):
        before = read(os.path.realpath(dest)) or b""
        try:
            text = edit(before.decode("utf-8"))
        except ValueError as exc:
            raise NKSError(f"{dest} cannot be changed, and stays as it is: {exc}.") from None
        return replace(module, dest, text.encode())


@contextlib.contextmanager
def locked(path: str, check_mode: bool) -> t.Iterator[None]:
    """Hold the lock file of a kubeconfig, the one that kubectl uses.

    :raises NKSError: another process holds it for LOCK_SECONDS.
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
                    f"{path} is locked: another process edits it. Remove {lock} if no process does."
                ) from None
            time.sleep(0.05)
        except OSError as exc:
            raise NKSError(f"{lock} cannot be made: {exc.strerror}.") from None
    try:
        yield
    finally:
        os.unlink(lock)


def update_index(
    module: AnsibleModule, client: NKSClient, written: dict[str, Cluster], read_orgs: list[int]
) -> list[str]:
    """Note which kubeconfigs are there for which clusters, and with purge remove those of clusters that are gone.

    :returns: the paths that were removed.
    """
    folder = module.params["dest_dir"]
    if not os.path.isdir(folder):
        return []
    endpoint = client.url
    with locked(os.path.join(folder, INDEX), module.check_mode):
        index = read_index(os.path.join(folder, INDEX))
        index.update({file: {"endpoint": endpoint, "org": one.org.pk, "pk": one.pk} for file, one in written.items()})
        removed = []
        for file, entry in list(index.items()) if module.params["purge"] else []:
            if file in written or entry["endpoint"] != endpoint or entry["org"] not in read_orgs:
                continue
            has_moved = any(one.pk == entry["pk"] and one.org.pk == entry["org"] for one in written.values())
            if has_moved or is_gone(client, entry):
                del index[file]
                path = os.path.join(folder, file)
                if os.path.isfile(path) and not os.path.islink(path):
                    removed.append(path)
        if not module.check_mode:
            for path in removed:
                os.unlink(path)
            write_index(module, os.path.join(folder, INDEX), index)
    return removed


def is_gone(client: NKSClient, entry: JSON) -> bool:
    """Whether the API says that there is no such cluster."""
    try:
        client.cluster(Org({"pk": entry["org"]}), entry["pk"])
    except NKSStatusError as exc:
        if exc.status == 404:
            return True
        raise
    return False


def read_index(path: str) -> dict[str, JSON]:
    """What :func:`write_index` wrote. Nothing if the file is not there or was changed by others."""
    try:
        index = json.loads(read(path) or b"{}")
        entries = {
            file: {"endpoint": str(entry["endpoint"]), "org": int(entry["org"]), "pk": int(entry["pk"])}
            for file, entry in index.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return {file: entry for file, entry in entries.items() if re.fullmatch(r"[A-Za-z0-9._~-]+\.kubeconfig", file)}


def write_index(module: AnsibleModule, path: str, index: dict[str, JSON]) -> None:
    content = json.dumps(index, indent=1, sort_keys=True).encode()
    if read(path) != content:
        write(module, path, content)


def replace(module: AnsibleModule, dest: str, content: bytes) -> JSON:
    """Make the file have this content and the attributes of the module's parameters."""
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
            # First of all, so that the new content is never in a file that others can read.
            module.set_fs_attributes_if_different(attributes, False)
        write(module, dest, content, attributes)
    result["changed"] = module.set_fs_attributes_if_different(attributes, changed, diff=result["diff"])
    return result


def write(module: AnsibleModule, dest: str, content: bytes, attributes: JSON | None = None) -> None:
    """Put a file in place in one step, once it has its attributes."""
    handle, new = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(new)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    if attributes:
        module.set_fs_attributes_if_different({**attributes, "path": new}, False)
    module.atomic_move(new, dest, unsafe_writes=module.params["unsafe_writes"])


def read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise NKSError(f"dest cannot be read: {exc.strerror}: {path}.") from None


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **SELECTION,
            **IDENTITY,
            "org": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "dest": {"type": "path"},
            "dest_dir": {"type": "path", "default": "~/.kube/nks"},
            "dest_name": {"type": "str"},
            "merge": {"type": "bool", "default": False},
            "context": {"type": "str"},
            "set_current": {"type": "bool", "default": False},
            "purge": {"type": "bool", "default": False},
            "when_not_running": {"type": "str", "choices": ["try", "skip", "fail"], "default": "try"},
            "backup": {"type": "bool", "default": False},
            "mode": {"type": "raw", "default": "0600"},
        },
        mutually_exclusive=[("dest", "dest_name"), ("merge", "dest_name")],
        required_if=[("merge", True, ["dest"])],
        add_file_common_args=True,
        supports_check_mode=True,
    )
    if not HAS_YAML:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    run_module(module, run)


if __name__ == "__main__":
    main()
