# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.netapp.nks.tests.tools.write_security import PAGE, page, table


def test_the_table_of_the_page_is_that_of_the_tests() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert table() in text
    assert page(text) == text, "run tests/tools/write_security.py"
