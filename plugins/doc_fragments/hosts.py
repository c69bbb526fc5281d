# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the inventory's options for hosts, their names and variables, and the cache."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  hosts:
    description:
      - V(clusters) - each cluster becomes a host.
      - V(nodes) - each node of the clusters becomes a host. Takes one request for each cluster.
    type: str
    choices: [clusters, nodes]
    default: clusters
  connect_with:
    description:
      - The address of a node to set as RV(ignore:ansible_host).
      - A node without this address, for example because it is still being built, gets no RV(ignore:ansible_host).
    type: str
    choices: [public_ip, private_ip]
    default: public_ip
  hostnames:
    description:
      - Jinja2 expressions that use the variables of a host. The first result that is not empty becomes the name of the
        host.
      - By default, and if all results are empty, a cluster is named after its C(name), else its C(instance_id), else
        C(cluster-) and its C(pk). A node is named after its C(instance_id), else C(node-) and its C(pk).
      - If a name occurs more than once in an inventory source, C(_) and the C(pk) of the cluster or node are appended
        each time. The same applies to names that Ansible or the inventory already use, such as C(localhost), C(all) and
        the value of O(group), and to groups of clusters that would have the same name.
      - In host names, C(_) replaces white space, control characters, any of C(,:[]&!~*?/\), a leading C(@), C(-) or
        C(.), and the starts of templates C({{), C({%) and C({#). The variable C(nks_name) has the original name.
    type: list
    elements: str
    default: []
  hostvars_prefix:
    description:
      - Prefix of the host variables. It cannot be empty.
      - Each field that the API returns becomes a variable, named after this prefix and the field. C(_) replaces
        characters that variable names cannot contain.
      - "A cluster has these variables, except those that the server does not send: C(nks_channel), C(nks_etcd_type),
        C(nks_federation_role), C(nks_instance_id), C(nks_is_failed), C(nks_k8s_rbac_enabled), C(nks_k8s_version),
        C(nks_name), C(nks_node_count), C(nks_org), C(nks_pk), C(nks_platform), C(nks_provider), C(nks_region),
        C(nks_solutions), C(nks_state), C(nks_version_migrations), C(nks_workspace), C(nks_zone)."
      - O(include_details) adds more variables. O(include_nodes) adds C(nks_nodes), O(include_node_pools) adds
        C(nks_node_pools), and O(include_logs) adds C(nks_logs).
      - "A node has these variables: C(nks_channel), C(nks_cluster), C(nks_created), C(nks_etcd_state),
        C(nks_gpu_core_count), C(nks_gpu_instance_size), C(nks_group_name), C(nks_image), C(nks_instance_id),
        C(nks_is_failed), C(nks_location), C(nks_pk), C(nks_platform), C(nks_pool), C(nks_pool_name), C(nks_private_ip),
        C(nks_provider_node_id), C(nks_provider_subnet_cidr), C(nks_provider_subnet_id), C(nks_public_ip),
        C(nks_role), C(nks_root_disk_size), C(nks_size), C(nks_state), C(nks_updated), C(nks_zone)."
      - A node also has the fields of its cluster, such as C(nks_cluster_name).
      - Clusters and nodes have the name and the slug of their organization, C(nks_org_name) and C(nks_org_slug).
      - Each host has the variable C(nks_endpoint), regardless of this prefix. It is the O(api_url) of the source,
        without a slash at its end.
      - Fields never set variables that Ansible or this collection reads. These are C(nks_endpoint), C(nks_) followed by
        the name of a connection option, and all names that start with C(ansible_), C(cluster_gate_), C(fleet_report_)
        or C(kubeconfig_).
    type: str
    default: nks_
  group:
    description: Name of the group that contains all hosts.
    type: str
    default: nks
  cache:
    description:
      - Cache the responses of the API, without secrets. The next runs use the cache and make no request. Names,
        variables and groups are computed on each run, so that changes to their options take effect at once.
      - If organizations are missing, because the token may not read them, the result is not cached, and a warning is
        shown.
      - Cache entries that this version of the plugin did not write are read from the API again and replaced.
      - Needs a O(cache_plugin) that persists between runs, such as V(ansible.builtin.jsonfile). If nothing was cached
        for the next runs, a warning is shown.
notes:
  - Every option that is not itself an expression can be a template in the inventory file. With O(use_extra_vars=true),
    such a template can use extra variables.
  - O(compose), O(groups) and O(keyed_groups) have the same variables as in C(ansible.builtin.constructed),
    such as C(inventory_hostname), C(group_names) and C(inventory_dir). C(group_names) contains the groups of the host
    before O(groups) and O(keyed_groups) add others. O(hostnames) can use the variables of the host, C(inventory_file)
    and C(inventory_dir).
  - If the value of O(keyed_groups[].key) is a number or a boolean, its text is used in the name of the group.
    C(nks_is_failed) creates groups that end in C(_True) and C(_False), and C(nks_pk) creates a group for each cluster.
  - If several sources contain the same cluster, it becomes one host. If an earlier source has a host with the same name
    for another cluster or node, the source fails. Use O(hostnames) to give the hosts different names.
  - With O(strict=true), an expression that fails is an error. Its message names the option, its entry and the host.
  - With C(-v), the inventory shows how many clusters it found in which organizations, which clusters it left out, how
    many requests it made, whether it used the cache, and each request that it retries.
  - An expression is compiled once for all hosts. Its result is the same as with other inventory plugins, except for the
    position in the file, which ansible-core 2.19 and newer can show with a value.
  - "Some expressions are compiled for each host, as other inventory plugins do, which takes about a millisecond each.
    These are expressions with a syntax error, and those that fail with O(strict=true). With ansible-core 2.19 and
    newer, these are also expressions that contain C({{), C({%) or C({#), a O(keyed_groups[].parent_group) that is a
    template, and entries of O(groups) whose value is not a boolean."
"""
