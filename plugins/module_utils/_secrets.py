# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove secrets from API objects, and find the secrets in options. PyYAML is used if it is installed.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import json
import re
import typing as t

SOLUTIONS = ("solutions", "user_solutions")
"""Fields with the solutions that NKS installs in a cluster. Their ``config`` can have any chart values of a user."""

CONFIG_FIELDS = frozenset(
    {"chart_name", "chart_path", "name", "namespace", "release_name", "repository", "tag", "version"}
)
"""Fields to keep in nested objects of a solution. This is an allowlist, because secrets have too many names to list."""

SOLUTION_FIELDS = CONFIG_FIELDS | {
    *("cluster", "config", "created", "dependencies", "git_path", "git_repo", "initial", "installer", "instance_id"),
    *("is_default", "is_deleteable", "is_failed", "keyset", "keyset_name", "max_nodes", "mode", "org", "pk"),
    *("solution", "spec", "state", "updated", "url", "version_migrations", "workspace"),
}
"""Fields to keep in a solution itself."""

SECRET_WORDS = (
    "(username|password|passwd|passphrase|passcode|pass|pwd|pw|secret|token|key|credential|auth|cookie|webhook|psk|jwt)"
    "s?"
)
SECRET_NAME = rf"{SECRET_WORDS}(?:[_-][\w-]{{1,40}}|(?-i:[A-Z][a-z])\w{{0,40}})?"
"""The end of the name of a secret, such as ``Password``, ``api_key_v2`` or ``passwordHash``."""
QUOTE = r"""\\{0,8}["']"""
"""A quotation mark. Where JSON contains JSON, backslashes precede it."""
SECRET_VALUE = rf"""(?:(?P<quote>{QUOTE})(?:\\[\s\S]|[^\\])*?(?P=quote)|[^\s,;&]+)"""
SECRET_TEXTS = (
    re.compile(r"()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(://)[^/\s]+(?=@)"),
    # A slash in a password. Digits and a slash after the colon are a port and a path.
    re.compile(r"(://)[^/\s:]+:(?!\d+/)[^\s\"'<>]{1,200}(?=@)"),
    re.compile(rf"""(authorization(?:{QUOTE})?\s*[:=]{{1,2}}>?\s*)(?:{QUOTE})?(\w+ +)?[^\s"',]+""", re.IGNORECASE),
    re.compile(r"\b(Bearer +)[\w.~+/=-]{6,}", re.IGNORECASE),
    re.compile(rf"""({SECRET_NAME}(?:{QUOTE})?\s*[:=]{{1,2}}>?\s*){SECRET_VALUE}""", re.IGNORECASE),
    # Options of a command
    re.compile(
        rf"""((?<![\w-])--?[\w-]{{0,40}}?{SECRET_NAME}(?:{QUOTE})?,?[ \t]+)(?!-){SECRET_VALUE}""", re.IGNORECASE
    ),
    re.compile(rf"""((?<![\w-])(?:-u|--user|--proxy-user)[ =]{{0,3}})(?=[^\s:]{{1,200}}:\S){SECRET_VALUE}"""),
    re.compile(r"\b()(gh[opsur]_\w{4,}|eyJ[\w-]{4,2000}\.[\w-]{4,2000}\.[\w-]*|A[KS]IA[0-9A-Z]{12,})"),
    re.compile(r"(hooks\.slack\.com/)[^\s\"']+", re.IGNORECASE),
    re.compile(r"([?&]sig=)[^\s&]+", re.IGNORECASE),
)
"""Patterns of secrets in text. The first group of each matches what precedes the secret and can be shown."""

SCALAR = re.compile(
    r"""(?:[:=]|^[ \t]*-)[ \t]+["']?([^\s"'#,\[\]{}|>][^"'\n]{3,}?)["']?[ \t]*(?:[ ]#.*)?$""", re.MULTILINE
)
"""A value at the end of a line of YAML."""

WORD = re.compile(r"""[^\s"',{}\[\]]{6,}(?!["']?:)(?=[\s"',{}\[\]]|$)(?<!:)""")
"""A part of YAML that can be a secret: not short, and not the name of a field."""


def without_secrets(value: t.Any) -> t.Any:
    """Return a copy of the value without secrets in the fields ``SOLUTIONS``, at any depth."""
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if isinstance(value, dict):
        return {
            name: solutions_without_secrets(item) if name in SOLUTIONS else without_secrets(item)
            for name, item in value.items()
        }
    return value


def redact(value: t.Any) -> t.Any:
    """Return a copy of the value with asterisks in place of the secrets in its strings."""
    if isinstance(value, list):
        return [redact(item) for item in value]
    if isinstance(value, dict):
        return {name: redact(item) for name, item in value.items()}
    if isinstance(value, str):
        for pattern in SECRET_TEXTS:
            value = pattern.sub(r"\1********", value)
    return value


def solutions_without_secrets(value: t.Any, fields: t.Container[str] = SOLUTION_FIELDS) -> t.Any:
    """Return a copy of a solution, or of a list of solutions, with only the fields that are known not to be secret."""
    if isinstance(value, list):
        return [solutions_without_secrets(item, fields) for item in value if not _is_secret_text(item)]
    if isinstance(value, dict):
        return {
            name: solutions_without_secrets(item, CONFIG_FIELDS)
            for name, item in value.items()
            if name in fields and not _is_secret_text(item)
        }
    return value


def leaves(value: t.Any, shown: t.Container[str] = ()) -> list[str]:
    """Return the texts and numbers in a value, at any depth, that are long enough to be secrets.

    :param shown: fields whose texts are not returned, unless they look like secrets.
    """
    if isinstance(value, dict):
        return [
            text
            for name, item in value.items()
            if not (name in shown and isinstance(item, str) and not _is_secret_text(item))
            for text in leaves(item, shown)
        ]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in leaves(item, shown)]
    if isinstance(value, (int, float)) and abs(value) >= 10_000_000:  # a smaller one can be an ID, a port or a size
        return [str(value)]
    return [value] if isinstance(value, str) and _is_long(value) else []


def secrets_of(value: t.Any, shown: t.Container[str] = ()) -> list[str]:
    """Return the texts of keys or chart values that a message must not show.

    A server can repeat a part of what it got. Therefore these are the texts themselves, their lines, and the values in
    texts that are JSON or YAML.

    :param shown: fields whose texts are not returned, unless they look like secrets.
    """
    secrets: set[str] = set()
    for text in leaves(value, shown):
        inner = leaves(_parsed(text))
        for part in (text, *inner):
            lines = [line.strip() for line in part.splitlines()]
            secrets.update([part, " ".join(lines), " ".join(part.split())])
            secrets.update(line for line in lines if not line.endswith(":"))
        if inner or len(text.splitlines()) > 1:
            secrets.update(SCALAR.findall(text))
            secrets.update(WORD.findall(text))
    return sorted(filter(_is_long, secrets))


def _is_long(text: str) -> bool:
    """Return whether a text is long enough to be a secret. Hiding short texts would make messages unreadable."""
    return len(text) > 3 and text.lower() not in ("true", "false", "null", "none")


def _parsed(text: str) -> t.Any:
    """Return the object or array in a JSON or YAML text, with the scalars of YAML as text. Otherwise return None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = _from_yaml(text)
    return value if isinstance(value, (dict, list)) else None


def _from_yaml(text: str) -> t.Any:
    try:
        import yaml  # not at the top, because every task would wait for it, and few need it
    except ImportError:
        return None
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # it creates only texts, lists and dictionaries
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None


def _is_secret_text(value: t.Any) -> bool:
    return isinstance(value, str) and any(pattern.search(value) for pattern in SECRET_TEXTS)
