"""The log side of the stack, as far as it can be tested where no container engine is."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlmonitor import names, streams
from mlmonitor.generate.elastic.roles import roles
from mlmonitor.generate.elastic.templates import ANY
from tests import components

FOLDER = Path(__file__).parents[1] / "deploy" / "elk"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
FILEBEAT: dict[str, Any] = yaml.safe_load((FOLDER / "filebeat.yml").read_text(encoding="utf-8"))
LOGSTASH = (FOLDER / "logstash.conf").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCRIPTS = sorted(FOLDER.glob("*.sh"))
ENVIRONMENT = dict(
    line.split("=", 1)
    for line in (FOLDER / ".env").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of secrets, made by the script itself."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("elk")
    shutil.copy(FOLDER / "secrets.sh", folder)
    subprocess.run(["sh", "secrets.sh"], cwd=folder, check=True, capture_output=True)
    return folder / "secrets"


def resolved(folder: Path) -> subprocess.CompletedProcess[str]:
    """The project in a folder as Docker Compose reads it."""
    environment = {key: one for key, one in os.environ.items() if key not in ENVIRONMENT}
    return subprocess.run(
        [components.compose_config(), folder / "compose.yaml"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_docker_compose_can_read_it():
    told = resolved(FOLDER)
    assert told.returncode == 0, told.stderr
    project = json.loads(told.stdout)
    assert set(project["services"]) == set(SERVICES)
    for name, service in project["services"].items():
        assert "$" not in service["image"], name
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind":
                assert Path(volume["source"]).is_absolute(), name
    bound = {one["target"]: one["source"] for one in project["services"]["setup"]["volumes"]}
    assert (Path(bound["/source"]) / "pyproject.toml").exists()
    assert "$(cat /run/secrets/elastic_password)" in str(
        project["services"]["elasticsearch"]["healthcheck"]["test"]
    ).replace("$$", "$")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mem_limit: 2g", "mem_limits: 2g"),
        ("mem_limit: 2g", "mem_limit: lots"),
        ("condition: service_healthy", "condition: service_well"),
        ("{elasticsearch: {condition", "{elastic: {condition"),
        ("- kibana:/usr", "- kibanas:/usr"),
        ("secrets: [kibana_system_password, ", "secrets: [nobody, "),
        ("interval: 10s", "interval: ten"),
        ("${ELASTIC_VERSION", "${ELASTIC_VERSON"),
        ("127.0.0.1:5601:5601", "127.0.0.1:5601:kibana"),
    ],
)
def test_docker_compose_would_tell_a_mistake(tmp_path, old, new):
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "compose.yaml").write_text(text.replace(old, new), encoding="utf-8")
    shutil.copy(FOLDER / ".env", tmp_path)
    assert resolved(tmp_path).returncode != 0


def test_what_ends_is_waited_for_by_what_stays():
    """`up --wait` takes it for a failure that a service ended, unless another of them waits for that."""
    waited = {
        needed
        for service in SERVICES.values()
        if "profiles" not in service and service["restart"] != "no"
        for needed, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert {name for name, service in SERVICES.items() if service["restart"] == "no"} == waited


def test_every_image_is_of_the_one_version():
    images = [service["image"] for service in SERVICES.values()]
    elastic = [image for image in images if image.startswith("docker.elastic.co/")]
    assert len(elastic) == 5
    assert all(image.endswith(":${ELASTIC_VERSION:?}") for image in elastic)
    assert ENVIRONMENT["ELASTIC_VERSION"] == components.elasticsearch_version()
    assert not any("latest" in image or ":" not in image for image in images)


def test_every_variable_is_set():
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == set(ENVIRONMENT)
    for name in ("PROJECT", "SOURCE"):
        assert (FOLDER / ENVIRONMENT[name] / "pyproject.toml").exists()
    assert (FOLDER / ENVIRONMENT["PROJECT"] / ENVIRONMENT["MONITORING"]).exists()


def test_every_file_that_is_mounted_exists(secrets):
    mounted = 0
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.rsplit(":", 2 if volume.endswith(":ro") else 1)[0]
            if source.startswith("./secrets/"):
                assert (secrets / source.removeprefix("./secrets/")).exists(), source
            elif source.startswith("./"):
                assert (FOLDER / source).exists(), source
            elif not source.startswith("${"):
                assert source in COMPOSE["volumes"], source
            mounted += 1
    assert mounted > 15


def test_every_secret_is_made_and_used(secrets):
    used = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    made = {path.name for path in secrets.iterdir() if path.suffix in {".password", ".key"}}
    assert made - {"ca.key"} == {Path(one["file"]).name for one in COMPOSE["secrets"].values()}
    for secret in COMPOSE["secrets"].values():
        assert len((secrets / Path(secret["file"]).name).read_text().strip()) >= 48
    for script in (FOLDER / "passwords.sh", *SCRIPTS):
        for name in re.findall(r"/run/secrets/(\w+)", script.read_text(encoding="utf-8")):
            assert name in used


def test_no_secret_stands_in_the_files():
    for path in FOLDER.iterdir():
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(
                r"(?i)(password|api_key)\s*(:|=>)\s*\"?(?!\"?\$|\"\$)\w{6,}", text
            ), path


def test_secrets_are_for_their_owner_and_are_not_made_twice(secrets):
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert stat.S_IMODE((secrets / "ca.key").stat().st_mode) == 0o600
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    command = ["sh", str(secrets.parent / "secrets.sh")]
    subprocess.run(command, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before
    ignored = (FOLDER.parents[1] / ".gitignore").read_text(encoding="utf-8")
    assert "deploy/elk/secrets/" in ignored.split()


@pytest.mark.parametrize("host", ["elasticsearch", "kibana"])
def test_certificates_verify_for_the_names_of_the_services(secrets, host):
    assert host in SERVICES
    for name in (host, "localhost"):
        command = ["openssl", "verify", "-CAfile", secrets / "ca.crt", "-verify_hostname", name]
        done = subprocess.run(
            [*command, secrets / f"{host}.crt"], check=False, capture_output=True, text=True
        )
        assert done.stdout.strip().endswith("OK"), done.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secrets / f"{host}.crt", secrets / f"{host}.pem")


def test_services_that_stay_have_limits_and_tell_whether_they_are_well():
    for name, service in SERVICES.items():
        assert "mem_limit" in service, name
        if service["restart"] == "no":
            continue
        assert {"healthcheck", "cpus", "logging", "security_opt"} <= set(service), name
        assert not any(not port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize(
    ("status", "body", "is_well"),
    [(200, b'{"libbeat": {}}', True), (404, b"not found", False), (None, b"", False)],
)
def test_filebeat_is_well_where_it_tells_its_numbers(status, body, is_well):
    program, *arguments = SERVICES["filebeat"]["healthcheck"]["test"][1:]
    http = FILEBEAT["http"]
    assert f"/dev/tcp/{http['host']}/{http['port']}" in arguments[-1]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/stats"
            self.send_response(status or 500)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_port
    if status is None:
        server.server_close()
    else:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    asked = arguments[-1].replace(f"/{http['port']}", f"/{port}").replace("$$", "$")
    done = subprocess.run(
        [program, *arguments[:-1], asked], check=False, capture_output=True, timeout=10
    )
    if status is not None:
        server.shutdown()
        server.server_close()
    assert (done.returncode == 0) is is_well, done.stderr


def test_services_wait_for_what_they_need():
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            ends = SERVICES[needed]["restart"] == "no"
            expected = "service_completed_successfully" if ends else "service_healthy"
            assert how["condition"] == expected, f"{name} on {needed}"
    assert SERVICES["logstash"]["profiles"] == ["logstash"]
    assert [name for name, one in SERVICES.items() if "profiles" in one] == ["logstash"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_shell(script):
    shell = script.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!/bin/")
    subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize(("status", "ends"), [(200, 0), (401, 1), (503, 1)])
def test_users_get_their_passwords_and_roles(secrets, tmp_path, status, ends):
    """The script, against a server with the certificate of the stack."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl to ask with")
    asked: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            login = base64.b64decode(self.headers["authorization"].split()[1]).decode()
            assert login == f"elastic:{_secret(secrets, 'elastic')}"
            asked[f"{self.command} {self.path}"] = json.loads(body)
            self.send_response(status)
            self.send_header("content-length", "15")
            self.end_headers()
            self.wfile.write(b'{"told": "why"}')

        def do_POST(self) -> None:
            self.do_PUT()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secrets / "elasticsearch.crt", secrets / "elasticsearch.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, one in COMPOSE["secrets"].items():
        shutil.copy(secrets / Path(one["file"]).name, tmp_path / name)
    text = (FOLDER / "passwords.sh").read_text(encoding="utf-8")
    for old, new in {
        "/run/secrets": str(tmp_path),
        "/certs/ca.crt": str(secrets / "ca.crt"),
        "https://elasticsearch:9200": f"https://localhost:{server.server_port}",
        "--retry 5": "--retry 0",
    }.items():
        assert old in text
        text = text.replace(old, new)
    done = subprocess.run(["bash", "-c", text], check=False, capture_output=True, text=True)
    server.shutdown()
    server.server_close()
    assert done.returncode == ends, done.stderr
    assert '{"told": "why"}' in done.stdout
    first = "POST /_security/user/kibana_system/_password"
    assert asked[first] == {"password": _secret(secrets, "kibana_system")}
    made = {key.rpartition("/")[2]: body for key, body in asked.items() if key != first}
    assert made == (
        {
            user: {"password": _secret(secrets, user), "roles": [f"mlmonitor_{user}"]}
            for user in ("writer", "exporter", "reader")
        }
        if ends == 0
        else {}
    )
    assert _secret(secrets, "writer") not in done.stdout + done.stderr


def _secret(folder: Path, name: str) -> str:
    return (folder / f"{name}.password").read_text(encoding="utf-8").strip()


def test_filebeat_sets_the_id_before_it_drops_anything():
    (copied,) = [one["copy_fields"] for one in FILEBEAT["processors"] if "copy_fields" in one]
    assert copied["fields"] == [{"from": names.LOG_EVENT_ID.name, "to": "@metadata._id"}]
    assert FILEBEAT["processors"].index({"copy_fields": copied}) == 0


def test_filebeat_reads_json_lines_into_the_data_stream_of_the_record():
    (records,) = FILEBEAT["filebeat.inputs"]
    (parser,) = records["parsers"]
    assert parser["ndjson"]["target"] == ""
    assert parser["ndjson"]["overwrite_keys"] is True
    assert records["paths"] == ["/records/*.jsonl"]
    output = FILEBEAT["output.elasticsearch"]
    fields = re.findall(r"%{\[([\w.]+)\]}", output["index"])
    assert fields == [names.LOG_STREAM_DATASET.name, names.LOG_STREAM_NAMESPACE.name]
    filled = output["index"].replace(f"%{{[{fields[0]}]}}", streams.dataset("m"))
    assert filled.startswith(ANY.split("*", 1)[0])
    assert FILEBEAT["setup.template.enabled"] is False


def test_filebeat_drops_no_field_of_the_catalogue():
    dropped = [
        field
        for one in FILEBEAT["processors"]
        if "drop_fields" in one
        for field in one["drop_fields"]["fields"]
    ]
    assert dropped
    for field in dropped:
        assert not any(name == field or name.startswith(f"{field}.") for name in names.LOG_FIELDS)


def test_logstash_does_the_same():
    assert '"[event][id]" => "[@metadata][_id]"' in LOGSTASH
    outputs = re.findall(r'index => "(.*?)"', LOGSTASH)
    assert set(outputs) == {"logs-%{[data_stream][dataset]}-%{[data_stream][namespace]}"}
    assert LOGSTASH.count('action => "create"') == len(outputs) == 2
    assert LOGSTASH.count('data_stream => "false"') == 2
    assert LOGSTASH.count("{") == LOGSTASH.count("}")
    assert '"/records/*.jsonl"' in LOGSTASH


def test_users_have_roles_that_are_installed():
    text = (FOLDER / "passwords.sh").read_text(encoding="utf-8")
    (users,) = re.findall(r"for user in (.*); do", text)
    assert {f"mlmonitor_{user}" for user in users.split()} <= set(roles())
    assert FILEBEAT["output.elasticsearch"]["username"] in users.split()
