from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor.errors import InstallError
from mlmonitor.install.connection import API_KEY_VARIABLE, PASSWORD_VARIABLE, Connection, Login
from tests.components import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def answering(
    status: int, body: bytes, kind: str = "application/json", **headers: str
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that always answers the same, and what headers it was sent."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({key.lower(): value for key, value in self.headers.items()})
            self.send_response(status)
            for key, value in {"content-type": kind, **headers}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def ask(url: str, login: Login | None = None, ca: str | None = None) -> Any:
    return Connection(url, "Elasticsearch", login or Login(), ca).expect("GET", "/x")


def problem(url: str, **options: Any) -> str:
    with pytest.raises(InstallError) as caught:
        ask(url, **options)
    return str(caught.value)


def test_a_good_answer_is_decoded():
    with answering(200, b'{"a": [1]}') as (url, _):
        assert ask(url) == {"a": [1]}


def test_who_asks_is_said():
    with answering(200, b"{}") as (url, seen):
        ask(url, Login("elastic", "päss:word"))
        ask(url, Login(api_key="a2V5"))
        ask(url)
    assert seen[0]["authorization"] == "Basic ZWxhc3RpYzpww6Rzczp3b3Jk"
    assert seen[1]["authorization"] == "ApiKey a2V5"
    assert "authorization" not in seen[2]


def test_nobody_there():
    url = f"http://127.0.0.1:{free_port()}"
    assert problem(url).startswith(f"{url}: no answer (")
    assert problem(url).endswith("is Elasticsearch running there?")


def test_a_host_without_an_address():
    assert "no answer (" in problem("http://no-such-host.invalid:9200")


def test_a_web_page_is_not_elasticsearch():
    with answering(200, b"<html>Welcome to nginx</html>", "text/html") as (url, _):
        assert problem(url) == (
            f"{url}: answers GET /x with text/html (status 200), which is not Elasticsearch; "
            "check host, port and path."
        )


def test_a_page_of_a_proxy_is_no_answer_either():
    with answering(502, b"<html>Bad gateway</html>", "text/html") as (url, _):
        assert "answers GET /x with text/html (status 502)" in problem(url)


def test_a_page_to_log_in_is_elsewhere():
    with answering(302, b"", "text/html", location="/login") as (url, _):
        assert problem(url) == (
            f"{url}: sends on to /login, as no Elasticsearch does; check the address."
        )


def test_broken_json():
    with answering(200, b'{"a": ') as (url, _):
        assert "its JSON is broken" in problem(url)


def test_a_missing_right_names_the_role():
    body = b'{"error": {"reason": "action [x] is unauthorized", "type": "security_exception"}}'
    with answering(403, body) as (url, _):
        told = problem(url, login=Login("bob", "x"))
    assert "user 'bob' may not GET /x (action [x] is unauthorized)" in told
    assert "mlmonitor_installer" in told


def test_the_innermost_reason_is_told():
    body = b'{"error": {"reason": "outer", "caused_by": {"reason": "inner", "type": "t"}}}'
    with answering(400, body) as (url, _):
        assert problem(url) == f"{url}: Elasticsearch refused GET /x (400: inner)."


@pytest.mark.parametrize(
    "url",
    ["localhost:9200", "ftp://localhost", "http://", "https://a:port", "http://a?x=1", ""],
)
def test_no_address_at_all(url):
    with pytest.raises(InstallError, match=r"is no address of a server; write one such as"):
        Connection(url, "Elasticsearch", Login())


def test_secrets_do_not_stand_in_the_address():
    with pytest.raises(InstallError) as caught:
        Connection("https://elastic:hidden@host:9200", "Elasticsearch", Login())
    assert "hidden" not in str(caught.value)
    assert PASSWORD_VARIABLE in str(caught.value)


def test_a_path_before_the_api_is_kept():
    with answering(200, b"{}") as (url, _):
        assert ask(f"{url}/behind/proxy/") == {}


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that vouches for itself, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path / "self.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-keyout", tmp_path / "key", "-out", tmp_path / "crt", "-subj", "/CN=127.0.0.1",
               "-addext", "subjectAltName=IP:127.0.0.1"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes((tmp_path / "crt").read_bytes() + (tmp_path / "key").read_bytes())
    return path


@contextmanager
def secured(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_certificate_that_nobody_vouches_for(certificate):
    with secured(certificate) as url:
        told = problem(url)
        assert told.startswith(f"{url}: its certificate does not verify (self")
        assert told.endswith("name the file of the authority that signed it with --ca-file.")
        assert ask(url, ca=str(certificate)) == {}


def test_tls_where_there_is_none():
    with answering(200, b"{}") as (url, _):
        assert "no TLS there" in problem(url.replace("http:", "https:"))


def test_an_authority_that_is_no_certificate(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "none.pem"):
        with pytest.raises(InstallError, match=f"{name}: cannot be used as the certificate"):
            Connection("https://127.0.0.1", "Elasticsearch", Login(), str(tmp_path / name))


def test_secrets_come_from_files_or_the_environment(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("from-file\n")
    monkeypatch.setenv(PASSWORD_VARIABLE, "from-variable")
    monkeypatch.delenv(API_KEY_VARIABLE, raising=False)
    assert Login.read("a", None, None).password == "from-variable"
    assert Login.read("a", str(tmp_path / "secret"), None).password == "from-file"
    assert Login.read(None, None, str(tmp_path / "secret")).api_key == "from-file"
    assert not Login.read(None, None, None).header
    monkeypatch.setenv(API_KEY_VARIABLE, "key")
    assert Login.read("a", None, None).api_key == "key"


def test_a_secret_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.delenv(API_KEY_VARIABLE, raising=False)
    with pytest.raises(InstallError, match="user a: has no password; set MLMONITOR_"):
        Login.read("a", None, None)
    with pytest.raises(InstallError, match="none: the secret cannot be read"):
        Login.read("a", str(tmp_path / "none"), None)
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InstallError, match="empty: is empty"):
        Login.read("a", str(tmp_path / "empty"), None)
