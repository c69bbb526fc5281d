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
  - A cluster is not reached by SSH. Its host has RV(ignore:ansible_connection=local) and the Python of the controller
    as RV(ignore:ansible_python_interpreter), so that tasks, such as those with C(kubernetes.core.k8s), run on the
    controller, once for each cluster. O(compose) can change both.
  - A node is in a group of its cluster too, for example C(nks_cluster_prod), beneath O(group). Characters that group
    names cannot have become C(_) in it.
  - Nothing that comes from the API is ever evaluated as a template.
  - If anything fails, no host and no group is added. Whether Ansible goes on without is decided by its own setting
    C(INVENTORY_ANY_UNPARSED_IS_FAILED).
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.connection
  - netapp.nks.connection.plugins
  - netapp.nks.selection
  - netapp.nks.selection.clusters
  - netapp.nks.selection.orgs
  - netapp.nks.selection.plugins
  - netapp.nks.hosts
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as a source of this plugin.
    type: str
    required: true
    choices: [netapp.nks.nks]
"""

EXAMPLES = r"""# fmt: yaml+jinja
# clusters.nks.yml: a host for each cluster that the token in the environment variable NKS_API_TOKEN may read
---
plugin: netapp.nks.nks

# nodes.nks.yml: the nodes of the running clusters of one organization, reached by their private addresses
---
plugin: netapp.nks.nks
api_token: "{{ lookup('ansible.builtin.file', '/run/secrets/nks') }}"
orgs: [my-organization]
states: [running]
hosts: nodes
connect_with: private_ip
compose:
  ansible_user: "'core'"

# grouped.nks.yml: clusters with the organization in their names, a variable and groups. A mistake is an error.
---
plugin: netapp.nks.nks
strict: true
hostnames:
  - nks_org_slug ~ '-' ~ nks_name
compose:
  title: nks_name ~ ' in ' ~ nks_region
groups:
  production: nks_name is match('prod')
keyed_groups:
  - key: nks_provider
    prefix: provider
  - key: nks_is_failed
    prefix: failed
  - key: nks_region
    prefix: region
    parent_group: regions

# cached.nks.yml: what the API answered is kept for ten minutes
---
plugin: netapp.nks.nks
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/nks-inventory
cache_timeout: 600
"""

import collections
import difflib
import hashlib
import json
import os
import re
import typing as t
import weakref

import graphlib
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.common.text.converters import to_native
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable, to_safe_group_name
from ansible.utils.path import basedir
from ansible_collections.netapp.nks.plugins.module_utils import _names
from ansible_collections.netapp.nks.plugins.module_utils._connection import DEFAULT_URL
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._fleet import Fleet, select_clusters, with_includes
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, INCLUDES, SELECTION
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Node, Org
from ansible_collections.netapp.nks.plugins.plugin_utils import _hosts
from ansible_collections.netapp.nks.plugins.plugin_utils._expressions import with_compiled
from ansible_collections.netapp.nks.plugins.plugin_utils._trust import mark_untrusted

JSON = _hosts.JSON
Entries = t.List[t.Tuple[str, t.Any, t.Any]]

EXPRESSIONS = ("hostnames", "compose", "groups", "keyed_groups")
CACHE_VERSION = 3  # goes up with every change of what the cache holds


class CacheEntry(t.NamedTuple):
    """What the cache holds of a source."""

    clusters: list[Cluster]
    warnings: list[str]

    def to_json(self) -> JSON:
        clusters = [{"cluster": cluster.raw, "org": cluster.org.raw} for cluster in self.clusters]
        return {"clusters": clusters, "warnings": self.warnings}

    @classmethod
    def from_json(cls, entry: JSON, with_nodes: bool) -> CacheEntry:
        """
        :raises Exception: the entry has another shape.
        """
        clusters = [Cluster(item["cluster"], Org(item["org"])) for item in entry["clusters"]]
        if with_nodes:
            nodes = [node for cluster in clusters for node in list.__iter__(cluster.raw["nodes"])]
            list(map(Node, nodes))
        return cls(clusters, [str(warning) for warning in entry["warnings"]])


class ApiObject(t.NamedTuple):
    """The cluster or node that a host stands for."""

    endpoint: str
    identity: tuple[int, ...]
    title: str


KNOWN_OBJECTS: weakref.WeakKeyDictionary[InventoryData, dict[str, ApiObject]] = weakref.WeakKeyDictionary()
"""What the hosts of an inventory stand for that sources of this plugin have added."""


class StagedInventory(InventoryData):
    """Where hosts and groups are made before any is added to the inventory: a failure leaves nothing half-added.

    The inventory of Ansible takes a name for a group where a host has it too. Here variables are those of the host.
    """

    current_option = ""  # the option whose entries are added

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, ApiObject] = {}
        """What each host stands for."""

    def set_variable(self, entity: str, varname: str, value: t.Any) -> None:
        if entity in self.hosts:
            # What compose makes of keys is not marked by ansible-core before 2.19.
            self.hosts[entity].set_variable(varname, mark_untrusted(value))
        else:
            super().set_variable(entity, varname, value)

    def add_host(self, host: str, group: str | None = None, port: t.Any = None) -> str:
        if host not in self.hosts or group not in self.groups:
            return super().add_host(host, group, port)
        self.groups[group].add_host(self.hosts[host])
        return host

    def add_child(self, group: str, child: str) -> bool:
        if self.current_option == "groups":
            self.add_host(child, group)
            return True
        return super().add_child(group, child)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "netapp.nks.nks"

    templar: t.Any
    inventory: StagedInventory
    updated_key: str | None = None

    _sanitize_group_name = staticmethod(lambda name: _names.strip_tags(to_safe_group_name(name)))

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("nks.yml", "nks.yaml"))

    def parse(self, inventory: InventoryData, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        given = set(self._read_config_data(path))
        unknown = given - {"plugin", *self.get_options()}
        if unknown:
            raise AnsibleParserError(unknown_options_message(unknown, ["plugin", *self.get_options()]))
        self.inventory = StagedInventory()
        self.inventory.current_source = inventory.current_source
        self.populate(self.load(cache))
        merge_into(self.inventory, inventory)

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Evaluates the options that are not expressions themselves before they are converted to their types."""
        given = dict(direct or {})
        hostnames = given.get("hostnames") or []
        expressions = [hostnames] if isinstance(hostnames, str) and "," not in hostnames else hostnames
        if not isinstance(expressions, list) or not all(isinstance(expression, str) for expression in expressions):
            raise AnsibleParserError("hostnames must be a list of Jinja2 expressions, each of them a string.")
        early = self.evaluated(
            {option: given[option] for option in ("plugin", "use_extra_vars") if option in given}, {}
        )
        super().set_options(task_keys=task_keys, var_options=var_options, direct=early)
        extra = var_options if var_options and self.get_option("use_extra_vars") else {}
        given = {**self.evaluated(given, extra), **early}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=given)
        for option, spec in CONNECTION.items():
            # CI systems set empty variables for what is missing.
            if given.get(option) is None and os.environ.get(f"NKS_{option.upper()}") == "":
                self._options[option] = spec.get("default")

    def evaluated(self, options: JSON, variables: JSON) -> JSON:
        self.templar.available_variables = variables
        values = dict(options)
        for option in options.keys() - EXPRESSIONS:
            try:
                values[option] = self.templar.template(options[option])
            except Exception as exc:
                raise AnsibleParserError(f"{option} cannot be evaluated: {to_native(exc)}") from None
        return values

    def load(self, use_cache: bool) -> list[Cluster]:
        """The clusters, from the cache if it holds them."""
        key = self.cache_key() if self.get_option("cache") else None
        known = self.read_cache(key) if key and use_cache else None
        if known:
            self.verbose(f"clusters from the cache, without a request: {len(known.clusters)}")
        else:
            fleet = self.fetch()
            known = CacheEntry(fleet.clusters, fleet.warnings())
            if key:
                # What an earlier run has cached is not true any more.
                self._cache[key] = None if fleet.skipped_orgs else known.to_json()
                self.updated_key = None if fleet.skipped_orgs else key
                if fleet.skipped_orgs:
                    self.display.warning(
                        "Nothing is cached, because organizations are left out: each run asks the API. Name the "
                        "organizations to read in orgs."
                    )
        for warning in known.warnings:
            self.display.warning(warning)
        return known.clusters

    def read_cache(self, key: str) -> CacheEntry | None:
        """The entry in the cache, if it is one that :meth:`load` wrote."""
        try:
            known = self._cache.get(key)
            return known and CacheEntry.from_json(known, self.get_option("hosts") == "nodes")
        except Exception as exc:  # pylint: disable=broad-exception-caught
            self.verbose(f"the cache cannot be used, and is replaced: {to_native(exc)}")
            return None

    def update_cache_if_changed(self) -> None:
        super().update_cache_if_changed()
        if not self.updated_key:
            return
        # As the next run reads it: a cache plugin can keep things in memory only, or fail to write with a warning.
        self.load_cache_plugin()
        if self.read_cache(self.updated_key):
            self.verbose("cached for the next runs")
        else:
            self.display.warning(
                f"Nothing is cached for the next runs by cache_plugin {self.get_option('cache_plugin')}. Use one that "
                "outlives a run, for example ansible.builtin.jsonfile, with a cache_connection that can be written."
            )

    def cache_key(self) -> str:
        token = hashlib.sha256((self.get_option("api_token") or "").strip().encode()).hexdigest()
        asked = {option: self.get_option(option) for option in ("api_url", "hosts", *SELECTION, *INCLUDES)}
        held = json.dumps([CACHE_VERSION, token, asked], sort_keys=True, default=str)
        return f"nks_{hashlib.sha256(held.encode()).hexdigest()}"

    def fetch(self) -> Fleet:
        # Imported here, because loading requests takes as long as all that a run with a warm cache does otherwise.
        from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

        connection = {option: self.get_option(option) for option in CONNECTION}
        selection = {option: self.get_option(option) for option in SELECTION}
        includes = {option: self.get_option(option) for option in INCLUDES}
        includes["include_nodes"] |= self.get_option("hosts") == "nodes"
        try:
            with NKSClient(**connection, on_retry=self.verbose, warn=self.display.warning) as client:
                fleet = select_clusters(client, **selection, whole_orgs=True)
                self.verbose(fleet.summary())
                fleet = with_includes(client, fleet, **includes)
        except NKSError as exc:
            raise AnsibleParserError(str(exc)) from None
        self.verbose(f"requests made: {client.request_count}")
        return fleet

    def verbose(self, message: str) -> None:
        self.display.v(f"{self.NAME}: {message}")

    def populate(self, clusters: list[Cluster]) -> None:
        prefix = self.get_option("hostvars_prefix")
        if not re.fullmatch("(?!ansible_)[A-Za-z_][A-Za-z0-9_]*", prefix):
            raise AnsibleParserError(f"hostvars_prefix must be the start of a variable name, and cannot be {prefix!r}.")
        group = self.inventory.add_group(self._sanitize_group_name(self.get_option("group")))
        taken = {*_names.TAKEN, group}
        if self.get_option("hosts") == "clusters":
            hosts = _hosts.cluster_hosts(clusters, prefix)
        else:
            groups = self.cluster_groups(group, clusters)
            hosts = _hosts.node_hosts(clusters, groups, prefix, self.get_option("connect_with"))
            taken.update(groups)
        endpoint = (self.get_option("api_url") or DEFAULT_URL).strip().rstrip("/")
        composed: Entries = [("compose", name, {name: item}) for name, item in self.get_option("compose").items()]
        grouped: Entries = [
            *[("groups", name, {name: expression}) for name, expression in self.get_option("groups").items()],
            *[("keyed_groups", entry, [entry]) for entry in self.get_option("keyed_groups")],
        ]
        source = self.inventory.current_source
        place = {"inventory_file": source, "inventory_dir": basedir(source) if source else None}

        def add_hosts(templar: t.Any) -> None:
            self.templar = templar
            variables = [{**mark_untrusted(host.variables), **place} for host in hosts]
            names = [_names.safe_name(self.hostname(host, hostvars)) for host, hostvars in zip(hosts, variables)]
            names = _names.unique_names(names, [host.item for host in hosts], taken)
            for name, host, hostvars in zip(names, hosts, variables):
                self.inventory.add_host(name, host.group or group)
                self.inventory.objects[name] = ApiObject(endpoint, host.identity, host.title)
                hostvars.update({**host.connection, _hosts.ENDPOINT: endpoint})
                self.inventory.hosts[name].vars.update(hostvars)
                self.construct(name, composed)
                self.construct(name, grouped)

        extra = self._vars if self.get_option("use_extra_vars") else {}
        with_compiled(self.templar, self.get_option("strict"), extra, add_hosts)

    def cluster_groups(self, parent: str, clusters: list[Cluster]) -> list[str]:
        """Add a group beneath the parent for each cluster."""
        names = [self._sanitize_group_name(f"nks_cluster_{_names.cluster_name(cluster)}") for cluster in clusters]
        groups = [
            self._sanitize_group_name(name)
            for name in _names.unique_names(names, [cluster.raw for cluster in clusters], {parent})
        ]
        for group in groups:
            self.inventory.add_group(group)
            self.inventory.add_child(parent, group)
        return groups

    def hostname(self, host: _hosts.Host, variables: JSON) -> str:
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

    def construct(self, name: str, entries: Entries) -> None:
        """Add variables or groups to a host, entry by entry, so that a failure names the entry.

        No entry sees what the others add, as with ``ansible.builtin.constructed``.
        """
        strict = self.get_option("strict")
        variables = self.inventory.hosts[name].get_vars() if entries else {}
        for option, shown, entry in entries:
            self.inventory.current_option = option
            try:
                if option == "compose":
                    self._set_composite_vars(entry, variables, name, strict)
                elif option == "groups":
                    self._add_host_to_composed_groups(entry, variables, name, strict, fetch_hostvars=False)
                else:
                    self._add_host_to_keyed_groups(entry, variables, name, strict, fetch_hostvars=False)
            except Exception as exc:
                shown = shown.get("key") if isinstance(shown, dict) else shown
                raise AnsibleParserError(f"{option}: {shown}: {to_native(exc)}") from None

    def _compose(self, *args: t.Any, **options: t.Any) -> t.Any:
        value = super()._compose(*args, **options)
        is_key = self.inventory.current_option == "keyed_groups"
        return str(value) if is_key and isinstance(value, (bool, float, int)) else value


def unknown_options_message(unknown: t.Iterable[t.Any], options: list[str]) -> str:
    """Which options of a source do not exist, with the nearest that do."""
    names = []
    for name in sorted(map(str, unknown)):
        nearest = difflib.get_close_matches(name, options, 1)
        names.append(f"{name} (did you mean {nearest[0]}?)" if nearest else name)
    return f"Options that the plugin does not have: {', '.join(names)}. It has: {', '.join(sorted(options))}."


def merge_into(staged: StagedInventory, inventory: InventoryData) -> None:
    """Add what is staged to the inventory, or nothing if its hosts or groups contradict those of other sources."""
    known = KNOWN_OBJECTS.setdefault(inventory, {})
    for name, here in staged.objects.items():
        there = known.get(name, here)
        if (there.endpoint, there.identity) != (here.endpoint, here.identity):
            raise AnsibleParserError(
                f"The host {name} is {there.title} at {there.endpoint} already, added by another source. Here it is "
                f"{here.title} at {here.endpoint}. Use the option hostnames to give them different names, for "
                "example: hostnames: [\"nks_org_slug ~ '-' ~ nks_name\"]"
            )
    known.update(staged.objects)
    beneath: dict[str, set[str]] = collections.defaultdict(set)
    for group in (*inventory.groups.values(), *staged.groups.values()):
        beneath["all"].add(group.name)
        beneath[group.name].update(child.name for child in group.child_groups)
    beneath["all"].remove("all")
    try:
        graphlib.TopologicalSorter(beneath).prepare()
    except graphlib.CycleError as exc:
        raise AnsibleParserError(
            f"A group would be beneath itself: {' > '.join(reversed(exc.args[1]))}. Check parent_group, and how other "
            "sources of the inventory nest these groups."
        ) from None
    for host in staged.hosts.values():
        is_new = host.name not in inventory.hosts
        target = inventory.hosts[inventory.add_host(host.name)]
        hostvars = {name: value for name, value in host.vars.items() if name not in ("inventory_file", "inventory_dir")}
        if is_new:
            target.vars.update(hostvars)
        else:
            for name, value in hostvars.items():
                target.set_variable(name, value)
    for group in staged.groups.values():
        target = inventory.groups[inventory.add_group(group.name)]
        for host in group.hosts:
            target.add_host(inventory.hosts[host.name])
    for group in staged.groups.values():
        for child in group.child_groups:
            inventory.add_child(group.name, child.name)
