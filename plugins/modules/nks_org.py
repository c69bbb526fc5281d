#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Update an organization of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_org
short_description: Update an organization of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Changes the name, slug or logo of an existing organization. Options that are not set change nothing.
  - Sends one request with all differences, or no request if nothing differs.
  - Compares the response with the requested values. If the server did not apply a value, the module fails. The message
    names the option and shows the value that the server has instead. Some servers ignore O(slug).
  - The request is never sent again once the server may have received it. If there is no response, the module fails and
    says that the change may have been made.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
options:
  org:
    description:
      - ID, slug or name of the organization to update.
      - In a task that changes O(name), use the ID or slug. When the task runs again, the old name does not match any
        more.
    type: str
    required: true
  name:
    description:
      - New name of the organization.
      - At least one of O(name), O(slug) and O(logo) is required.
    type: str
  slug:
    description:
      - New slug of the organization. At most 50 letters, digits, dashes and underscores.
      - Some servers ignore it, and the module then fails. Check mode cannot detect this, and returns the requested
        slug.
    type: str
  logo:
    description:
      - Path of an image file, on the host that runs the module, to upload as the logo of the organization.
      - The image must be a PNG, JPEG or GIF file of at most 5 MiB.
      - The API returns only the URL of the logo. The module therefore uploads the image under a file name that contains
        a digest of its content, and later looks for this file name in the URL.
      - The image is uploaded if the organization has no logo, or if this module uploaded another image before. Nothing
        changes if the URL shows that the logo is the same image.
      - If the URL has no such file name, because the logo was set in another way or the server renames files, the
        module shows a warning and does not change the logo. See O(logo_force).
      - An empty string removes the logo.
    type: path
  logo_force:
    description:
      - Whether to upload the image if the URL of the current logo does not show which image it is.
      - If the server renames files, V(true) uploads the image on every run.
    type: bool
    default: false
seealso:
  - module: netapp.nks.nks_org_info
"""

EXAMPLES = r"""
- name: Rename an organization
  netapp.nks.nks_org:
    org: my-organization
    name: Platform Team
  register: renamed

- name: Upload an image file as the logo, and replace the current logo
  netapp.nks.nks_org:
    org: "{{ renamed.org.pk }}"
    logo: /tmp/logo.png
    logo_force: true

- name: Remove the logo
  netapp.nks.nks_org:
    org: Platform Team
    logo: ""
"""

RETURN = r"""
org:
  description:
    - The organization as the API returns it after the update.
    - In check mode, the organization as it would be. If an image would be uploaded, C(logo) is its file name.
  returned: success, and when the server did not apply all values
  type: dict
  contains:
    pk:
      description: ID of the organization.
      type: int
    name:
      description: Name of the organization.
      type: str
    slug:
      description: Name for use in URLs. May be empty.
      type: str
    logo:
      description: URL of the logo, or null.
      type: str
    created:
      description: When the organization was created.
      type: str
    updated:
      description: When the organization was last changed.
      type: str
  sample:
    pk: 381
    name: Platform Team
    slug: my-organization
    logo: https://nks.example.com/media/logos/logo-0b8f31bd5a70b0e7.png
    created: "2018-08-05T14:35:53.161852Z"
    updated: "2019-01-31T18:31:21.583756Z"
"""

import hashlib
import os
import re
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_text, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._module import check_new_name, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION
from ansible_collections.netapp.nks.plugins.module_utils._orgs import find_org
from ansible_collections.netapp.nks.plugins.module_utils._types import Org

PICTURES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8"}
"""The first bytes of each image format."""

MAX_PICTURE_BYTES = 5 * 2**20

UPLOADED = re.compile("logo-[0-9a-f]{16}")
"""The start of each file name under which this module uploads an image."""


class Picture(t.NamedTuple):
    """An image to upload."""

    name: str
    content: bytes
    media_type: str

    def is_at(self, url: str) -> bool:
        """Return whether a URL contains the name of this image. A server may have added a suffix to the name."""
        return self.name.partition(".")[0] in url


def update(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    requested = requested_fields(module.params)
    org = find_org(client.orgs(), module.params["org"])
    if hides_picture(org.raw.get("logo"), requested.get("logo")) and not module.params["logo_force"]:
        module.warn(
            f"The logo of organization {org} is not changed, because its URL does not show which image it is. "
            "Set logo_force to replace it."
        )
        del requested["logo"]
    changes = {field: value for field, value in requested.items() if not matches(org.raw.get(field), value)}
    before = {field: org.raw.get(field) for field in changes}
    if module.check_mode or not changes:
        expected = {field: value.name if isinstance(value, Picture) else value for field, value in changes.items()}
        return {"changed": bool(changes), "org": {**org.raw, **expected}, "diff": {"before": before, "after": expected}}
    updated = send(client, org, changes)
    diff = {"before": before, "after": {field: updated.raw.get(field) for field in changes}}
    changed = [field for field in requested if updated.raw.get(field) != org.raw.get(field)]
    result = {"changed": bool(changed), "org": updated.raw, "diff": diff}
    not_applied = {field: value for field, value in requested.items() if not was_applied(org, updated, field, value)}
    if not_applied:
        result.update(failed=True, msg=describe(org, updated, not_applied, changed))
    return result


def requested_fields(params: JSON) -> JSON:
    """Return the requested fields. The logo is a picture, or None to remove it.

    :raises NKSError: an option is invalid.
    """
    requested = {field: params[field] for field in ("name", "slug") if params[field] is not None}
    for field, value in requested.items():
        if value or field == "name":
            check_new_name(field, value)
    if params["logo"] is not None:
        requested["logo"] = read_picture(params["logo"]) if params["logo"] else None
    return requested


def read_picture(path: str) -> Picture:
    """Read an image file.

    :raises NKSError: the file cannot be read, is too large, or is not an image of a known format.
    """
    if not os.path.isfile(path):
        raise NKSError(f"logo: {path} is not a file. Give the path of an image file.")
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_PICTURE_BYTES + 1)
    except OSError as exc:
        raise NKSError(f"logo: {path} cannot be read: {error_text(exc)}.") from None
    if len(content) > MAX_PICTURE_BYTES:
        raise NKSError(f"logo: {path} is larger than {MAX_PICTURE_BYTES // 2**20} MiB.")
    kind = next((kind for kind, start in PICTURES.items() if content.startswith(start)), None)
    if not kind:
        raise NKSError(f"logo: {path} is not a PNG, JPEG or GIF image.")
    return Picture(f"logo-{hashlib.sha256(content).hexdigest()[:16]}.{kind}", content, f"image/{kind}")


def hides_picture(url: t.Any, picture: t.Any) -> bool:
    """Return whether the URL of a logo does not show which image it is."""
    return isinstance(picture, Picture) and bool(url) and not UPLOADED.search(str(url))


def matches(present: t.Any, value: t.Any) -> bool:
    """Return whether a field of an organization has the requested value. Empty and null are equal."""
    if isinstance(value, Picture):
        return value.is_at(str(present))
    return (present or None) == (value or None)


def was_applied(org: Org, updated: Org, field: str, value: t.Any) -> bool:
    """Return whether the server applied a value. After an upload, any new URL counts, because servers rename files."""
    present = updated.raw.get(field)
    return matches(present, value) or (isinstance(value, Picture) and bool(present) and present != org.raw.get(field))


def send(client: NKSClient, org: Org, changes: JSON) -> Org:
    logo = changes.get("logo")
    if isinstance(logo, Picture):
        changes = {field: value for field, value in changes.items() if field != "logo"}
        return client.update_org(org, changes, logo)
    return client.update_org(org, changes)


def describe(org: Org, updated: Org, not_applied: JSON, changed: list[str]) -> str:
    """Return a message with the values that the server did not apply."""

    def shown(value: t.Any) -> str:
        value = value.name if isinstance(value, Picture) else value
        return "null" if value is None else one_line(repr(value))

    kept = [f"{field} is {shown(updated.raw.get(field))}, not {shown(value)}" for field, value in not_applied.items()]
    return (
        f"The server answered with status 200, but did not update organization {org} as requested: "
        f"{'; '.join(kept)}. Changed: {', '.join(changed) or 'nothing'}."
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            "org": {"type": "str", "required": True},
            "name": {"type": "str"},
            "slug": {"type": "str"},
            "logo": {"type": "path"},
            "logo_force": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "slug", "logo")],
        supports_check_mode=True,
    )
    run_module(module, update)


if __name__ == "__main__":
    main()
