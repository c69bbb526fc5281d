#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a cluster's kubeconfig to a file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_kubeconfig
short_description: Write the kubeconfig of a cluster of the NetApp Kubernetes Service to a file
version_added: 1.0.0
description:
  - Writes the kubeconfig of a cluster to a file on the host that runs the module, where C(kubectl), or the modules of
    C(kubernetes.core) with their option C(kubeconfig), can use it.
  - The role P(netapp.nks.kubeconfig#role) does this for each cluster host of the inventory.
  - A kubeconfig holds credentials. It is never returned, shown in a diff or logged, and the file can be read by its
    owner only, unless O(mode) says otherwise.
  - What the server sends is checked to be a kubeconfig before anything is written. The file is replaced in one step,
    and stays as it is if anything fails.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.file_module
  - netapp.nks.connection
  - ansible.builtin.files
options:
  org:
    description:
      - The organization of the cluster, by its ID, slug or name, tried in this order.
      - If it is not given, the cluster is looked for in every organization that the token may read.
      - It is needed where O(name) fits clusters of several organizations.
    type: str
  id:
    description:
      - ID of the cluster, which the API calls C(pk).
      - Exactly one of O(id) and O(name) is required.
    type: int
  name:
    description: Name of the cluster.
    type: str
  dest:
    description:
      - Path of the file. Its folder must exist. A symbolic link is followed.
      - Exactly one of O(dest) and O(dest_name) is required.
    type: path
  dest_dir:
    description:
      - With O(dest_name), the folder of the file.
      - If it does not exist, it is made so that only its owner can use it. The mode of a folder that exists stays as it
        is, and there is a warning where others can read or change the folder.
    type: path
    default: ~/.kube/nks
  dest_name:
    description:
      - A name for the file in O(dest_dir), for example that of a host. C(.kubeconfig) is appended.
      - Other characters than letters, digits, C(.), C(_) and C(-) become C(_), and a long name is cut. To such a name,
        C(~) and the ID of the cluster are appended, so that clusters with different names never share a file.
    type: str
  when_not_running:
    description:
      - What to do where the cluster has failed or its C(state) is not V(running).
      - V(try) - ask for the kubeconfig, and fail where it is not available.
      - V(skip) - write nothing and warn. The result has no RV(dest).
      - V(fail) - fail.
    type: str
    choices: [try, skip, fail]
    default: try
  backup:
    description: Keep a copy of the file that is replaced, with a timestamp in its name. Only its owner can read it.
    type: bool
    default: false
  mode:
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

- name: Write it to /tmp/kubeconfigs/prod.kubeconfig, unless the cluster is not running
  netapp.nks.nks_kubeconfig:
    org: my-organization
    name: prod
    dest_dir: /tmp/kubeconfigs
    dest_name: prod
    when_not_running: skip
"""

RETURN = r"""
dest:
  description: Path of the file, absolute and without symbolic links.
  returned: success, unless the cluster was left out by O(when_not_running=skip)
  type: str
  sample: /home/deploy/prod.kubeconfig
cluster:
  description: The cluster that the kubeconfig is for.
  returned: success
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
backup_file:
  description: Path of the copy of the file that was replaced.
  returned: when O(backup) is true and a file was replaced
  type: str
  sample: /home/deploy/prod.kubeconfig.4711.2026-01-31@10:20:30~
"""

import codecs
import os
import re
import stat
import tempfile
import traceback
import typing as t

try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    YAML_IMPORT_ERROR = None

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSError,
    NKSPayloadError,
    NKSStatusError,
    one_line,
)
from ansible_collections.netapp.nks.plugins.module_utils._fleet import select_clusters
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, IDENTITY
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster

MAX_KUBECONFIG_BYTES = 2**18
"""Bytes. A kubeconfig for one cluster has a few thousand."""


def write_kubeconfig(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    params = module.params
    if params["dest"] is not None:
        check_dest(module, params["dest"])
    cluster = find_cluster(client, params["org"], params["id"], params["name"])
    found = {"pk": cluster.pk, "name": cluster.name, "org": cluster.org.pk}
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
    # Also in the parameters, so that a link is followed for the attributes as well.
    dest = params["dest"] = os.path.realpath(dest)
    content = fetch(client, cluster)
    if params["dest_name"] is not None:
        make_folder(module, params["dest_dir"])
    return {**replace(module, dest, content), "cluster": found}


def check_dest(module: AnsibleModule, dest: str, with_folder: bool = False) -> None:
    """:raises NKSError: no file can be written there.

    :param with_folder: whether the folder can be made.
    """
    dest = os.path.realpath(dest)
    folder = os.path.dirname(dest)
    if os.path.exists(dest) and not os.path.isfile(dest):
        raise NKSError(f"dest is a folder or a device, not a file: {dest}.")
    if with_folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise NKSError(f"dest_dir is not a folder: {folder}.")
    if not (with_folder or module.check_mode or os.path.isdir(folder)):
        raise NKSError(f"The folder of dest does not exist: {dest}.")


def make_folder(module: AnsibleModule, folder: str) -> None:
    """Make the folder for its owner only, or warn where it is not for its owner only."""
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


def file_name(name: str, pk: int) -> str:
    """A name for the file of this cluster. No name that is used as it is has a tilde, so it is that of no other."""
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        name = f"{re.sub('[^A-Za-z0-9._-]', '_', name)[:100]}~{pk}"
    return f"{name}.kubeconfig"


def not_running(cluster: Cluster) -> str | None:
    """Why the cluster does not run, in words. None where it does."""
    what = f"The cluster {cluster} has no kubeconfig to write"
    if cluster.has_failed:
        return f"{what}: it has failed."
    return None if cluster.is_running else f"{what}: its state is {one_line(str(cluster.state))}."


def find_cluster(client: NKSClient, org: str | None, pk: int | None, name: str | None) -> Cluster:
    """The cluster with this ID or name.

    :raises NKSError: none fits, or more than one.
    """
    orgs = None if org is None else [org]
    fleet = select_clusters(client, orgs=orgs, include_service_clusters=True, id=pk, name=name)
    which = f"name {name!r}" if pk is None else f"ID {pk}"
    if len(fleet.clusters) > 1:
        fitting = ", ".join(f"{cluster.pk} of {cluster.org}" for cluster in fleet.clusters)
        raise NKSError(f"More than one cluster has the {which}: ID {fitting}. Give org, or the id of the one you mean.")
    if not fleet.clusters:
        raise NKSError(f"There is no cluster with the {which}: {fleet.describe_alternatives()}.")
    return fleet.clusters[0]


def fetch(client: NKSClient, cluster: Cluster) -> bytes:
    """The kubeconfig, checked to be one.

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
    if content.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    if not is_kubeconfig(content):
        raise NKSPayloadError(
            f"{what} is not what the server sent: that lacks kind: Config, or a cluster with a server.", status=200
        )
    return content


def is_kubeconfig(content: bytes) -> bool:
    if len(content) > MAX_KUBECONFIG_BYTES:
        return False
    try:
        # Not with the parser in C of libyaml, which crashes the process on deep nesting, and with every scalar as text:
        # merges (<<) can grow exponentially, and the conversion of a long number takes minutes.
        config = yaml.load(content, Loader=yaml.BaseLoader)
    except Exception:  # pylint: disable=broad-exception-caught  # the parser may break in many ways
        return False
    clusters = config.get("clusters") if isinstance(config, dict) and config.get("kind") == "Config" else None
    return isinstance(clusters, list) and any(
        isinstance(item, dict) and isinstance(item.get("cluster"), dict) and item["cluster"].get("server")
        for item in clusters
    )


def replace(module: AnsibleModule, dest: str, content: bytes) -> dict[str, t.Any]:
    """Make the file have this content and the attributes of the module's parameters."""
    os.umask(0o077)
    attributes = module.load_file_common_arguments(module.params)
    before = read(dest)
    changed = before != content
    result: dict[str, t.Any] = {"dest": dest, "diff": {"before": {"path": dest}, "after": {"path": dest}}}
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
        handle, new = tempfile.mkstemp(dir=module.tmpdir)
        module.add_cleanup_file(new)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        module.atomic_move(new, dest, unsafe_writes=module.params["unsafe_writes"])
    result["changed"] = module.set_fs_attributes_if_different(attributes, changed, diff=result["diff"])
    return result


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
            "org": {"type": "str"},
            **IDENTITY,
            "dest": {"type": "path"},
            "dest_dir": {"type": "path", "default": "~/.kube/nks"},
            "dest_name": {"type": "str"},
            "when_not_running": {"type": "str", "choices": ["try", "skip", "fail"], "default": "try"},
            "backup": {"type": "bool", "default": False},
            "mode": {"type": "raw", "default": "0600"},
        },
        mutually_exclusive=[("id", "name"), ("dest", "dest_name")],
        required_one_of=[("id", "name"), ("dest", "dest_name")],
        add_file_common_args=True,
        supports_check_mode=True,
    )
    if YAML_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_IMPORT_ERROR)
    run_module(module, write_kubeconfig)


if __name__ == "__main__":
    main()
