# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse kubeconfigs that a server sends, and change single entries of kubeconfig files without changing the rest.

Private to this collection: it may change without notice. It knows nothing of Ansible. Needs PyYAML.
"""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

MAX_KUBECONFIG_BYTES = 2**18
"""The kubeconfig of one cluster has a few thousand bytes."""

SECTIONS = ("cluster", "context", "user")
"""Sections of a kubeconfig. For example, each item of the list ``clusters`` has the fields ``name`` and ``cluster``."""


class Entry(t.NamedTuple):
    """A context of a kubeconfig, with its cluster and user."""

    cluster: JSON
    user: JSON
    context: JSON

    def sections(self, name: str) -> dict[str, JSON]:
        """Return the items of the three sections, all with the same name."""
        context = {**self.context, "cluster": name, "user": name}
        return {
            "cluster": {"name": name, "cluster": self.cluster},
            "context": {"name": name, "context": context},
            "user": {"name": name, "user": self.user},
        }


def parse_kubeconfig(content: bytes) -> Entry:
    """Return the current context of a kubeconfig that a server sent.

    :raises ValueError: the content is not a complete kubeconfig. The message contains no value from it.
    """
    if len(content) > MAX_KUBECONFIG_BYTES:
        raise ValueError(f"it is longer than {MAX_KUBECONFIG_BYTES} bytes")
    config = _load(content.decode("utf-8-sig"))
    if config.get("kind") != "Config":
        raise ValueError("it lacks kind: Config")
    context = _find(config, "context", config.get("current-context"))
    cluster, user = (_find(config, section, context.get(section)) for section in ("cluster", "user"))
    if not cluster.get("server"):
        raise ValueError("its cluster has no server")
    for name, value in [*cluster.items(), *user.items()]:
        if name.endswith("-data"):
            try:
                base64.b64decode(re.sub(r"\s", "", value), validate=True)
            except (TypeError, ValueError):
                raise ValueError(f"its {name} is not base64") from None
    return Entry(cluster, user, context)


def merge_entry(text: str, name: str, entry: Entry, set_current: bool = False) -> str:
    """Return the text of a kubeconfig file with an entry added or replaced. The rest of the file does not change.

    :param text: the current text of the file. Empty for a new file.
    :raises ValueError: the file is not a kubeconfig, or it uses the name for another cluster.
    """
    config = _load_file(text)
    if not text.strip():
        text, config = _dump({"apiVersion": "v1", "kind": "Config"}), {"apiVersion": "v1", "kind": "Config"}
    _check_is_ours(config, name, entry)
    for section, item in entry.sections(name).items():
        text, config = _set_item(text, config, section, name, item)
    return _set_key(text, config, "current-context", name)[0] if set_current else text


def remove_entry(text: str, name: str) -> str:
    """Remove a context from the text of a kubeconfig file, and its cluster and user unless another context uses them.

    :raises ValueError: the file is not a kubeconfig.
    """
    config = _load_file(text)
    contexts = [item for item in config.get("contexts") or [] if item["name"] != name]
    for section in SECTIONS:
        if section == "context" or not any((item.get("context") or {}).get(section) == name for item in contexts):
            text, config = _set_item(text, config, section, name, None)
    return text


def _load(text: str) -> JSON:
    """Load a mapping from untrusted YAML that may contain text, booleans, short numbers, lists and mappings.

    The parser is the one in Python, because libyaml crashes the process on deep nesting. Aliases are refused, because
    their values can grow exponentially.
    """
    try:
        value = _value(yaml.compose(text, Loader=yaml.SafeLoader), set())
    except ValueError:
        raise
    except Exception:  # pylint: disable=broad-exception-caught  # the parser can fail in many ways
        raise ValueError("it is not YAML") from None
    if not isinstance(value, dict):
        raise ValueError("it is not a mapping")
    return value


def _value(node: t.Any, seen: set[int]) -> t.Any:
    """Return the value of a YAML node.

    :param seen: the IDs of the nodes so far. A node that occurs again is an alias.
    """
    if id(node) in seen:
        raise ValueError("it contains aliases")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return {str(_value(key, seen)): _value(item, seen) for key, item in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, seen) for item in node.value]
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in ("true", "yes", "on")
    if node.tag == "tag:yaml.org,2002:int" and re.fullmatch("0|[1-9][0-9]{0,17}", node.value):
        return int(node.value)
    return node.value


def _find(config: JSON, section: str, name: t.Any) -> JSON:
    items = config.get(f"{section}s")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and item.get("name") == name and isinstance(item.get(section), dict):
            return t.cast(JSON, item[section])
    raise ValueError(f"it lacks the {section} of its current-context")


def _load_file(text: str) -> JSON:
    """Load the kubeconfig file of a user. Empty text gives an empty mapping."""
    if not text.strip():
        return {}
    config = _load(text)
    for section in SECTIONS:
        items = config.get(f"{section}s") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) and "name" in item for item in items):
            raise ValueError(f"its {section}s are not a list of objects with a name")
    if config.get("kind") not in ("Config", None) or not {"kind", "clusters", "contexts", "users"} & set(config):
        raise ValueError("it lacks kind: Config")
    return config


def _check_is_ours(config: JSON, name: str, entry: Entry) -> None:
    """:raises ValueError: the file uses the name for another cluster, context or user."""
    named = {
        section: [item.get(section) for item in config.get(f"{section}s") or [] if item["name"] == name]
        for section in SECTIONS
    }
    servers = [(cluster or {}).get("server") for cluster in named["cluster"]]
    contexts = [((context or {}).get("cluster"), (context or {}).get("user")) for context in named["context"]]
    if not any(named.values()):
        return
    if servers != [entry.cluster["server"]] or contexts != [(name, name)] or len(named["user"]) != 1:
        raise ValueError(f"it has entries with the name {name} that belong to something else. Choose another context")


def _set_item(text: str, config: JSON, section: str, name: str, item: JSON | None) -> tuple[str, JSON]:
    """Set an item of a section, or remove it if ``item`` is None. Return the new text and its content."""
    key = f"{section}s"
    old = config.get(key) or []
    if item is None and not any(other["name"] == name for other in old):
        return text, config
    if item in old:
        return text, config
    new = [other for other in old if other["name"] != name]
    new = [item, *new] if item else new
    wanted = {**config, key: new}
    spliced = _splice(text, key, name, item) if old and new else None
    if spliced is not None and _load(spliced) == wanted:
        return spliced, wanted
    return _set_key(text, config, key, new)


def _splice(text: str, key: str, name: str, item: JSON | None) -> str | None:
    """Return the text with an item of a block sequence replaced or removed, or None if it is not a block sequence.

    The new item becomes the first one. Items with the same name are removed.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    sequence = next(value for node, value in root.value if node.value == key)
    if root.flow_style or sequence.flow_style:
        return None
    lines = text.splitlines(keepends=True)
    column = sequence.start_mark.column
    starts = [node.start_mark.line for node in sequence.value]  # the line with the dash of each item
    end = max(number for number in range(starts[-1], len(lines)) if _is_within(lines, starts[-1], number, column)) + 1
    removed: set[int] = set()
    for node, first, last in zip(sequence.value, starts, [*starts[1:], end]):
        if _value(node, set())["name"] == name:
            removed.update(range(first, last))
    new = [" " * column + line for line in _dump([item]).splitlines(keepends=True)] if item else []
    before = [line for number, line in enumerate(lines[: starts[0]]) if number not in removed]
    return "".join(
        before + new + [line for number, line in enumerate(lines) if number >= starts[0] and number not in removed]
    )


def _is_within(lines: list[str], first: int, number: int, column: int) -> bool:
    """Return whether a line belongs to the item that begins at line ``first`` with a dash in ``column``."""
    between = lines[first + 1 : number + 1]
    indents = [len(line) - len(line.lstrip()) for line in between if line.strip()]
    return all(indent > column for indent in indents) and bool(lines[number].strip())


def _set_key(text: str, config: JSON, key: str, value: t.Any) -> tuple[str, JSON]:
    """Set a top-level key, and return the new text and its content.

    Only the value of the key is edited, if the result is correct. Otherwise the whole text is rewritten.
    """
    wanted = {**config, key: value}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not root.flow_style:
        node = next((node for name, node in root.value if name.value == key), None)
        if node is None:
            changed = f"{text.rstrip()}\n{_dump({key: value})}"
        else:
            start, end = node.start_mark.index, node.end_mark.index
            inline = _dump([value])[2:].rstrip("\n").replace("\n...", "")
            new = f"\n{_dump(value).rstrip()}" if isinstance(value, list) and value else inline
            changed = f"{text[:start].rstrip(' ')}{'' if new.startswith(chr(10)) else ' '}{new}{text[end:]}"
        try:
            if _load(changed) == wanted:
                return changed, wanted
        except ValueError:
            pass
    return _dump(wanted), wanted


def _dump(value: t.Any) -> str:
    return t.cast(
        str, yaml.safe_dump(value, default_flow_style=False, sort_keys=False, allow_unicode=True, width=10**6)
    )
