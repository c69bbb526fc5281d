# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Kubernetes API of one cluster. It has only namespaces."""

from __future__ import annotations

import datetime
import json
import re
import typing as t
import urllib.parse
import uuid

from .fleet import Object

Answer = t.Tuple[int, Object]

NAMESPACES = re.compile(r"/api/v1/namespaces(?:/([^/]+))?")
FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
MERGE_PATCHES = ("application/merge-patch+json", "application/strategic-merge-patch+json")
DISCOVERY: dict[str, Object] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "namespaces",
                "singularName": "namespace",
                "namespaced": False,
                "kind": "Namespace",
                "verbs": ["create", "delete", "get", "list", "patch", "update"],
                "shortNames": ["ns"],
            }
        ],
    },
}


class StandIn:
    """The Kubernetes API of a cluster, for requests with the right token. A reset of the fake removes it."""

    def __init__(self) -> None:
        self._changes = 0
        self._namespaces = {name: self._namespace(name, {}) for name in FIRST_NAMESPACES}

    def answer(self, version: str, method: str, path: str, query: str, content_type: str, body: bytes) -> Answer:
        """Answer a request. `path` is relative to the cluster's URL; `version` is its Kubernetes version."""
        namespaces = NAMESPACES.fullmatch(path)
        if not namespaces:
            return self._discovery(version, method, path.rstrip("/"))  # the Python client requests /version/
        name = namespaces[1] or ""
        options = dict(urllib.parse.parse_qsl(query))
        if {"labelSelector", "fieldSelector", "watch"} & set(options):
            return failure(400, "BadRequest", "the stand-in does not support selectors or watches")
        if name and name not in self._namespaces:
            return failure(404, "NotFound", f'namespaces "{name}" not found')
        if method == "GET":
            if name:
                return 200, self._namespaces[name]
            items = [self._namespaces[key] for key in sorted(self._namespaces)]
            return 200, {
                "kind": "NamespaceList",
                "apiVersion": "v1",
                "metadata": {"resourceVersion": str(self._changes)},
                "items": items,
            }
        if method not in (("PATCH", "PUT", "DELETE") if name else ("POST",)):
            return not_allowed()
        keep = "dryRun" not in options
        if method == "DELETE":
            namespace = self._namespaces[name]
            if keep:
                del self._namespaces[name]
            return 200, {**namespace, "status": {"phase": "Terminating"}}
        return self._write(method, name, content_type, body, keep)

    def _discovery(self, version: str, method: str, path: str) -> Answer:
        if path != "/version" and path not in DISCOVERY:
            return failure(404, "NotFound", "the server could not find the requested resource")
        if method != "GET":
            return not_allowed()
        if path in DISCOVERY:
            return 200, DISCOVERY[path]
        numbers = re.findall("[0-9]+", version)
        return 200, {
            "major": "".join(numbers[:1]),
            "minor": "".join(numbers[1:2]),
            "gitVersion": version,
            "gitCommit": "",
            "gitTreeState": "clean",
            "buildDate": "2019-10-15T19:07:57Z",
            "goVersion": "go1.12.10",
            "compiler": "gc",
            "platform": "linux/amd64",
        }

    def _write(self, method: str, name: str, content_type: str, body: bytes, keep: bool) -> Answer:
        if method == "PATCH" and content_type not in MERGE_PATCHES:
            return failure(415, "UnsupportedMediaType", f"the stand-in accepts only {' and '.join(MERGE_PATCHES)}")
        try:
            given = json.loads(body)
            metadata = given.get("metadata") or {}
            name = name or str(metadata.get("name", ""))
        except (ValueError, AttributeError):
            return failure(400, "BadRequest", "the body is not a namespace in JSON")
        if given.get("kind", "Namespace") != "Namespace" or metadata.get("name", name) != name:
            return failure(400, "BadRequest", "the body and the path are about different objects")
        old = self._namespaces.get(name)
        if method == "POST" and old:
            return failure(409, "AlreadyExists", f'namespaces "{name}" already exists')
        if not LABEL.fullmatch(name):
            return failure(422, "Invalid", f'Namespace "{name}" is invalid: metadata.name: Invalid value: "{name}"')
        if method == "PATCH" and old:
            metadata = merged(old["metadata"], metadata)
        namespace = self._namespace(name, metadata, old)
        if keep:
            self._namespaces[name] = namespace
        return 201 if method == "POST" else 200, namespace

    def _namespace(self, name: str, metadata: Object, old: Object | None = None) -> Object:
        """Make a namespace. A client can choose only labels and annotations."""
        fields = client_fields(metadata)
        if old and fields == client_fields(old["metadata"]):
            return old
        self._changes += 1
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        first = old["metadata"] if old else {"uid": str(uuid.uuid4()), "creationTimestamp": now}
        return {
            "kind": "Namespace",
            "apiVersion": "v1",
            "metadata": {
                "name": name,
                "uid": first["uid"],
                "resourceVersion": str(self._changes),
                "creationTimestamp": first["creationTimestamp"],
                **fields,
            },
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }


def client_fields(metadata: Object) -> Object:
    """Return the metadata that a client can choose: labels and annotations."""
    return {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}


def merged(old: t.Any, patch: t.Any) -> t.Any:
    """Apply a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        new[key] = merged(new.get(key), value)
    return {key: value for key, value in new.items() if value is not None}


def failure(code: int, reason: str, message: str) -> Answer:
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def not_allowed() -> Answer:
    return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
