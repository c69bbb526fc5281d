# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configure Sphinx, which renders the documentation. `make docs` first copies this directory to .build/docs."""

from __future__ import annotations

import typing as t
import zlib
from pathlib import Path

project = "netapp.nks"
copyright = "netapp.nks contributors"  # pylint: disable=redefined-builtin
title = html_title = html_short_title = "netapp.nks: NKS clusters in Ansible"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
default_role = "any"
nitpicky = True
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "documentation_home_url": "index.html",
    "navigation_depth": 3,
    "show_extranav": False,
    "show_rtd_ethical_ads": False,
    "topbar_links": {"Ansible documentation": "https://docs.ansible.com/"},
}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_use_modindex = False
html_use_smartypants = False

ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
CONFIG = "reference_appendices/config.html"
REFERENCES = [
    ("action_plugins", "std:label", "plugins/action.html", "Action plugins"),
    ("ansible_configuration_settings", "std:label", CONFIG, "Ansible Configuration Settings"),
    ("common_return_values", "std:label", "reference_appendices/common_return_values.html", "Return Values"),
    *[
        (name, "std:envvar", f"{CONFIG}#envvar-{name}", "-")
        for name in (
            "ANSIBLE_CACHE_PLUGIN",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION",
            "ANSIBLE_CACHE_PLUGIN_PREFIX",
            "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
        )
    ],
]
"""The places in the documentation of Ansible that the pages of plugins refer to."""


def write_inventory(path: Path) -> None:
    """Write the inventory that Sphinx would download, so that it needs no network."""
    header = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: \n# The rest is compressed using zlib.\n"
    lines = "".join(f"{name} {kind} -1 {target} {text}\n" for name, kind, target, text in REFERENCES)
    path.write_bytes(header.encode() + zlib.compress(lines.encode()))


write_inventory(Path(__file__).with_name("ansible.inv"))
intersphinx_mapping = {"ansible": (ANSIBLE, str(Path(__file__).with_name("ansible.inv")))}


def name_collection(app: t.Any, page: str, text: list[str]) -> None:
    """Restore the lower case of the collection's name, which antsibull-docs capitalizes."""
    if page == "collection/index":
        text[0] = text[0].replace("Netapp.Nks\n", "netapp.nks\n")


def setup(app: t.Any) -> None:
    app.connect("source-read", name_collection)
