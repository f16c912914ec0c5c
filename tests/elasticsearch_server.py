"""Runs a real Elasticsearch for tests: security, TLS, kill -9, restarts and pauses included.

It refuses to run as root, so there it runs as `nobody`, in a folder of that user's and from a copy
where the cache is not readable. It starts in ten seconds on an idle machine: share the fixture
`elasticsearch_server`, which has every user of `USERS`, and put the tests that use it into the xdist
group `elasticsearch`. What this build lacks is in docs/shipping.md.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 20.0
_ACCOUNT: Final = "nobody"
# Half a gigabyte is plenty; the second compiler would take more of the start than it gives back.
_JVM: Final = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"

_SETTINGS: Final[dict[str, str]] = {
    "discovery.type": "single-node",
    "http.host": "127.0.0.1",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "action.auto_create_index": "true",
    "resource.reload.interval.high": "200ms",
}


@dataclass(frozen=True)
class User:
    """A user of the file realm.

    Attributes:
        roles: built-in ones (`superuser`), or of the roles that the server was given.
    """

    password: str
    roles: tuple[str, ...] = ("superuser",)


@dataclass(frozen=True)
class Certificate:
    """What the server proves itself with: PEM files of a chain and its key, and who vouches."""

    chain: Path
    key: Path
    authority: Path


_WITNESS: Final = "witness"
ADMIN: Final = ("admin", "admin-password")
USERS: Final[dict[str, User]] = {ADMIN[0]: User(ADMIN[1])}


@dataclass
class Server:
    """A server that listens at `url`, on the same port and with the same data over restarts."""

    url: str
    folder: Path
    _programs: components.Elasticsearch
    _certificate: Certificate | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            RuntimeError: it did not start; its last words are in the message.
        """
        java = {"ES_JAVA_HOME": str(self._programs.java_home), "ES_JAVA_OPTS": _JVM}
        places = {
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "HOME": str(self.folder),
            "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
        }
        account = pwd.getpwnam(_ACCOUNT) if os.geteuid() == 0 else None
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["bash", str(self._programs.folder / "bin" / "elasticsearch")],
                env={**os.environ, **java, **places}, cwd=self.folder,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )  # fmt: skip
        self._wait(log)

    def kill(self) -> None:
        """Kill it with -9, as the kernel does where memory is short."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let it hang: its port takes connections, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        self._signal(signal.SIGCONT)

    def set_users(self, users: Mapping[str, User], roles: str = "") -> None:
        """Replace users and roles; where it runs, wait until it has read them.

        `roles` is the text of `roles.yml`: this build cannot keep roles made through the API.
        """
        config = self.folder / "config"
        # Three files, each read in its own time: one more user, whose role is new each time, shows
        # by what it may do that all of them were.
        role = f"{_WITNESS}-{secrets.token_hex(4)}"
        witness = User(secrets.token_hex(16), (role,))
        users = {**users, _WITNESS: witness} if users else {}
        listed: dict[str, list[str]] = {}
        for name, user in users.items():
            for given in user.roles:
                listed.setdefault(given, []).append(name)
        _put(config / "users", "".join(f"{k}:{_hashed(v.password)}\n" for k, v in users.items()))
        _put(config / "users_roles", "".join(f"{k}:{','.join(v)}\n" for k, v in listed.items()))
        defined = {**(yaml.safe_load(roles) or {}), role: {"cluster": ["monitor"]}}
        _put(config / "roles.yml", yaml.safe_dump(defined))
        if self._process is None or not users:
            return
        until = time.monotonic() + _START_SECONDS
        while not self._may_look(witness):
            if time.monotonic() > until:
                message = f"Elasticsearch has not read its users within {_START_SECONDS:.0f} s"
                raise RuntimeError(message)
            time.sleep(0.1)

    def _may_look(self, witness: User) -> bool:
        token = base64.b64encode(f"{_WITNESS}:{witness.password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}"}
        request = urllib.request.Request(f"{self.url}/_cluster/health", headers=headers)
        try:
            urllib.request.urlopen(request, timeout=10, context=self._context()).close()
        except urllib.error.HTTPError as error:
            if error.code not in {401, 403}:
                raise
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _wait(self, log: Path) -> None:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.1)
        self.kill()
        message = f"Elasticsearch did not start: {log.read_text(errors='replace')[-3000:]}"
        raise RuntimeError(message)

    def _context(self) -> ssl.SSLContext | None:
        if self._certificate is None:
            return None
        return ssl.create_default_context(cafile=str(self._certificate.authority))

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=2, context=self._context()).close()
        except urllib.error.HTTPError:  # no such route, or no password: it answers
            return True
        except OSError:
            return False
        return True


@contextmanager
def elasticsearch(
    *,
    users: Mapping[str, User] | None = None,
    roles: str = "",
    certificate: Certificate | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """An empty Elasticsearch 8.19 until the block ends.

    With `users`, of the file realm, it demands a password; `roles` is the text of `roles.yml`. With
    a certificate it speaks TLS. `settings` are further lines of `elasticsearch.yml`.

    Raises:
        Unavailable: it cannot be had.
        RuntimeError: it did not start; its last words are in the message.
    """
    programs = components.elasticsearch_programs()
    folder = Path(tempfile.mkdtemp(prefix="mlmonitor-elasticsearch-"))
    try:
        if os.geteuid() == 0 and not _is_open(programs.folder):
            copy = shutil.copytree(programs.folder, folder / "distribution")
            programs = components.Elasticsearch(copy, programs.java_home)
        port = components.free_port()
        lines = {
            **_SETTINGS,
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
            "http.port": str(port),
            "transport.port": str(components.free_port()),
            "xpack.security.enabled": "true" if users else "false",
            **_tls(certificate, folder / "config"),
            **(settings or {}),
        }
        shutil.copytree(programs.folder / "config", folder / "config")
        for name in ("data", "logs", "tmp"):
            (folder / name).mkdir()
        text = "".join(f"{key}: {value}\n" for key, value in lines.items())
        (folder / "config" / "elasticsearch.yml").write_text(text)
        if certificate is not None:
            shutil.copy(certificate.chain, folder / "config" / "http.crt")
            shutil.copy(certificate.key, folder / "config" / "http.key")
        scheme = "https" if certificate else "http"
        url = f"{scheme}://127.0.0.1:{port}"
        server = Server(url, folder, programs, certificate)
        server.set_users(users or {}, roles)
        _give_away(folder)
        try:
            server.start()
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tls(certificate: Certificate | None, config: Path) -> dict[str, str]:
    if certificate is None:
        return {}
    prefix = "xpack.security.http.ssl"
    return {
        f"{prefix}.enabled": "true",
        f"{prefix}.certificate": str(config / "http.crt"),
        f"{prefix}.key": str(config / "http.key"),
    }


def _put(file: Path, text: str) -> None:
    """Replace a file in one step, readable by whoever runs the server."""
    temporary = file.with_suffix(".new")
    temporary.write_text(text)
    temporary.chmod(0o644)
    temporary.replace(file)


def _hashed(password: str) -> str:
    """A password as the file realm keeps it; its own tool would take a JVM's start for each."""
    salt, rounds = secrets.token_bytes(32), 1000
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 32)
    salt_text, key_text = (base64.b64encode(part).decode() for part in (salt, key))
    return f"{{PBKDF2}}{rounds}${salt_text}${key_text}"


def _is_open(folder: Path) -> bool:
    """Whether others than its owner can enter a folder and those above it."""
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def _give_away(folder: Path) -> None:
    """Make everything below a folder belong to the account that the server runs as."""
    if os.geteuid():
        return
    account = pwd.getpwnam(_ACCOUNT)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
