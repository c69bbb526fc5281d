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
  - Changes the name, slug or logo of an organization that exists. An option that is not given changes nothing.
  - Sends one request with what differs, or none if nothing differs.
  - Compares the answer with what was asked for. If the server did not take a value, the module fails, names the option,
    and says what the server has instead. Some servers ignore O(slug).
  - The request is never repeated once the service may have received it. If no answer comes, the module fails, and says
    that the change may have been made.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
options:
  org:
    description:
      - The organization to update, by its ID, slug or name.
      - To run a task again that changes O(name), give the ID or the slug. The old name matches nothing by then.
    type: str
    required: true
  name:
    description:
      - The new name of the organization.
      - At least one of O(name), O(slug) and O(logo) is required.
    type: str
  slug:
    description:
      - The new slug of the organization. At most 50 letters, digits, dashes and underscores.
      - Some servers ignore it. Check mode cannot know, and returns the slug as asked for. The real run then fails.
    type: str
  logo:
    description:
      - Path of a picture file on the host that runs the module. The file is uploaded as the logo of the organization.
      - The content must be PNG, JPEG or GIF, and not larger than 5 MiB.
      - The API returns only the URL of a logo. The module therefore uploads a picture under a file name that contains a
        digest of the content, and later looks for this name in the URL.
      - If the organization has no logo, or one that this module uploaded from another picture, the picture is uploaded.
        If the URL shows that it is the same picture, nothing is changed.
      - If the URL has no such name, because the logo was set in another way or the server renames files, the logo is
        left as it is, with a warning. See O(logo_force).
      - The empty string removes the logo.
    type: path
  logo_force:
    description:
      - Whether to upload the picture if the URL of the present logo does not say which picture it is.
      - If the server renames files, the picture is then uploaded each time.
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

- name: Set the logo to a picture file and replace the one that is there
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
    - In check mode as it would be, and with the name of the file that would be uploaded as C(logo).
  returned: success, or when the server did not take all values
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
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION
from ansible_collections.netapp.nks.plugins.module_utils._orgs import find_org
from ansible_collections.netapp.nks.plugins.module_utils._types import Org

PICTURES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8"}
"""How the content of each kind of picture begins."""

MAX_PICTURE_BYTES = 5 * 2**20
"""Bytes of a picture."""

UPLOADED = re.compile("logo-[0-9a-f]{16}")
"""What every file name that this module gives to a picture begins with."""


class Picture(t.NamedTuple):
    """A file to upload: its name, content and media type."""

    name: str
    content: bytes
    media_type: str

    def is_at(self, url: str) -> bool:
        """Whether a URL has the name of this picture, to which a server may have added something."""
        return self.name.partition(".")[0] in url


def update(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    asked = asked_for(module.params)
    org = find_org(client.orgs(), module.params["org"])
    if is_unknown(org.raw.get("logo"), asked.get("logo")) and not module.params["logo_force"]:
        module.warn(
            f"The logo of organization {org} is left as it is, because its URL does not say which picture "
            "it is. Set logo_force to replace it."
        )
        del asked["logo"]
    changes = {field: value for field, value in asked.items() if not matches(org.raw.get(field), value)}
    before = {field: org.raw.get(field) for field in changes}
    if module.check_mode or not changes:
        expected = {field: value.name if isinstance(value, Picture) else value for field, value in changes.items()}
        return {"changed": bool(changes), "org": {**org.raw, **expected}, "diff": {"before": before, "after": expected}}
    updated = send(client, org, changes)
    diff = {"before": before, "after": {field: updated.raw.get(field) for field in changes}}
    changed = [field for field in asked if updated.raw.get(field) != org.raw.get(field)]
    result = {"changed": bool(changed), "org": updated.raw, "diff": diff}
    not_taken = {field: value for field, value in asked.items() if not was_applied(org, updated, field, value)}
    if not_taken:
        result.update(failed=True, msg=describe(org, updated, not_taken, changed))
    return result


def asked_for(params: JSON) -> JSON:
    """The fields that the organization is to have: text, None for no logo, or a picture."""
    asked = {field: params[field] for field in ("name", "slug") if params[field] is not None}
    for field, value in asked.items():
        if value != value.strip() or (field == "name" and not value):
            raise NKSError(f"{field} is {one_line(repr(value))}: it must not be empty or have white space around it.")
    if params["logo"] is not None:
        asked["logo"] = read_picture(params["logo"]) if params["logo"] else None
    return asked


def read_picture(path: str) -> Picture:
    """:raises NKSError: there is no such file, or it is not a picture that can be sent."""
    if not os.path.isfile(path):
        raise NKSError(f"logo: {path} is not a file. Give the path of a picture file.")
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_PICTURE_BYTES + 1)
    except OSError as exc:
        raise NKSError(f"logo: {path} cannot be read: {error_text(exc)}.") from None
    if len(content) > MAX_PICTURE_BYTES:
        raise NKSError(f"logo: {path} is larger than {MAX_PICTURE_BYTES // 2**20} MiB.")
    kind = next((kind for kind, start in PICTURES.items() if content.startswith(start)), None)
    if not kind:
        raise NKSError(f"logo: the content of {path} is not PNG, JPEG or GIF.")
    return Picture(f"logo-{hashlib.sha256(content).hexdigest()[:16]}.{kind}", content, f"image/{kind}")


def is_unknown(url: t.Any, picture: t.Any) -> bool:
    """Whether a URL does not say which picture is there."""
    return isinstance(picture, Picture) and bool(url) and not UPLOADED.search(str(url))


def matches(present: t.Any, value: t.Any) -> bool:
    """Whether a field of an organization is as asked for. An empty one and null are the same."""
    if isinstance(value, Picture):
        return value.is_at(str(present))
    return (present or None) == (value or None)


def was_applied(org: Org, updated: Org, field: str, value: t.Any) -> bool:
    """Whether the server took a value. A server that renames files shows a new URL."""
    url = updated.raw.get(field)
    return matches(url, value) or (isinstance(value, Picture) and bool(url) and url != org.raw.get(field))


def send(client: NKSClient, org: Org, changes: JSON) -> Org:
    logo = changes.get("logo")
    if isinstance(logo, Picture):
        changes = {field: value for field, value in changes.items() if field != "logo"}
        return client.update_org(org, changes, logo)
    return client.update_org(org, changes)


def describe(org: Org, updated: Org, not_taken: JSON, changed: list[str]) -> str:
    """What the server has in place of what it did not take, in words."""

    def shown(value: t.Any) -> str:
        value = value.name if isinstance(value, Picture) else value
        return "null" if value is None else one_line(repr(value))

    kept = [f"{field} is {shown(updated.raw.get(field))}, not {shown(value)}" for field, value in not_taken.items()]
    return (
        f"The server answered with status 200, but did not update organization {org} as asked: "
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
