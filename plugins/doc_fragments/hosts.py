# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that decide what becomes a host, what it is called, and what the inventory remembers."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
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
      - A list of Jinja2 expressions over the variables of a host. The first that gives a name that is not empty names
        the host.
      - If none does, and by default, a cluster has its C(name), or its C(instance_id), or C(cluster-) and its C(pk),
        and a node has its C(instance_id), or C(node-) and its C(pk).
      - A name that occurs twice within one source gets C(_) and the C(pk) of the object appended, each time that it
        occurs. So do names that Ansible or the inventory use already, such as C(localhost), C(all) and that of
        O(group), and the groups of clusters that would have the same name.
      - White space, control characters, any of C(,:[]&!~*?/\), a leading C(@), C(-) or C(.), and what opens a template,
        C({{), C({%) and C({#), become C(_) in the name of a host. The variable C(nks_name) has the name as it is.
    type: list
    elements: str
    default: []
  hostvars_prefix:
    description:
      - The prefix that makes the name of a variable from the name of a field. It cannot be empty.
      - Each field that the API returns becomes a variable. Characters that the name of a variable cannot have become
        C(_).
      - "A cluster has these, each unless the server does not send it: C(nks_channel), C(nks_etcd_type),
        C(nks_federation_role), C(nks_instance_id), C(nks_is_failed), C(nks_k8s_rbac_enabled), C(nks_k8s_version),
        C(nks_name), C(nks_node_count), C(nks_org), C(nks_pk), C(nks_platform), C(nks_provider), C(nks_region),
        C(nks_solutions), C(nks_state), C(nks_version_migrations), C(nks_workspace), C(nks_zone)."
      - O(include_details) adds more of them, O(include_nodes) C(nks_nodes), O(include_node_pools) C(nks_node_pools),
        and O(include_logs) C(nks_logs).
      - "A node has these: C(nks_channel), C(nks_cluster), C(nks_created), C(nks_etcd_state), C(nks_gpu_core_count),
        C(nks_gpu_instance_size), C(nks_group_name), C(nks_image), C(nks_instance_id), C(nks_is_failed),
        C(nks_location), C(nks_pk), C(nks_platform), C(nks_pool), C(nks_pool_name), C(nks_private_ip),
        C(nks_provider_node_id), C(nks_provider_subnet_cidr), C(nks_provider_subnet_id), C(nks_public_ip),
        C(nks_role), C(nks_root_disk_size), C(nks_size), C(nks_state), C(nks_updated), C(nks_zone)."
      - A node also has the fields of its cluster, C(nks_cluster_name) and so on.
      - Both have the name and the slug of their organization, C(nks_org_name) and C(nks_org_slug).
      - Each host has C(nks_endpoint), the O(api_url) of the source, with any prefix.
      - A field does not become a variable that Ansible or the collection reads. These are C(nks_endpoint), the names of
        the connection options after C(nks_), and all that begin with C(ansible_), C(cluster_gate_), C(fleet_report_)
        or C(kubeconfig_).
    type: str
    default: nks_
  group:
    description: Group of all hosts.
    type: str
    default: nks
  cache:
    description:
      - Keep what the API answered, less secrets, and use it in the next runs, which then make no request at all. Names,
        variables and groups are made again each time, so that changes to their options take effect at once.
      - A result that lacks organizations, because the token may not read them, is not cached, with a warning.
      - An entry that this version of the plugin did not write is fetched again and replaced.
      - Needs a O(cache_plugin) that outlives a run, such as V(ansible.builtin.jsonfile). If nothing was cached for the
        next runs, there is a warning.
notes:
  - Every option that is not itself an expression can be a template in the file. With O(use_extra_vars=true) it sees the
    extra variables.
  - O(compose), O(groups) and O(keyed_groups) have the variables that they have in
    C(ansible.builtin.constructed), such as C(inventory_hostname), C(group_names) and C(inventory_dir).
    C(group_names) has the groups that the host has before O(groups) and O(keyed_groups) add others. O(hostnames) have
    the variables of the host, C(inventory_file) and C(inventory_dir).
  - A O(keyed_groups[].key) whose value is a number or a boolean makes a group of its text. C(nks_is_failed) makes
    groups that end in C(_True) and C(_False), C(nks_pk) makes one for each cluster.
  - Several sources can have the same cluster, which is one host then. If a host is another cluster or node in a source
    before, the source fails. Use O(hostnames) to give them different names.
  - With O(strict=true) an expression that fails is an error, which names the option, its entry and the host.
  - With C(-v) the inventory shows how many clusters of which organizations it found, what it left out, how many
    requests that took, whether the cache served, and each request that it repeats.
  - An expression is compiled once for all hosts. It gives what it gives in other inventory plugins, except for the
    place in the file, which ansible-core 2.19 and newer can show with a value.
  - "These are compiled for each host, as with other inventory plugins, which takes about a millisecond each: an
    expression with a mistake in its syntax, and with ansible-core 2.19 and newer an expression with C({{), C({%) or
    C({#) in it, a O(keyed_groups[].parent_group) that is a template, an entry of O(groups) whose value is not a
    boolean, and what fails with O(strict=true)."
"""
