#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and delete keysets of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_keyset
short_description: Create, change and delete keysets of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Creates a keyset, changes it, or deletes it. A keyset holds the credentials for a provider or a solution, or an SSH
    key pair. The token must belong to an owner or an administrator of the organization.
  - A keyset is identified by O(name), O(category) and O(entity) within its organization, or by O(id).
  - The module cannot compare the keys, because the API never returns them.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
  - netapp.nks.lifecycle.at_once
  - netapp.nks.lifecycle.state
options:
  name:
    description: Name of the keyset.
    type: str
  id:
    description: ID of the keyset, which the API calls C(pk).
    type: int
  new_name:
    description: New name of the keyset. If no keyset has the name O(name), but one has the new name, that one is used.
    type: str
  category:
    description: Purpose of the keyset. Required for creation. It cannot be changed.
    type: str
    choices: [provider, solution, storage, user_ssh]
  entity:
    description: The provider or solution, for example V(aws) or V(sysdig). Required for creation, except for the
      category V(user_ssh), which has no entity. It cannot be changed.
    type: str
  keys:
    description:
      - Dictionary with a value for each type of key. Required for creation. Values are never shown, returned or
        compared.
      - The types depend on O(entity). Keys of an entity that is not in this list are sent without a check, and a
        warning is shown.
      - V(aws), V(eks) and V(cvsaws) - V(pub) and V(pvt).
      - V(azure) and V(aks) - V(subscription), V(tenant), V(pub) and V(pvt).
      - V(gce) and V(gke) - V(other), which is the JSON of a service account.
      - V(do), V(oneandone), V(packet) and V(sysdig) - V(token).
      - V(profitbricks) - V(username) and V(password).
      - V(turbonomic) - V(url), V(username), V(password) and V(scope).
      - V(azure-storage) - V(other) and V(access_key).
      - For O(category=user_ssh), the types are V(pub), and optionally V(pvt).
    type: dict
  update_keys:
    description:
      - V(on_create) - send the keys only when the keyset is created.
      - V(always) - send the keys on every run, which always counts as a change.
    type: str
    choices: [on_create, always]
    default: on_create
  key_encoding:
    description: Encoding of the values in O(keys) in the request. NetApp's documentation asks for V(base64), but
      NetApp's clients send V(raw) values.
    type: str
    choices: [raw, base64]
    default: raw
  workspaces:
    description: Workspaces that can use the keyset, given by ID, slug or name. With an empty list, all workspaces can
      use it.
    type: list
    elements: str
  is_default:
    description: Whether this is the default keyset of its category and entity.
    type: bool
  force:
    description: Whether to delete a keyset that a cluster uses. NKS can then no longer delete that cluster cleanly.
    type: bool
    default: false
seealso:
  - module: netapp.nks.nks_cluster
  - module: netapp.nks.nks_keyset_info
"""

EXAMPLES = r"""
- name: Create a keyset for AWS
  netapp.nks.nks_keyset:
    org: my-organization
    name: Keys of the pipeline
    category: provider
    entity: aws
    keys:
      pub: AKIAIOSFODNN7EXAMPLE
      pvt: "{{ lookup('ansible.builtin.file', '/run/secrets/nks') }}"

- name: Let only one workspace use the keyset
  netapp.nks.nks_keyset:
    org: my-organization
    name: Keys of the pipeline
    category: provider
    entity: aws
    workspaces: [Team A]

- name: Delete the keyset
  netapp.nks.nks_keyset:
    org: my-organization
    name: Keys of the pipeline
    category: provider
    entity: aws
    state: absent
"""

RETURN = r"""
keyset:
  description: The keyset, without the values of its keys. Null if it does not exist.
  returned: success, and on failures after a request was sent
  type: dict
  sample:
    pk: 20001
    name: Keys of the pipeline
    category: provider
    entity: aws
    org: 381
    workspaces: []
    is_default: false
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent
  type: list
  elements: str
  sample:
    - Create the keyset Keys of the pipeline.
is_requested:
  description: Whether all required changes have been requested.
  returned: success, and on failures after a request was sent
  type: bool
unmet:
  description: Changes that the API accepted but did not make, one sentence each.
  returned: when there are any
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils import _plan_org
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    find_named,
    find_own,
    find_own_org,
    find_renamed,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, ORG_RESOURCE
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._secrets import secrets_of
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Keyset, Org
from ansible_collections.netapp.nks.plugins.module_utils._unmet import failure_title


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    org = find_own_org(client, module.params["org"])
    wanted = resolve(module, client, org)
    is_wanted = wanted["state"] == "present"

    def poll(limited: NKSClient) -> Keyset | None:
        keysets = limited.keysets(org)
        if wanted["id"] is None:
            keysets = [keyset for keyset in keysets if keyset.is_of_kind(wanted["category"], wanted["entity"])]
        found = find_own(keysets, "keyset", wanted)
        if found:  # only a keyset of the same kind can have taken the new name
            kind = found.raw.get("category"), found.raw.get("entity")
            keysets = [keyset for keyset in keysets if keyset.is_of_kind(*kind)]
        return find_renamed(keysets, "keyset", wanted)

    def plan(there: Keyset | None) -> Plan:
        if not is_wanted:
            return _plan_org.plan_keyset_absent(there, wanted["category"], wanted["entity"])
        return _plan_org.plan_keyset(wanted, there)

    def send(client: NKSClient, there: Keyset | None, request: Request) -> None:
        if request.action == "create":
            wanted["update_keys"] = "on_create"
            client.create_keyset(org, {"org": org.pk, **request.body})
        elif there and request.action == "delete":
            client.delete_keyset(org, there.pk)
        elif there:
            client.update_keyset(org, there.pk, request.body)

    def unmet(_client: NKSClient, there: Keyset | None) -> tuple[list[str], bool]:
        needed = [request for request in plan(there).requests if request.action != "update_keys"]
        return [f"The API accepted a change, but did not make it: {request.sentence}" for request in needed], False

    def check(client: NKSClient, requests: list[Request]) -> None:
        if requests[0].action == "delete" and not wanted["force"]:
            check_unused(client, org, requests[0].target)

    if wanted["id"] is not None and is_wanted and poll(client) is None:
        raise NKSError(f"There is no keyset with the ID {wanted['id']}. To create one, give its name.")
    title = failure_title("keyset", wanted["name"] or wanted["id"], is_wanted)
    operations = Operations(title, poll, plan, send, unmet, lambda there: {"keyset": there and there.raw}, check)
    return reconcile(client, operations, wanted, module.check_mode)


def resolve(module: AnsibleModule, client: NKSClient, org: Org) -> JSON:
    """Return the options, with workspaces replaced by IDs and keys encoded for the request."""
    wanted = dict(module.params)
    if wanted["state"] == "absent":
        return wanted
    if wanted["keys"] is not None:
        warning = _plan_org.check_key_types(wanted["category"], wanted["entity"], wanted["keys"])
        if warning:
            module.warn(warning)
        client.hide(secrets_of(wanted["keys"]))
        wanted["keys"] = _plan_org.encoded_keys(wanted["keys"], wanted["key_encoding"])
        module.no_log_values.update(wanted["keys"].values())
        client.hide(wanted["keys"].values())
    if wanted["workspaces"]:
        known = client.workspaces(org)
        found = [find_named(known, "workspace", name).pk for name in wanted["workspaces"]]
        wanted["workspaces"] = list(dict.fromkeys(found))  # the name and the ID of one workspace are one workspace
    return wanted


def check_unused(client: NKSClient, org: Org, pk: int) -> None:
    """:raises NKSError: a cluster uses the keyset."""

    def uses(cluster: Cluster) -> bool:
        try:
            detail = client.cluster(org, cluster.pk)
        except NKSStatusError as exc:
            if not exc.is_not_found:
                raise
            return False  # a deleted cluster can still be listed
        solutions = [solution.get("keyset") for solution in detail.solutions]
        return pk in (detail.raw.get("provider_keyset"), detail.raw.get("user_ssh_keyset"), *solutions)

    clusters = client.clusters(org, include_service_clusters=True)
    users = [str(cluster) for cluster, is_user in zip(clusters, concurrently(uses, clusters)) if is_user]
    if users:
        raise NKSError(
            f"The keyset with the ID {pk} is not deleted, because force is false and clusters use it: "
            f"{one_line(', '.join(users), 300)}."
        )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **ORG_RESOURCE,
            "category": {"type": "str", "choices": ["provider", "solution", "storage", "user_ssh"]},
            "entity": {"type": "str"},
            "keys": {"type": "dict", "no_log": True},
            "update_keys": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
            "key_encoding": {"type": "str", "choices": ["raw", "base64"], "default": "raw", "no_log": False},
            "workspaces": {"type": "list", "elements": "str"},
            "force": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run_module(module, run)


if __name__ == "__main__":
    main()
