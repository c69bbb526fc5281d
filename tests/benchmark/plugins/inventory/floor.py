# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory plugin with the minimum cost of an inventory of clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
name: floor
short_description: Hosts from a JSON file, for the benchmark
version_added: 1.0.0
description:
  - Adds the same hosts and variables as P(netapp.nks.nks#inventory) for the same clusters, and does nothing else.
  - Passes options of C(constructed) to ansible-core.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - constructed
options:
  plugin:
    description: Marks the file as a source of this plugin.
    type: str
    required: true
    choices: [floor]
  clusters:
    description: Path of a JSON file with a list of pairs, each an organization and a cluster.
    type: path
    required: true
"""

EXAMPLES = r"""
---
plugin: floor
clusters: clusters.json
"""

import json
import sys
import typing as t
from pathlib import Path

from ansible.inventory.data import InventoryData
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable


class InventoryModule(BaseInventoryPlugin, Constructable):
    NAME = "floor"

    def parse(self, inventory: InventoryData, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        strict = self.get_option("strict")
        compose, groups, keyed_groups = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        inventory.add_group("nks")
        for org, cluster in json.loads(Path(self.get_option("clusters")).read_text(encoding="utf-8")):
            variables = {f"nks_{field}": value for field, value in cluster.items()}
            variables.update(
                nks_org_name=org["name"],
                nks_org_slug=org["slug"],
                ansible_connection="local",
                ansible_python_interpreter=sys.executable,
            )
            name = inventory.add_host(cluster["name"], "nks")
            host = inventory.hosts[name]
            for variable, value in variables.items():
                host.set_variable(variable, value)
            if compose:
                self._set_composite_vars(compose, variables, name, strict)
            if groups:
                self._add_host_to_composed_groups(groups, variables, name, strict)
            if keyed_groups:
                self._add_host_to_keyed_groups(keyed_groups, variables, name, strict)
