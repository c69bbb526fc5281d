# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory plugin that makes hosts of clusters and nodes of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nks
short_description: Add clusters or nodes of the NetApp Kubernetes Service as hosts
version_added: 1.0.0
description:
  - Adds a host for each cluster that an API token may read, or for each node of these clusters.
  - The source is a YAML file with a name that ends in C(nks.yml) or C(nks.yaml).
  - The host of a cluster is not reached by SSH. It has RV(ignore:ansible_connection=local), and the Python of the
    control node as RV(ignore:ansible_python_interpreter). So tasks, such as those with C(kubernetes.core.k8s), run on
    the control node, once for each cluster. O(compose) can change both variables.
  - The host of a node is also in a group for its cluster, for example C(nks_cluster_prod), which is a child of
    O(group). C(_) replaces characters that are not valid in group names.
  - Values from the API are never evaluated as templates.
  - If anything fails, no host and no group is added. The setting C(INVENTORY_ANY_UNPARSED_IS_FAILED) of Ansible decides
    whether Ansible continues without them.
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
    description: Name of this plugin. It marks the file as a source of this plugin.
    type: str
    required: true
    choices: [netapp.nks.nks]
"""

EXAMPLES = r"""# fmt: yaml+jinja
# clusters.nks.yml: add a host for each cluster that the token in the environment variable NKS_API_TOKEN may read
---
plugin: netapp.nks.nks

# nodes.nks.yml: add the nodes of the running clusters of one organization, and connect to their private addresses
---
plugin: netapp.nks.nks
api_token: "{{ lookup('ansible.builtin.file', '/run/secrets/nks') }}"
orgs: [my-organization]
states: [running]
hosts: nodes
connect_with: private_ip
compose:
  ansible_user: "'core'"

# grouped.nks.yml: add clusters with the organization in their names, a variable and groups. Fail on wrong expressions.
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

# cached.nks.yml: cache the clusters for ten minutes
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
"""For each entry of an option: the option, what a message shows, and the entry as ``Constructable`` expects it."""

EXPRESSIONS = ("hostnames", "compose", "groups", "keyed_groups")
CACHE_VERSION = 3  # increase with every change of the format of a cache entry


class CacheEntry(t.NamedTuple):
    """The cached content of a source."""

    clusters: list[Cluster]
    warnings: list[str]

    def to_json(self) -> JSON:
        clusters = [{"cluster": cluster.raw, "org": cluster.org.raw} for cluster in self.clusters]
        return {"clusters": clusters, "warnings": self.warnings}

    @classmethod
    def from_json(cls, entry: JSON, with_nodes: bool) -> CacheEntry:
        """Parse a cached entry.

        :raises Exception: the entry does not have the expected format.
        """
        clusters = [Cluster(item["cluster"], Org(item["org"])) for item in entry["clusters"]]
        if with_nodes:
            for cluster in clusters:
                list(map(Node, list.__iter__(cluster.raw["nodes"])))  # fails unless it is a list of nodes
        return cls(clusters, [str(warning) for warning in entry["warnings"]])


class ApiObject(t.NamedTuple):
    """The cluster or node that a host represents."""

    endpoint: str
    identity: tuple[int, ...]
    title: str


KNOWN_OBJECTS: weakref.WeakKeyDictionary[InventoryData, dict[str, ApiObject]] = weakref.WeakKeyDictionary()
"""For each inventory, the cluster or node behind each host that a source of this plugin has added."""


class StagedInventory(InventoryData):
    """Holds the hosts and groups of a source until all are complete, so that a failure adds none to the inventory.

    If a host and a group have the same name, the inventory of Ansible sets the variables of the group. This class sets
    the variables of the host.
    """

    current_option = ""  # the option of the entries that are being added

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, ApiObject] = {}
        """The cluster or node behind each host."""

    def set_variable(self, entity: str, varname: str, value: t.Any) -> None:
        if entity in self.hosts:
            # Before 2.19, ansible-core does not mark the keys of dictionaries that compose returns.
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
            raise AnsibleParserError(_unknown_options_message(unknown, ["plugin", *self.get_options()]))
        self.inventory = StagedInventory()
        self.inventory.current_source = inventory.current_source
        self.populate(self._load_clusters(cache))
        _merge_into(self.inventory, inventory)

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Evaluate templates in the options, except those that are expressions, before their types are converted."""
        given = dict(direct or {})
        hostnames = given.get("hostnames") or []
        expressions = [hostnames] if isinstance(hostnames, str) and "," not in hostnames else hostnames
        if not isinstance(expressions, list) or not all(isinstance(expression, str) for expression in expressions):
            raise AnsibleParserError("hostnames must be a list of Jinja2 expressions, each of them a string.")
        early = self._evaluate_options(
            {option: given[option] for option in ("plugin", "use_extra_vars") if option in given}, {}
        )
        super().set_options(task_keys=task_keys, var_options=var_options, direct=early)
        extra = var_options if var_options and self.get_option("use_extra_vars") else {}
        given = {**self._evaluate_options(given, extra), **early}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=given)
        for option, spec in CONNECTION.items():
            # CI systems set missing variables to empty text.
            if given.get(option) is None and os.environ.get(f"NKS_{option.upper()}") == "":
                self._options[option] = spec.get("default")

    def _evaluate_options(self, options: JSON, variables: JSON) -> JSON:
        self.templar.available_variables = variables
        values = dict(options)
        for option in options.keys() - EXPRESSIONS:
            try:
                values[option] = self.templar.template(options[option])
            except Exception as exc:
                raise AnsibleParserError(f"{option} cannot be evaluated: {to_native(exc)}") from None
        return values

    def _load_clusters(self, use_cache: bool) -> list[Cluster]:
        """Return the clusters, from the cache if possible."""
        key = self._cache_key() if self.get_option("cache") else None
        entry = self._read_cache(key) if key and use_cache else None
        if entry:
            self._log(f"clusters from the cache, without a request: {len(entry.clusters)}")
        else:
            fleet = self._fetch()
            entry = CacheEntry(fleet.clusters, fleet.warnings())
            if key and fleet.skipped_orgs:
                self._cache[key] = self.updated_key = None  # the entry of an earlier run is outdated
                self.display.warning(
                    "Nothing is cached, because organizations are left out, so every run requests the clusters again. "
                    "Set orgs to the organizations to read."
                )
            elif key:
                self._cache[key] = entry.to_json()
                self.updated_key = key
        for warning in entry.warnings:
            self.display.warning(warning)
        return entry.clusters

    def _read_cache(self, key: str) -> CacheEntry | None:
        """Return the entry in the cache if it is valid, else None."""
        try:
            entry = self._cache.get(key)
            return entry and CacheEntry.from_json(entry, self.get_option("hosts") == "nodes")
        except Exception as exc:  # pylint: disable=broad-exception-caught
            self._log(f"the cache cannot be used, and is replaced: {to_native(exc)}")
            return None

    def update_cache_if_changed(self) -> None:
        super().update_cache_if_changed()
        if not self.updated_key:
            return
        # Read it as the next run will: a cache plugin may keep it only in memory, or only warn if it cannot write.
        self.load_cache_plugin()
        if self._read_cache(self.updated_key):
            self._log("cached for the next runs")
        else:
            self.display.warning(
                f"The cache_plugin {self.get_option('cache_plugin')} caches nothing for the next runs. Use one that "
                "outlives a run, for example ansible.builtin.jsonfile, with a writable cache_connection."
            )

    def _cache_key(self) -> str:
        token = hashlib.sha256((self.get_option("api_token") or "").strip().encode()).hexdigest()
        options = {option: self.get_option(option) for option in ("api_url", "hosts", *SELECTION, *INCLUDES)}
        identity = json.dumps([CACHE_VERSION, token, options], sort_keys=True, default=str)
        return f"nks_{hashlib.sha256(identity.encode()).hexdigest()}"

    def _fetch(self) -> Fleet:
        # Imported here, because loading requests takes as long as the rest of a run that uses the cache.
        from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

        connection = {option: self.get_option(option) for option in CONNECTION}
        selection = {option: self.get_option(option) for option in SELECTION}
        includes = {option: self.get_option(option) for option in INCLUDES}
        includes["include_nodes"] |= self.get_option("hosts") == "nodes"
        try:
            with NKSClient(**connection, on_retry=self._log, warn=self.display.warning) as client:
                fleet = select_clusters(client, **selection, whole_orgs=True)
                self._log(fleet.summary())
                fleet = with_includes(client, fleet, **includes)
        except NKSError as exc:
            raise AnsibleParserError(str(exc)) from None
        self._log(f"requests made: {client.request_count}")
        return fleet

    def _log(self, message: str) -> None:
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
            groups = self._cluster_groups(group, clusters)
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
            names = [_names.safe_name(self._hostname(host, hostvars)) for host, hostvars in zip(hosts, variables)]
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

    def _cluster_groups(self, parent: str, clusters: list[Cluster]) -> list[str]:
        """Add a group for each cluster as a child of the parent group, and return the names of the groups."""
        names = [self._sanitize_group_name(f"nks_cluster_{_names.cluster_name(cluster)}") for cluster in clusters]
        groups = [
            self._sanitize_group_name(name)
            for name in _names.unique_names(names, [cluster.raw for cluster in clusters], {parent})
        ]
        for group in groups:
            self.inventory.add_group(group)
            self.inventory.add_child(parent, group)
        return groups

    def _hostname(self, host: _hosts.Host, variables: JSON) -> str:
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
        """Add variables or groups to a host, entry by entry, so that an error message can name the entry.

        As with ``ansible.builtin.constructed``, an entry cannot use variables or groups that another entry adds.
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
        """Evaluate an expression. In ``keyed_groups``, a number or boolean becomes text."""
        value = super()._compose(*args, **options)
        is_key = self.inventory.current_option == "keyed_groups"
        return str(value) if is_key and isinstance(value, (bool, float, int)) else value


def _unknown_options_message(unknown: t.Iterable[t.Any], options: list[str]) -> str:
    """Return a message about unknown options of a source, with the most similar known options."""
    names = []
    for name in sorted(map(str, unknown)):
        nearest = difflib.get_close_matches(name, options, 1)
        names.append(f"{name} (did you mean {nearest[0]}?)" if nearest else name)
    return f"Unknown options: {', '.join(names)}. The options are: {', '.join(sorted(options))}."


def _merge_into(staged: StagedInventory, inventory: InventoryData) -> None:
    """Add all staged hosts and groups to the inventory, or none if they conflict with those of other sources.

    :raises AnsibleParserError: a host represents another cluster, node or machine in another source, or a group would
        contain itself.
    """
    known = KNOWN_OBJECTS.setdefault(inventory, {})
    for name, here in staged.objects.items():
        there = known.get(name, here)
        if (there.endpoint, there.identity) != (here.endpoint, here.identity):
            raise AnsibleParserError(
                f"The host {name} is already {there.title} at {there.endpoint}, added by another source. Here it "
                f"is {here.title} at {here.endpoint}. Use the option hostnames to give them different names, for "
                "example: hostnames: [\"nks_org_slug ~ '-' ~ nks_name\"]"
            )
        other = inventory.hosts.get(name)
        if other and name not in known and {"ansible_host", "ansible_connection"} & set(other.vars):
            raise AnsibleParserError(
                f"The host {name} of another source is a machine, because it has ansible_host or ansible_connection. "
                f"Here it is {here.title}. Use the option hostnames to give it a different name."
            )
    known.update(staged.objects)
    children: dict[str, set[str]] = collections.defaultdict(set)
    for group in (*inventory.groups.values(), *staged.groups.values()):
        children["all"].add(group.name)
        children[group.name].update(child.name for child in group.child_groups)
    children["all"].remove("all")
    try:
        graphlib.TopologicalSorter(children).prepare()
    except graphlib.CycleError as exc:
        raise AnsibleParserError(
            f"A group would contain itself: {' > '.join(reversed(exc.args[1]))}. Check parent_group, and how other "
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
