# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take screenshots of the fleet report in Chromium, to look at: small and large, wide and narrow, light and dark.

python tests/browser/take_pictures.py FOLDER [--docs]

With --docs it also writes the screenshot in the documentation. This needs a font with emoji.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from chromium import Chromium
from reports import FLEETS, ROOT, FakeNKS, write_report

WIDTHS = (1300, 768, 320)
LONGEST = 4000


def take_pictures(folder: Path, docs: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Chromium() as browser, tempfile.TemporaryDirectory() as temporary:
        for name, options in FLEETS.items():
            with FakeNKS(step=0.0, **options) as fake:
                url = write_report(Path(temporary), fake, f"{name}.html")
            for width in WIDTHS:
                for theme in ("light", "dark"):
                    browser.open(url, width, dark=theme == "dark", bypass_policy=False)
                    height = browser.evaluate("document.documentElement.scrollHeight")
                    browser.resize(width, min(height, LONGEST))
                    picture = folder / f"{name}-{width}-{theme}.png"
                    browser.screenshot(picture)
                    print(f"{picture}: the page is {height} px high")
                    if docs and (name, width, theme) == ("9", 1300, "light"):
                        browser.screenshot(ROOT / "docs/images/fleet_report.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true")
    arguments = parser.parse_args()
    take_pictures(arguments.folder, arguments.docs)


if __name__ == "__main__":
    main()
