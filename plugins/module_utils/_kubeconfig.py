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

    def sections(self, name: str, old_context: JSON) -> dict[str, JSON]:
        """Return the items of the three sections, all with the same name.

        :param old_context: the context in the file. Its keys that the new one lacks stay, for example ``namespace``.
        """
        context = {**old_context, **self.context, "cluster": name, "user": name}
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
    if not text.strip():
        text = _dump({"apiVersion": "v1", "kind": "Config"})
    config = _load_file(text)
    named = _named(config, name)
    servers = [cluster.get("server") for cluster in named["cluster"]]
    is_ours = servers == [entry.cluster["server"]] and _is_ours(named["context"], name) and len(named["user"]) == 1
    if any(named.values()) and not is_ours:
        raise ValueError(f"it has entries with the name {name} that belong to something else. Choose another context")
    old_context = named["context"][0] if named["context"] else {}
    items: dict[str, JSON | None] = {**entry.sections(name, old_context)}
    return _edit(text, config, name, items, name if set_current else None)


def remove_entry(text: str, name: str) -> str:
    """Remove a context that :func:`merge_entry` added, and its cluster and user unless another context uses them.

    :raises ValueError: the file is not a kubeconfig, or it uses the name for another context.
    """
    config = _load_file(text)
    named = _named(config, name)
    if not named["context"]:
        return text
    if not _is_ours(named["context"], name) or len(named["cluster"]) > 1 or len(named["user"]) > 1:
        raise ValueError(
            f"its context {name} was not added by this module, which gives the cluster and the user the same name"
        )
    others = [item.get("context") or {} for item in config["contexts"] if item["name"] != name]
    is_used = {section: any(other.get(section) == name for other in others) for section in ("cluster", "user")}
    return _edit(text, config, name, {section: None for section in SECTIONS if not is_used.get(section)})


def current_context(text: str) -> t.Any:
    """Return the ``current-context`` of a kubeconfig file, or None."""
    return _load_file(text).get("current-context")


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
    for item in items if isinstance(items, list) and name and isinstance(name, str) else []:
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
        if not isinstance(items, list) or not all(_is_item(item, section) for item in items):
            raise ValueError(f"its {section}s are not a list of objects with a name and a {section}")
    if config.get("kind") not in ("Config", None) or not {"kind", "clusters", "contexts", "users"} & set(config):
        raise ValueError("it lacks kind: Config")
    return config


def _is_item(item: t.Any, section: str) -> bool:
    return isinstance(item, dict) and "name" in item and isinstance(item.get(section) or {}, dict)


def _named(config: JSON, name: str) -> dict[str, list[JSON]]:
    """Return the clusters, contexts and users with a name."""
    return {
        section: [item.get(section) or {} for item in config.get(f"{section}s") or [] if item["name"] == name]
        for section in SECTIONS
    }


def _is_ours(contexts: list[JSON], name: str) -> bool:
    """Return whether there is one context, and its cluster and user have the same name as the context."""
    return [(context.get("cluster"), context.get("user")) for context in contexts] == [(name, name)]


def _edit(text: str, config: JSON, name: str, items: dict[str, JSON | None], current: str | None = None) -> str:
    """Return the text of a file with some items set, or removed if they are None. Their name is always ``name``.

    :param current: the new ``current-context``, or None to keep it.
    :raises ValueError: the text cannot be edited without changing other parts of it.
    """
    wanted = dict(config)
    for section, item in items.items():
        old = config.get(f"{section}s") or []
        others = [other for other in old if other["name"] != name]
        if item is None and others != old:
            wanted[f"{section}s"] = others
        elif item is not None:
            replaced = [item if other["name"] == name else other for other in old]
            wanted[f"{section}s"] = replaced if others != old else [*old, item]
    if current is not None:
        wanted["current-context"] = current
    if wanted == config:
        return text
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root.flow_style:
        return _dump(wanted)
    line_end = "\r\n" if "\r\n" in text else "\n"
    lacks_line_end = not text.endswith("\n")
    edited = text + line_end if lacks_line_end else text
    edits = [
        edit
        for key, value in wanted.items()
        if key not in config or value != config[key]
        for edit in _edits(edited, root, key, value, name)
    ]
    for edit in sorted(edits, reverse=True):
        edited = edited[: edit.start] + edit.new.replace("\n", line_end) + edited[edit.end :]
    if lacks_line_end:
        edited = edited[: -len(line_end)]
    try:
        if _load(edited) == wanted:
            return edited
    except ValueError:
        pass
    raise ValueError("its format cannot be edited. Write its clusters, contexts and users as YAML lists in block style")


class _Edit(t.NamedTuple):
    """A part of a text to replace. Edits are sorted so that a new key follows a new item at the same place."""

    start: int
    is_new_key: bool
    end: int
    new: str


def _edits(text: str, root: t.Any, key: str, value: t.Any, name: str) -> list[_Edit]:
    """Return the edits that set a top-level key. In a list, only the item with the name changes."""
    end = _end_of_line(text, _end(root))
    margin = root.start_mark.column
    found = [pair for pair in root.value if pair[0].value == key]
    if not found:
        return [_Edit(end, True, end, _dump({key: value}, margin))]
    key_node, node = found[0]
    start = len(text[: node.start_mark.index].rstrip(" "))
    end = len(text[: _end(node)].rstrip())
    if not isinstance(value, list):
        return [_Edit(start, False, end, " " + _dump([value])[2:].rstrip("\n"))]
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return _item_edits(text, key_node, node, value, name)
    if not value:
        return [_Edit(start, False, end, " []")]
    next_line = _end_of_line(text, end)
    return [_Edit(start, False, max(start, end), ""), _Edit(next_line, False, next_line, _dump(value, margin))]


def _item_edits(text: str, key_node: t.Any, sequence: t.Any, value: list[JSON], name: str) -> list[_Edit]:
    """Return the edits that replace, remove or append the item with a name in a block sequence.

    An item ends with the last line of its content, so comments between items stay.
    """
    column = sequence.start_mark.column
    dash = re.compile(rf"^ {{{column}}}-(?=\s)", re.MULTILINE)
    new = "".join(_dump([item], column) for item in value if item["name"] == name)
    edits = []
    end = sequence.start_mark.index - column
    for node in sequence.value:
        match = dash.search(text, end)
        start, end = match.start() if match else end, _end_of_line(text, _end(node))
        if _value(node, set())["name"] == name:
            edits.append(_Edit(start, False, end, new))
    if not value:
        colon = text.index(":", key_node.end_mark.index) + 1
        edits.append(_Edit(colon, False, colon, " []"))
    return edits or [_Edit(end, False, end, new)]


def _end(node: t.Any) -> int:
    """Return the index after the content of a node. The end mark of a block is after the comments that follow it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return t.cast(int, node.end_mark.index)
    return _end(node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1])


def _end_of_line(text: str, index: int) -> int:
    """Return the index after the line in which the text before an index ends."""
    return text.index("\n", len(text[:index].rstrip())) + 1


def _dump(value: t.Any, margin: int = 0) -> str:
    text = yaml.safe_dump(value, default_flow_style=False, sort_keys=False, allow_unicode=True, width=10**6)
    return "".join(" " * margin + line for line in text.splitlines(keepends=True))
