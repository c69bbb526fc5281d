# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark values of the API as untrusted, so that Ansible never evaluates them as templates.

Private to this collection: it may change without notice. Remove it when ansible-core 2.19 is the oldest supported
version.
"""

from __future__ import annotations

import re
import typing as t

import ansible.template


def mark_untrusted(value: t.Any) -> t.Any:
    """Return the value with a mark on each text that could be part of a template, so that Ansible never evaluates it.

    A text that is only a part of a template is marked too, because a play can join texts. Everything that is computed
    from a marked text is also marked.
    """
    if hasattr(ansible.template, "trust_as_template"):
        return value  # since ansible-core 2.19, only text that is marked as trusted is a template
    if isinstance(value, str) and re.search("[{}%#]", value):
        from ansible.utils.unsafe_proxy import wrap_var

        return wrap_var(value)
    if isinstance(value, dict):
        return {mark_untrusted(name): mark_untrusted(item) for name, item in value.items()}
    return type(value)([mark_untrusted(item) for item in value]) if isinstance(value, (list, tuple)) else value
