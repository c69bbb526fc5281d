#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write kubeconfigs of clusters of NKS to files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_kubeconfig
short_description: Write kubeconfigs of clusters of the NetApp Kubernetes Service to files
version_added: 1.0.0
description:
  - Writes the kubeconfig of one cluster, or of each selected cluster, to files on the host that runs the module.
    C(kubectl) and the option C(kubeconfig) of the modules in C(kubernetes.core) can use these files.
  - With O(id) or O(name), the module writes one kubeconfig, either to O(dest) or to O(dest_name) in O(dest_dir). With
    O(merge), the cluster becomes a context in a file that can also contain other clusters.
  - Without O(id) and O(name), the module writes the kubeconfig of each selected cluster to O(dest_dir), with concurrent
    requests. The files have the names of the hosts that the inventory plugin P(netapp.nks.nks#inventory) creates for
    the same selection. If a kubeconfig is not available, the module writes all others and then fails.
  - A kubeconfig contains credentials. The module never returns or logs it, or shows it in a diff. Only the owner can
    read the file, unless O(mode) allows more.
  - The module validates each kubeconfig before it writes anything. A kubeconfig must have a current context with its
    cluster and user. A file is replaced in one step, and does not change if anything fails.
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
      - ID, slug or name of the organization of the cluster that O(id) or O(name) identifies.
      - If not set, the module looks for the cluster in O(orgs).
      - Required if O(name) matches clusters of several organizations.
    type: str
  id:
    description: ID of the cluster, which the API calls C(pk). If O(name) is also set, the cluster must have both.
    type: int
  name:
    description: Name of the cluster.
    type: str
  state:
    description:
      - V(present) - write the kubeconfigs to the files.
      - V(absent) - remove the entries of one cluster, named by O(context) or O(name), from O(dest). Requires O(merge).
        Makes no request, so that it also works for deleted clusters. A cluster or user that another context uses stays.
        The C(current-context) never changes. A warning is shown if it is the context that was removed.
    type: str
    choices: [present, absent]
    default: present
  dest:
    description:
      - Path of the file for one cluster. Its directory must exist. Symbolic links are followed.
      - With O(id) or O(name), one of O(dest) and O(dest_name) is required. They are mutually exclusive.
    type: path
  dest_dir:
    description:
      - Directory for the files, with O(dest_name) and for a selection of clusters.
      - If the directory does not exist, the module creates it so that only its owner can access it. The mode of an
        existing directory does not change. A warning is shown if others can access the directory.
      - The file C(.nks_kubeconfigs.json) in the directory records which kubeconfig was written for which cluster. The
        module fails for a cluster whose file was written for another cluster, and does not change the file, unless the
        other cluster is deleted or gets another file in the same task. A cluster counts as deleted only if the task
        reads its organization.
    type: path
    default: ~/.kube/nks
  dest_name:
    description:
      - Name of the file in O(dest_dir), for example the name of a host. C(.kubeconfig) is appended.
      - C(_) replaces characters other than letters, digits, C(.), C(_) and C(-), and a name of more than 100 characters
        is shortened. C(~) and the ID of the cluster are appended to a name that was changed.
    type: str
  merge:
    description:
      - Add the cluster to O(dest) under the name O(context), and keep everything else in the file.
      - Outside of the entries of the cluster, the file does not change by a single byte. In a file in flow style, such
        as JSON, the parts that change are rewritten in block style. The module fails if the format of the file does not
        allow such a change.
      - The entries for the cluster, the user and the context all have the name O(context). The module fails if the file
        uses this name for another server, or in a context whose cluster or user has another name.
      - Fields that were added to the context stay, for example the C(namespace) that
        C(kubectl config set-context --namespace) sets.
      - The module uses the same lock file next to O(dest) as C(kubectl), so that tasks that run at the same time do not
        lose entries.
    type: bool
    default: false
  context:
    description:
      - Name of the context for O(merge).
      - The default is the name of the cluster, in which C(_) replaces the characters that the inventory plugin
        P(netapp.nks.nks#inventory) does not allow in names of hosts. The inventory plugin appends the ID to the names
        of hosts that would be ambiguous. This option does not.
    type: str
  set_current:
    description: With O(merge), whether to set the C(current-context) of the file to this context.
    type: bool
    default: false
  purge:
    description:
      - Whether to remove kubeconfigs that earlier tasks wrote to O(dest_dir), if the cluster does not exist any more.
        Works only for a selection, and removes only files of its organizations.
      - A file that an earlier task for a selection wrote is also removed if its cluster now has another file.
      - Other files, and files that were changed after this module wrote them, are never removed.
    type: bool
    default: false
  when_not_running:
    description:
      - What to do if a cluster has failed or its C(state) is not V(running).
      - V(try) - request the kubeconfig, and fail if it is not available.
      - V(skip) - show a warning and do not write the kubeconfig.
      - V(fail) - fail.
    type: str
    choices: [try, skip, fail]
    default: try
  backup:
    description: Whether to keep a copy of each file that is replaced, with a timestamp in its name. Only the owner can
      read the copy.
    type: bool
    default: false
  mode:
    description:
      - Permissions of the files, as a string in quotes. A number such as C(600), which would mean the mode 01130, is
        refused.
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

- name: Show the file and its cluster
  ansible.builtin.debug:
    msg: "{{ prod.dest }} is for the cluster {{ prod.cluster.name }} with the ID {{ prod.cluster.pk }}."

- name: Write the kubeconfig of each running cluster to a directory, and remove those of deleted clusters
  netapp.nks.nks_kubeconfig:
    dest_dir: /tmp/kubeconfigs
    when_not_running: skip
    purge: true
  register: fleet

- name: Show the files
  ansible.builtin.debug:
    msg: "{{ fleet.files | map(attribute='dest') }}"

- name: Add a cluster to a kubeconfig with other clusters, as the context prod
  netapp.nks.nks_kubeconfig:
    org: my-organization
    name: prod
    dest: /tmp/config
    merge: true
    set_current: true

- name: Remove the cluster from the kubeconfig
  netapp.nks.nks_kubeconfig:
    name: prod
    dest: /tmp/config
    merge: true
    state: absent
"""

RETURN = r"""
dest:
  description: Path of the file, absolute and without symbolic links.
  returned: success with one cluster, unless it was skipped because of O(when_not_running=skip)
  type: str
  sample: /home/deploy/prod.kubeconfig
cluster:
  description: The cluster to which the kubeconfig belongs.
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
      description: ID of the organization.
      type: int
  sample:
    pk: 1201
    name: prod
    org: 381
context:
  description: Name of the entries of the cluster in the file.
  returned: success with O(merge)
  type: str
  sample: prod
files:
  description: The files with the kubeconfigs of a selection.
  returned: with a selection
  type: list
  elements: dict
  contains:
    cluster:
      description: The cluster, in the format of RV(cluster).
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
  description: Paths of the files that were removed because of O(purge).
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
  returned: with one cluster, when O(backup=true) and a file was replaced
  type: str
  sample: /home/deploy/prod.kubeconfig.4711.2026-01-31@10:20:30~
"""

import os

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.netapp.nks.plugins.module_utils import _names
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSError,
    NKSPayloadError,
    NKSStatusError,
    one_line,
)
from ansible_collections.netapp.nks.plugins.module_utils._fleet import is_gone, select_clusters
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig import (
    HAS_YAML,
    Entry,
    current_context,
    merge_entry,
    parse_kubeconfig,
    remove_entry,
)
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig_dir import (
    INDEX,
    file_name,
    fleet_files,
    identity,
    write_files,
)
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig_file import (
    change,
    check_dest,
    check_permissions,
    replace,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import params_for, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, IDENTITY, SELECTION, STATE
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    check_permissions(module.params["mode"])
    if module.params["id"] is None and module.params["name"] is None:
        return write_fleet(module, client)
    if module.params["state"] == "absent":
        return remove_context(module)
    return write_one(module, client)


def write_one(module: AnsibleModule, client: NKSClient) -> JSON:
    params = module.params
    if params["dest"] is None and params["dest_name"] is None:
        raise NKSError("With id or name, set dest, or dest_name for a file in dest_dir.")
    if params["dest"] is not None:
        check_dest(module, params["dest"])
    cluster = find_cluster(client, params)
    found = identity(cluster)
    reason = None if params["when_not_running"] == "try" else not_running(cluster)
    if reason and params["when_not_running"] == "fail":
        raise NKSError(reason)
    if reason:
        module.warn(reason)
        return {"changed": False, "cluster": found}
    dest = params["dest"]
    if dest is None:
        dest = os.path.join(params["dest_dir"], file_name(params["dest_name"], cluster.pk))
        check_dest(module, dest, with_directory=True)
    content, entry = fetch(client, cluster)
    if params["dest_name"] is not None:
        files = {os.path.basename(dest): (cluster, content)}
        results, _removed, failures = write_files(
            module, client, files, [cluster], [cluster.org.pk], of_selection=False
        )
        if failures:
            raise NKSError(" ".join(failures))
        return results[0]
    if not params["merge"]:
        return {**replace(module, dest, content), "cluster": found}
    context = params["context"] or _names.safe_name(_names.cluster_name(cluster))
    result = change(module, dest, lambda text: merge_entry(text, context, entry, params["set_current"]))
    return {**result, "cluster": found, "context": context}


def write_fleet(module: AnsibleModule, client: NKSClient) -> JSON:
    """Write the kubeconfig of each selected cluster, and fail in the end if one is not available."""
    params = module.params
    if any(params[option] for option in ("org", "dest", "dest_name", "merge", "context", "set_current")):
        raise NKSError("org, dest, dest_name, merge, context and set_current require id or name.")
    if params["state"] == "absent":
        raise NKSError("state=absent requires merge, and the name of one cluster.")
    check_dest(module, os.path.join(params["dest_dir"], INDEX), with_directory=True)
    fleet = select_clusters(client, **params_for(module, SELECTION))
    for warning in fleet.warnings():
        module.warn(warning)
    wanted: dict[str, Cluster] = {}
    for file, cluster in fleet_files(fleet.clusters).items():
        reason = not_running(cluster) if params["when_not_running"] == "skip" else None
        if reason:
            module.warn(reason)
        else:
            wanted[file] = cluster
    failures: list[str] = []
    deleted: list[Cluster] = []

    def try_fetch(cluster: Cluster) -> bytes | None:
        reason = not_running(cluster) if params["when_not_running"] == "fail" else None
        try:
            if reason:
                raise NKSError(reason)
            return fetch(client, cluster)[0]
        except NKSError as exc:
            # The API can list a deleted cluster for some time.
            if exc.is_not_found and is_gone(client, cluster.org, cluster.pk):
                deleted.append(cluster)
            else:
                failures.append(str(exc))
            return None

    fetched = zip(wanted.items(), concurrently(try_fetch, list(wanted.values())))
    contents = {file: (cluster, content) for (file, cluster), content in fetched if content is not None}
    existing = [cluster for cluster in fleet.clusters + fleet.not_selected if cluster not in deleted]
    read_orgs = [org.pk for org in fleet.read_orgs]
    results, removed, more = write_files(module, client, contents, existing, read_orgs, of_selection=True)
    failures.extend(more)
    result: JSON = {
        "changed": any(one["changed"] for one in results) or bool(removed),
        "files": [{"cluster": one["cluster"], "dest": one["dest"]} for one in results],
        "removed": removed,
        "diff": [one["diff"] for one in results if one["changed"]],
        "skipped_orgs": [skipped.result() for skipped in fleet.skipped_orgs],
    }
    if failures:
        what = f"{len(results)} of {len(wanted)} kubeconfigs were written. Errors:"
        result.update(failed=True, msg="\n".join([what, *sorted(failures)]))
    return result


def remove_context(module: AnsibleModule) -> JSON:
    """Remove the entries of a cluster, which may not exist any more, from a kubeconfig. Make no request."""
    params = module.params
    if not (params["merge"] and params["dest"]):
        raise NKSError("state=absent requires merge and dest, because it removes entries from a file.")
    context = params["context"] or (params["name"] and _names.safe_name(params["name"]))
    if not context:
        raise NKSError("state=absent requires context or name, to find the entries in the file.")
    check_dest(module, params["dest"])
    if not os.path.exists(params["dest"]):
        return {"changed": False, "dest": os.path.realpath(params["dest"]), "context": context}

    def remove(text: str) -> str:
        without = remove_entry(text, context)
        if without != text and current_context(text) == context:
            module.warn(f"The current-context of {params['dest']} is still {context}, which was removed.")
        return without

    return {**change(module, params["dest"], remove), "context": context}


def not_running(cluster: Cluster) -> str | None:
    """Return a message if the cluster is not running, else None."""
    what = f"The kubeconfig of the cluster {cluster} is not written"
    if cluster.has_failed:
        return f"{what}: the cluster has failed."
    return None if cluster.is_running else f"{what}: the state of the cluster is {one_line(str(cluster.state))}."


def find_cluster(client: NKSClient, params: JSON) -> Cluster:
    """Return the cluster with the ID or name in the options, or with both.

    :raises NKSError: no cluster matches, or more than one.
    """
    pk, name = params["id"], params["name"]
    orgs = params["orgs"] if params["org"] is None else [params["org"]]
    fleet = select_clusters(client, orgs=orgs, include_service_clusters=True, id=pk)
    found = [cluster for cluster in fleet.clusters if name in (None, cluster.name)]
    which = f"name {name!r}" if pk is None else f"ID {pk}"
    if len(found) > 1:
        listed = ", ".join(f"{cluster.pk} of {cluster.org}" for cluster in found)
        raise NKSError(f"More than one cluster has the {which}: ID {listed}. Set org or id to select one.")
    if found:
        return found[0]
    if pk is not None and fleet.clusters:
        raise NKSError(f"The cluster with the ID {pk} is {fleet.clusters[0]}, not {one_line(repr(name))}.")
    seen = fleet.select(lambda cluster: False).describe_alternatives()
    raise NKSError(f"There is no cluster with the {which}: {seen}.")


def fetch(client: NKSClient, cluster: Cluster) -> tuple[bytes, Entry]:
    """Request the kubeconfig of a cluster, and parse it.

    :raises NKSError: the kubeconfig is not available or not valid. The message never contains its content.
    """
    what = f"The kubeconfig of the cluster {cluster}, whose state is {one_line(str(cluster.state))},"
    try:
        content = client.kubeconfig(cluster)
    except NKSStatusError as exc:
        if exc.status != 404:
            raise
        raise NKSStatusError(
            f"{what} is not available: NKS creates it while it builds the cluster. Wait until the cluster is running.",
            url=exc.url,
            status=exc.status,
            detail=exc.detail,
        ) from None
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    try:
        return content, parse_kubeconfig(content)
    except ValueError as exc:
        raise NKSPayloadError(f"{what} is not valid: {exc}.", status=200) from None


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **SELECTION,
            **IDENTITY,
            **STATE,
            "org": {"type": "str"},
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
