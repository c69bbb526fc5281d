# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the arguments of every process to a file, until it is ended."""

from __future__ import annotations

import glob
import os
import sys
import time


def main() -> None:
    seen: set[bytes] = set()
    with open(sys.argv[1], "ab", buffering=0) as file:
        while os.getppid() != 1:
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try:
                    with open(path, "rb") as process:
                        arguments = process.read()
                except OSError:
                    continue
                if arguments not in seen:
                    seen.add(arguments)
                    file.write(arguments.replace(b"\0", b" ") + b"\n")
            time.sleep(0.02)


if __name__ == "__main__":
    main()
