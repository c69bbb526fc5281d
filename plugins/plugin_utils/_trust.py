# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks what comes from the API, so that it is never evaluated as a template.

Private to this collection: it may change without notice. It can go when ansible-core 2.19 is the oldest one supported.
"""

from __future__ import annotations

import typing as t

import ansible.template


def untrusted(value: t.Any) -> t.Any:
    """The value, so that it stays as it is wherever Ansible uses it."""
    if hasattr(ansible.template, "trust_as_template"):
        return value  # since ansible-core 2.19 only what is marked as trusted is a template
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)
