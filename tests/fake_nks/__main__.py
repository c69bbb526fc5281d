# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the fake NKS API: python tests/fake_nks --help"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fake_nks.faults import Fault
from fake_nks.server import FakeNKS
from fake_nks.variants import chosen

PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


def main() -> int:
    arguments, command = parse(sys.argv[1:])
    try:
        fake = FakeNKS(
            arguments.port,
            arguments.latency,
            arguments.orgs,
            arguments.clusters,
            arguments.nodes,
            (arguments.tls_cert, arguments.tls_key) if arguments.tls_cert else None,
            step=arguments.step,
            takes_slug=arguments.takes_slug,
            variants=dict(arguments.variant),
            changes=arguments.changes or arguments.step is not None,
        )
    except OSError as error:
        print(f"fake_nks: cannot serve on 127.0.0.1 port {arguments.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        with fake:
            fake.add_faults(arguments.fault)
            exports = f"export NKS_API_URL={fake.url}\nexport NKS_API_TOKEN={fake.token}\n"
            if arguments.export_file:
                write_atomically(arguments.export_file, exports)
            if command:
                return run(command, fake, arguments.lifetime)
            print(exports, end="", flush=True)
            print("# The fake NKS API serves until Ctrl-C.", file=sys.stderr, flush=True)
            fake.stopping.wait(arguments.lifetime)
    except KeyboardInterrupt:
        pass
    except OSError as error:
        print(f"fake_nks: {error}", file=sys.stderr)
        return 1
    return 0


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Parse the options; return them and the command after `--`."""
    parser = argparse.ArgumentParser(
        prog="fake_nks",
        usage="%(prog)s [OPTIONS] [-- COMMAND ARGS...]",
        description="Serve a fake NKS API on 127.0.0.1. Without COMMAND, print the environment variables for "
        "clients, and serve until Ctrl-C. With COMMAND, run it with NKS_API_URL, NKS_API_TOKEN and NKS_FAKE_URL set, "
        "and exit with its status.",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free port)")
    parser.add_argument("--latency", type=seconds, default=0.0, metavar="SECONDS", help="wait before each answer")
    parser.add_argument(
        "--step", type=seconds, metavar="SECONDS", help="advance the clock only with each request, by this much"
    )
    parser.add_argument("--orgs", type=count, metavar="N", help="make up a fleet of N organizations (default: 1)")
    parser.add_argument("--clusters", type=count, metavar="M", help="make up a fleet of M clusters (default: 10)")
    parser.add_argument("--nodes", type=count, metavar="K", help="make up a fleet with K nodes a cluster (default: 3)")
    parser.add_argument("--changes", action="store_true", help="let clusters change as time passes (implied by --step)")
    parser.add_argument(
        "--variant",
        type=variant,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="choose another behavior where the API is not known; can be repeated; see README.md",
    )
    parser.add_argument("--takes-slug", action="store_true", help="let PATCH change the slug of an organization")
    parser.add_argument("--tls-cert", metavar="FILE", help="serve https with this certificate (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="private key of the certificate (PEM)")
    parser.add_argument("--lifetime", type=seconds, metavar="SECONDS", help="stop after this time")
    parser.add_argument(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="JSON",
        help="make requests fail; can be repeated; see README.md",
    )
    parser.add_argument("--export-file", metavar="FILE", help="write the export lines to FILE once requests are served")
    end = argv.index("--") if "--" in argv else len(argv)
    arguments, command = parser.parse_args(argv[:end]), argv[end + 1 :]
    if bool(arguments.tls_cert) != bool(arguments.tls_key):
        parser.error("--tls-cert and --tls-key need each other")
    if not 0 <= arguments.port <= 65535:
        parser.error("argument --port: must be from 0 to 65535")
    if arguments.orgs == 0:
        parser.error("argument --orgs: must be at least 1")
    if end < len(argv) and not command:
        parser.error("no COMMAND after --")
    return arguments, command


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text}")
    return value


def count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return value


def fault(text: str) -> Fault:
    try:
        return Fault.from_json(json.loads(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def variant(text: str) -> tuple[str, str]:
    name, _equals, value = text.partition("=")
    try:
        chosen({name: value})
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name, value


def interrupt(*signal_and_frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def write_atomically(path: str, text: str) -> None:
    partial = f"{path}.{os.getpid()}"
    Path(partial).write_text(text, encoding="utf-8")
    os.replace(partial, path)


def run(command: list[str], fake: FakeNKS, lifetime: float | None) -> int:
    """Run the command; return its status as a shell reports it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NKS_") and name.lower() not in PROXIES
    }
    environment.update(NKS_API_URL=fake.url, NKS_API_TOKEN=fake.token, NKS_FAKE_URL=fake.url)
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"fake_nks: cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        status = process.wait(lifetime)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.terminate()
        try:
            status = process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
