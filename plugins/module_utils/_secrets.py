# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of an API object are secret. The standard library only.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import re
import typing as t

SOLUTIONS = ("solutions", "user_solutions")
"""Fields that hold what NKS installs in a cluster. Their ``config`` has whatever values a user gave to a chart."""

WORDS = "(username|password|passwd|passphrase|pass|pwd|secret|token|key|credential)s?"
SECRET_NAME = re.compile(f"({WORDS}|valuesyaml|requiredvalues)$")
"""The last two are texts of YAML: the values of a chart as a whole."""
SECRET_TEXT = re.compile(rf"""(?i){WORDS}["']?\s*[:=]\s*\S|://[^/\s@]+@|PRIVATE KEY""")


def without_secrets(value: t.Any) -> t.Any:
    """The same value, less the secrets in each field of ``SOLUTIONS``, at whatever depth."""
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _solutions_without_secrets(item) if name in SOLUTIONS else without_secrets(item)
            for name, item in value.items()
        }
    return value


def _solutions_without_secrets(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [_solutions_without_secrets(item) for item in value if not _is_secret_text(item)]
    if isinstance(value, dict):
        # An environment variable of a container is an object of two fields: name and value.
        is_pair = _is_secret_name(str(value.get("name")))
        return {
            name: _solutions_without_secrets(item)
            for name, item in value.items()
            if not (_is_secret_name(name) or _is_secret_text(item) or (is_pair and name == "value"))
        }
    return value


def _is_secret_name(name: str) -> bool:
    """Whether a name ends as those of secrets do, be it in snake_case, camelCase or kebab-case, numbered or not."""
    return bool(SECRET_NAME.search(re.sub("[^a-z]", "", name.lower())))


def _is_secret_text(value: t.Any) -> bool:
    """Whether a text holds a secret: by name and value, as YAML does, in front of a host name, or as a PEM file."""
    return isinstance(value, str) and bool(SECRET_TEXT.search(value))
