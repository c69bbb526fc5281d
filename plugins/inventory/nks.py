# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of NKS as inventory hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nks
short_description: Clusters and nodes of the NetApp Kubernetes Service as hosts
version_added: 1.0.0
description:
  - Makes a host of each cluster that an API token may read, or of each node of these clusters.
  - The source is a YAML file whose name ends in C(nks.yml) or C(nks.yaml).
  - Each field of the cluster or node becomes a variable of the host, for example C(nks_pk), C(nks_name) and
    C(nks_state), and so do name and slug of its organization, C(nks_org_name) and C(nks_org_slug).
  - A cluster is not reached by SSH. Its host has RV(ignore:ansible_connection=local) and the Python of the controller,
    so that tasks, such as those with C(kubernetes.core.k8s), run on the controller, once for each cluster. O(compose)
    can change both.
  - A node also has the fields of its cluster, for example C(nks_cluster_name), and is in a group of its cluster, for
    example C(nks_cluster_prod), beneath O(group). Characters that group names cannot have become C(_) in it.
  - The name of a host that occurs twice gets C(_) and the C(pk) of the object appended, each time that it occurs. So do
    names that Ansible or the inventory use already, such as C(localhost), C(all) and that of O(group), and the groups
    of clusters that would have the same name.
  - White space, control characters, any of C(,:[]&!~*?/\) and a leading C(@), C(-) or C(.), which have a meaning in
    host patterns or paths, become C(_) in the name of a host. The variable C(nks_name) has the name as it is.
  - In the name of a variable, what variables cannot have becomes C(_).
  - Nothing that comes from the API is ever evaluated as a template.
  - With C(-v) it tells how many clusters of which organizations it found, what it left out, how many requests that
    took, whether the cache served, and each request that it repeats.
  - If anything fails, no host and no group is added. Whether Ansible goes on without is decided by its own setting
    C(INVENTORY_ANY_UNPARSED_IS_FAILED).
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.connection
  - netapp.nks.connection.plugins
  - netapp.nks.selection
  - netapp.nks.selection.orgs
  - netapp.nks.selection.plugins
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as a source of this plugin.
    type: str
    required: true
    choices: [netapp.nks.nks]
  hosts:
    description: Whether each cluster becomes a host, or each node of the clusters, which takes one request a cluster.
    type: str
    choices: [clusters, nodes]
    default: clusters
  connect_with:
    description:
      - Which address of a node becomes RV(ignore:ansible_host).
      - A node that does not have it, for example because it is still being built, gets no RV(ignore:ansible_host).
    type: str
    choices: [public_ip, private_ip]
    default: public_ip
  hostnames:
    description:
      - Jinja2 expressions over the variables of a host. The first that gives a name that is not empty names the host.
      - If none does, and by default, a cluster has its C(name), or its C(instance_id), or C(cluster-) and its C(pk),
        and a node has its C(instance_id), or C(node-) and its C(pk).
    type: list
    elements: str
    default: []
  hostvars_prefix:
    description:
      - What stands before the name of a field to make the name of a variable. It cannot be empty.
      - The fields C(api_token), C(api_url), C(api_timeout), C(api_retries), C(validate_certs) and C(ca_path), should a
        server have them, make no variables, because the roles take their connection options from variables of these
        names.
    type: str
    default: nks_
  group:
    description: Group of all hosts.
    type: str
    default: nks
  cache:
    description:
      - Keep what the API answered, less secrets, and use it in the next runs, which then make no request at all. Names,
        variables and groups are made anew each time, so that changes to their options take effect at once.
      - A result that lacks organizations, because the token may not read them, is not kept.
      - Needs a O(cache_plugin) that outlives a run, such as V(ansible.builtin.jsonfile).
notes:
  - Every connection option can be a template in the file.
  - A O(keyed_groups[].key) whose value is a number or a boolean needs the filter C(string), for example
    C(nks_is_failed | string). Without it ansible-core fails the source.
"""

EXAMPLES = r"""
# The first line alone makes hosts of all clusters that the token in the environment variable NKS_API_TOKEN may read.
plugin: netapp.nks.nks

# The token from a file, and the running clusters of one organization only
api_token: "{{ lookup('ansible.builtin.file', '/run/secrets/nks') }}"
orgs: [my-organization]
states: [running]

# Names with the organization in front
hostnames:
  - nks_org_slug ~ '-' ~ nks_name

# Groups by provider, by region beneath the group regions, and by an expression; and a variable of one's own
keyed_groups:
  - key: nks_provider
    prefix: provider
  - key: nks_region
    prefix: region
    parent_group: regions
groups:
  production: nks_name is match('prod')
compose:
  title: nks_name ~ ' in ' ~ nks_region

# A mistake in an expression is an error.
strict: true

# What the API answered is kept for ten minutes.
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/nks-inventory
cache_timeout: 600
"""

import hashlib
import json
import os
import re
import typing as t

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.common.text.converters import to_native
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._fleet import Fleet, select_clusters, with_includes
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, INCLUDES, SELECTION
from ansible_collections.netapp.nks.plugins.plugin_utils._hosts import (
    JSON,
    Host,
    cluster_hosts,
    cluster_name,
    node_hosts,
    safe_name,
    unique_names,
)
from ansible_collections.netapp.nks.plugins.plugin_utils._memo import RememberingTemplar
from ansible_collections.netapp.nks.plugins.plugin_utils._trust import untrusted

Pairs = t.List[t.Tuple[JSON, JSON]]


class Scratch(InventoryData):
    """Where hosts and groups are made before any is added to the inventory: a failure leaves nothing half-added.

    A name is taken for a host where a host and a group share it; the inventory of Ansible takes it for the group.
    """

    def set_variable(self, entity: str, varname: str, value: t.Any) -> None:
        if entity in self.hosts:
            # What compose makes of keys is not marked by ansible-core before 2.19.
            self.hosts[entity].set_variable(varname, untrusted(value))
        else:
            super().set_variable(entity, varname, value)

    def add_child(self, group: str, child: str) -> bool:
        if child in self.hosts:
            self.add_host(child, group)
            return True
        return super().add_child(group, child)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "netapp.nks.nks"

    templar: t.Any

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("nks.yml", "nks.yaml"))

    def parse(self, inventory: InventoryData, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        given = set(self._read_config_data(path))
        if given >= {"orgs", "org"}:
            raise AnsibleParserError("The option orgs is given twice: org is another name of it.")
        unknown = given - {"plugin", "org", *self.get_options()}
        if unknown:
            raise AnsibleParserError(f"Options that the plugin does not have: {', '.join(sorted(map(str, unknown)))}.")
        pairs = self.load(cache)
        self.inventory = Scratch()
        self.templar = RememberingTemplar(self.templar)
        self.populate(pairs)
        commit(self.inventory, inventory)

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Evaluates the connection options of the file before they are converted to their types."""
        for option in CONNECTION:
            # An empty variable, as CI systems set for what is missing, would turn the check of certificates off.
            if os.environ.get(f"NKS_{option.upper()}") == "":
                del os.environ[f"NKS_{option.upper()}"]
            if direct and option in direct:
                try:
                    direct[option] = self.templar.template(direct[option])
                except Exception as exc:
                    raise AnsibleParserError(f"{option} cannot be evaluated: {to_native(exc)}") from None
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def load(self, use_cache: bool) -> Pairs:
        """Organizations and clusters, from the cache where it holds them."""
        if not self.get_option("cache"):
            return self.fetch().pairs
        key = self.cache_key()
        cached = self._cache.get(key) if use_cache else None
        if cached is not None:
            self.verbose(f"clusters from the cache, without a request: {len(cached)}")
            return cached
        fleet = self.fetch()
        # A partial result is not kept, and what an earlier run has kept is no longer true.
        self._cache[key] = None if fleet.skipped_orgs else fleet.pairs
        self.verbose("not kept in the cache, as it is not whole" if fleet.skipped_orgs else "kept in the cache")
        return fleet.pairs

    def cache_key(self) -> str:
        token = hashlib.sha256((self.get_option("api_token") or "").strip().encode()).hexdigest()
        selection = {option: self.get_option(option) for option in (*SELECTION, *INCLUDES, "hosts")}
        held = json.dumps([self.get_option("api_url"), token, selection], sort_keys=True, default=str)
        return f"nks_{hashlib.sha256(held.encode()).hexdigest()}"

    def fetch(self) -> Fleet:
        # Imported here, because loading requests takes as long as all that a run with a warm cache does otherwise.
        from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

        includes = {option: self.get_option(option) for option in INCLUDES}
        if self.get_option("hosts") == "nodes":
            includes["include_nodes"] = True
        try:
            with NKSClient(
                **{option: self.get_option(option) for option in CONNECTION},
                on_retry=self.verbose,
                warn=self.display.warning,
            ) as client:
                selection = {option: self.get_option(option) for option in SELECTION}
                fleet = select_clusters(client, **selection, whole_orgs=True)
                self.verbose(fleet.summary())
                fleet = with_includes(client, fleet, **includes)
        except NKSError as exc:
            raise AnsibleParserError(str(exc)) from None
        self.verbose(f"requests made: {len(client.request_log)}")
        for warning in fleet.warnings():
            self.display.warning(warning)
        return fleet

    def verbose(self, message: str) -> None:
        """Show with ``-v``."""
        self.display.v(f"{self.NAME}: {message}")

    def populate(self, pairs: Pairs) -> None:
        prefix, strict = self.get_option("hostvars_prefix"), self.get_option("strict")
        if not re.fullmatch("(?!ansible_)[A-Za-z_][A-Za-z0-9_]*", prefix):
            raise AnsibleParserError(f"hostvars_prefix must be the start of a variable name, and cannot be {prefix!r}.")
        group = self.inventory.add_group(self._sanitize_group_name(self.get_option("group")))
        taken = {"all", "ungrouped", "localhost", "127.0.0.1", "::1", group}
        if self.get_option("hosts") == "clusters":
            hosts = cluster_hosts(pairs, prefix)
        else:
            groups = self.cluster_groups(group, [cluster for _org, cluster in pairs])
            hosts = node_hosts(pairs, groups, prefix, self.get_option("connect_with"))
            taken.update(groups)
        variables = [untrusted(host.variables) for host in hosts]
        names = [safe_name(self.hostname(host, hostvars)) for host, hostvars in zip(hosts, variables)]
        for name, host, hostvars in zip(unique_names(names, [host.item for host in hosts], taken), hosts, variables):
            name = self.inventory.add_host(untrusted(name), host.group or group)
            hostvars.update(host.connection)
            self.inventory.hosts[name].vars.update(hostvars)
            self._set_composite_vars(self.get_option("compose"), hostvars, name, strict)
            self._add_host_to_composed_groups(self.get_option("groups"), hostvars, name, strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), hostvars, name, strict)

    def cluster_groups(self, parent: str, clusters: list[JSON]) -> list[str]:
        """Add a group beneath the parent for each cluster."""
        names = [self._sanitize_group_name(f"nks_cluster_{cluster_name(cluster)}") for cluster in clusters]
        groups = [self._sanitize_group_name(name) for name in unique_names(names, clusters, {parent})]
        for group in groups:
            self.inventory.add_group(group)
            self.inventory.add_child(parent, group)
        return groups

    def hostname(self, host: Host, variables: JSON) -> str:
        for expression in self.get_option("hostnames"):
            try:
                name = self._compose(expression, variables)
            except Exception as exc:  # pylint: disable=broad-exception-caught
                if self.get_option("strict"):
                    raise AnsibleParserError(f"hostnames: {expression}: {to_native(exc)}") from None
                continue
            if name and isinstance(name, (str, int)) and name is not True:
                return str(name)
        return host.name


def commit(scratch: InventoryData, inventory: InventoryData) -> None:
    """Add what the scratch holds to the inventory."""
    for host in scratch.hosts.values():
        is_new = host.name not in inventory.hosts
        target = inventory.hosts[inventory.add_host(host.name)]
        hostvars = {name: value for name, value in host.vars.items() if name not in ("inventory_file", "inventory_dir")}
        if is_new:
            target.vars.update(hostvars)
        else:
            for name, value in hostvars.items():
                target.set_variable(name, value)
    for group in scratch.groups.values():
        target = inventory.groups[inventory.add_group(group.name)]
        for host in group.hosts:
            target.add_host(inventory.hosts[host.name])
    for group in scratch.groups.values():
        for child in group.child_groups:
            inventory.add_child(group.name, child.name)
