"""The service: what it answers, and what it refuses."""

from __future__ import annotations

import http.client
import json

import pytest


@pytest.fixture
def call(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)

    def ask(method, path, body=None, **headers):
        if isinstance(body, dict | list):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        reply = connection.getresponse()
        return reply, reply.read()

    yield ask
    connection.close()


def test_it_listens_on_loopback_only(server):
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    ["/", "/explorer.js", "/plots.js", "/lines.js", "/flows.js", "/explorer.css", "/icon.svg"],
)
def test_the_page_comes_with_its_policy(call, path):
    reply, body = call("GET", path)
    assert reply.status == 200
    assert body
    policy = reply.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "http:" not in policy
    assert reply.getheader("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("path", ["/../server.py", "/page/index.html", "/explorer.js/..", "/api"])
def test_nothing_else_is_handed_out(call, path):
    assert call("GET", path)[0].status == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},  # without the port: not what a browser on this page sends
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:1"},
    ],
)
def test_another_site_cannot_use_it(call, method, headers):
    body = {} if method == "POST" else None
    reply, content = call(method, "/api/run" if body is not None else "/api/model", body, **headers)
    assert reply.status == 403
    assert b"t50" not in content


def test_its_own_page_can(call, server):
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{server.server_port}"
        reply, _ = call("POST", "/api/run", {}, Host=host, Origin=f"http://{host}")
        assert reply.status == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Type": "text/plain"}),  # what a form of another site could send
        (b"{", {"Content-Type": "application/json"}),
        (b"[1]", {"Content-Type": "application/json"}),
        (b"\xff", {"Content-Type": "application/json"}),
        (b"[" * 50_000, {"Content-Type": "application/json"}),
        (b"1" * 70_000, {"Content-Type": "application/json"}),
        (b'{"values": {"serum.Mg": NaN}}', {"Content-Type": "application/json"}),
    ],
)
def test_what_is_no_request_is_refused_in_words(call, body, headers):
    reply, content = call("POST", "/api/run", body, **headers)
    assert reply.status == 422
    said = json.loads(content)["error"]
    assert said["what"]
    assert "Traceback" not in said["what"]


def test_a_request_without_a_length_is_refused(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.putrequest("POST", "/api/run")
    connection.putheader("Content-Type", "application/json")
    connection.endheaders()
    assert connection.getresponse().status == 422
    connection.close()


def test_a_wrong_entry_names_its_field(call):
    reply, content = call("POST", "/api/run", {"values": {"serum.Ca": "24"}})
    said = json.loads(content)["error"]
    assert reply.status == 422
    assert said["field"] == "serum.Ca"
    assert "not plausible" in said["what"]
    assert "usual is" in said["hint"]


def test_a_run_a_sweep_and_a_file(call):
    run = json.loads(call("POST", "/api/run", {"values": {"serum.Mg": "1.2"}})[1])
    assert run["status"] == "ok"
    assert run["command"] == "calcikin run t50_serum --set serum.Mg=1.2mmol/L"
    sweep = json.loads(call("POST", "/api/sweep", {})[1])["sweep"]
    assert sweep["over"] == "serum.Mg"
    reply, content = call("POST", "/api/file", {"kind": "csv"})
    assert reply.getheader("Content-Disposition") == 'attachment; filename="t50_serum.csv"'
    assert content.startswith(b"time [min]")
    assert call("POST", "/api/file", {"kind": "exe"})[0].status == 422
    assert call("POST", "/api/else", {})[0].status == 404


def test_an_older_request_is_not_computed(call):
    ticket = {"page": "p", "number": 5}
    assert call("POST", "/api/run", ticket)[0].status == 200
    reply, content = call("POST", "/api/run", {"page": "p", "number": 4})
    assert (reply.status, json.loads(content)) == (409, {"stale": True})
    reply, content = call("POST", "/api/sweep", {"page": "p", "number": 4})
    assert (reply.status, json.loads(content)) == (409, {"stale": True})
