# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell schemathesis how a PNG file begins, which openapi.yml cannot describe."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.media_type("image/png", st.binary(max_size=100).map(lambda data: b"\x89PNG\r\n\x1a\n" + data))
