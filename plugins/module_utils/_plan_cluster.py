# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the requests that bring a cluster to the wanted state. Nothing here makes a request.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON, as_dict, as_list
from ansible_collections.netapp.nks.plugins.module_utils._plan import (
    Field,
    Plan,
    Request,
    check_fixed,
    check_required,
    given,
    same_network,
    unless_new,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, version_numbers

CLUSTER_FIELDS: dict[str, Field] = {
    "provider": Field("fixed"),
    "region": Field("fixed"),
    "zone": Field("fixed"),
    "workspace": Field("fixed"),
    "project_id": Field("fixed"),
    "provider_keyset": Field("fixed"),
    "user_ssh_keyset": Field("fixed"),
    "platform": Field("fixed"),
    "channel": Field("fixed"),
    "etcd_type": Field("fixed"),
    "k8s_rbac_enabled": Field("fixed", "bool"),
    "k8s_dashboard_enabled": Field("fixed", "bool"),
    "provider_resource_group": Field("fixed", equals=unless_new),
    "provider_network_id": Field("fixed", equals=unless_new),
    "provider_network_cidr": Field("fixed", equals=same_network),
    "provider_subnet_id": Field("fixed", equals=unless_new),
    "provider_subnet_cidr": Field("fixed", equals=same_network),
    "k8s_pod_cidr": Field("fixed", equals=same_network),
    "k8s_service_cidr": Field("fixed", equals=same_network),
    "master_count": Field("creation", "int"),
    "master_size": Field("creation"),
    "master_root_disk_size": Field("creation", "int"),
    "worker_count": Field("creation", "int"),
    "worker_size": Field("creation"),
    "worker_root_disk_size": Field("creation", "int"),
    "min_node_count": Field("creation", "int"),
    "max_node_count": Field("creation", "int"),
    "network_components": Field("creation", "list"),
    "solutions": Field("creation", "list"),
    "config": Field("creation", "dict"),
}

ANY_VERSION = (None, "", "latest")
"""Values of ``k8s_version`` that every cluster meets. With an empty text, the service chooses the version."""


def plan_cluster(wanted: JSON, there: Cluster | None, has_failed: bool = False) -> Plan:
    """Plan the creation, replacement, upgrade or deletion of a cluster.

    :param wanted: the option values by option name, with the IDs of keysets and of the workspace.
    :param has_failed: whether the cluster has failed, even if only its logs say so.
    :raises NKSError: the wanted state cannot be reached.
    """
    if wanted.get("state") == "absent":
        return _plan_absent(there)
    if there is None or there.state == "deleting" or (has_failed and wanted.get("replace_failed")):
        create = _create_cluster(wanted)
        shown = [field for field in CLUSTER_FIELDS if field not in ("solutions", "config")]  # these can hold secrets
        created = {"state": "running", **given(create.body, ("name", *shown, "k8s_version"))}
        if there is None:
            return Plan([create], {"state": "absent"}, created)
        first = [] if there.state == "deleting" else [_delete(there)]
        return Plan(first, {"state": there.state}, created, later=[create])
    current = {**there.raw, "workspace": there.workspace_pk}
    warnings = check_fixed(f"The cluster {there}", CLUSTER_FIELDS, wanted, current)
    version = wanted.get("k8s_version")
    if version in ANY_VERSION or meets_version(there.raw.get("k8s_version"), version) or has_failed:
        return Plan(warnings=warnings)
    offered = [offer for offer in as_list(there.raw.get("version_migrations")) if isinstance(offer, str)]
    target = max((offer for offer in offered if meets_version(offer, version)), key=version_numbers, default=None)
    if target is None:
        raise NKSError(
            f"The cluster {there} has Kubernetes {there.raw.get('k8s_version')} and cannot be upgraded to {version}. "
            f"It can be upgraded to: {', '.join(offered) or 'no version'}."
        )
    sentence = f"Upgrade the cluster {there} from Kubernetes {there.raw.get('k8s_version')} to {target}."
    before, after = {"k8s_version": there.raw.get("k8s_version")}, {"k8s_version": target}
    upgrade = Request("upgrade", sentence, {"version": target}, is_visible_at_once=False)
    if not there.is_running:  # the API refuses an upgrade until the build or another upgrade is complete
        return Plan([], before, after, later=[upgrade], warnings=warnings)
    return Plan([upgrade], before, after, warnings=warnings)


def _plan_absent(there: Cluster | None) -> Plan:
    if there is None or there.state == "deleting":
        return Plan()
    if as_dict(there.raw.get("config")).get("is_service_cluster"):
        raise NKSError(f"The cluster {there} is a service cluster, which NKS runs for its own use. It is not deleted.")
    return Plan([_delete(there)], {"state": there.state}, {"state": "absent"})


def unmet_cluster(wanted: JSON, cluster: Cluster | None, failure: Log | None) -> tuple[list[str], bool]:
    """Return the differences from the requested state, a sentence each, and whether they are final.

    :param failure: the log of the failed build, upgrade or deletion, if it failed.
    """
    reason = f" The build log says: {failure.message}" if failure and failure.message else ""
    if wanted["state"] == "absent":
        # A failure of the build stays in the logs. Only another one means that the deletion failed.
        has_failed = bool(cluster and cluster.state == "deleting" and failure and reason and not failure.is_of_build)
        why = reason if has_failed else ""
        return ([f"The cluster {cluster} is {one_line(str(cluster.state))}.{why}"] if cluster else []), has_failed
    if cluster is None:
        return [f"The cluster {one_line(str(wanted['name']))} does not exist."], False
    version, there = wanted["k8s_version"], cluster.raw.get("k8s_version")
    if cluster.is_running and (version in ANY_VERSION or meets_version(there, version)):
        return [], False
    if failure and (cluster.is_running or not wanted["replace_failed"]):
        what = f"The upgrade of the cluster {cluster}" if cluster.is_running else f"The cluster {cluster}"
        return [f"{what} has failed.{reason}"], True
    if not cluster.is_running:
        return [f"The cluster {cluster} is {one_line(str(cluster.state))}, not running."], False
    return [f"The cluster {cluster} has Kubernetes {one_line(str(there))}, not {version}."], False


def _create_cluster(wanted: JSON) -> Request:
    name = one_line(str(wanted.get("name") or ""))
    required = ("name", "provider", "provider_keyset", "region", "k8s_version", "worker_count", "worker_size")
    check_required(wanted, required, f"The cluster {name or wanted.get('id')}")
    return Request("create", f"Create the cluster {name}.", _cluster_body(wanted))


def _delete(there: Cluster) -> Request:
    return Request("delete", f"Delete the cluster {there}.", target=there.pk)


def _cluster_body(wanted: JSON) -> JSON:
    """Return the body of the request that creates a cluster."""
    body = {**(wanted.get("extra") or {}), **given(wanted, ("name", *CLUSTER_FIELDS, "k8s_version"))}
    provider = body.get("provider")
    body.setdefault("master_count", 0 if provider in ("aks", "eks") else 1)
    body.setdefault("master_size", "")
    new = {"aws": ("network", "subnet"), "azure": ("network", "subnet"), "eks": ("network",)}.get(str(provider), ())
    for part in new:
        body.setdefault(f"provider_{part}_id", "__new__")
    if provider == "azure":
        body.setdefault("provider_resource_group", "__new__")
    body["solutions"] = [
        {"solution": solution} if isinstance(solution, str) else solution for solution in body.get("solutions") or []
    ]
    body.pop("workspace", None)  # the workspace is part of the path
    return body


def meets_version(there: t.Any, wanted: t.Any) -> bool:
    """Return whether a version is the wanted one. ``v1.15.3`` meets ``v1.15``."""
    least = version_numbers(wanted)
    return bool(least) and version_numbers(there)[: len(least)] == least
