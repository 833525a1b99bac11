"""A real Matrix homeserver: Synapse from PyPI, in an environment of its own, for this machine alone.

It is no child of the process that starts it, as tests look for processes that they have left behind; but it
ends with it: a keeper waits for the end of a pipe.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.certificates import Authority
from tests.environments import made

RELEASE = "matrix-synapse==1.163.2"
SERVER = "nb.test"
_SECRET = "for registering in tests"
_KEEPER = """
exec 3<&0
("$0" -m synapse.app.homeserver -c hs.yaml >output 2>&1 & pid=$!
 echo $pid >pid
 read -r word <&3
 kill $pid; wait $pid
 rm pid
 [ "$word" ] || rm -rf "$PWD") >/dev/null 2>&1 &
"""
"""Ends the server by a word, and where there is none takes its folder away as well."""
_LAVISH = {"per_second": 10_000, "burst_count": 10_000}


def installed() -> str:
    """The interpreter that has it.

    Raises:
        Unavailable: It cannot be installed.
    """
    return made("synapse", [RELEASE])


@cache
def synapse() -> Synapse:
    """The one of this process, which runs until its end.

    Raises:
        Unavailable: It cannot be installed.
    """
    server = Synapse(Path(tempfile.mkdtemp(prefix="synapse-")))
    server.start()
    return server


class Synapse:
    """A homeserver with people. Everybody is registered when they are first needed.

    Args:
        folder: For all that it keeps.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._python = installed()
        self._tokens: dict[str, str] = {}
        self._inside: set[tuple[str, str]] = set()
        self._number = 0
        self._keeper = -1
        self.port, self.tls_port = _free_port(), _free_port()
        self.authority = Authority(folder)
        self._http = httpx.Client(base_url=f"{self.url}/_matrix/", trust_env=False, timeout=30)
        self._write()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where it does by TLS, with a certificate of `authority`."""
        return f"https://127.0.0.1:{self.tls_port}"

    def start(self) -> None:
        """Serve."""
        ours, self._keeper = os.pipe()
        command = ["sh", "-c", _KEEPER, self._python]
        subprocess.run(command, cwd=self._folder, stdin=ours, check=True)
        os.close(ours)
        deadline = time.monotonic() + 60
        while not self._is_up():
            assert time.monotonic() < deadline, (self._folder / "output").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Serve no longer; everything is kept."""
        os.write(self._keeper, b"stop\n")
        os.close(self._keeper)
        deadline = time.monotonic() + 60
        while (self._folder / "pid").exists():
            assert time.monotonic() < deadline, "Synapse does not end"
            time.sleep(0.02)

    def call(
        self, method: str, *path: str, by: str = "ann", body: Any = None, **query: str
    ) -> dict[str, Any]:
        """Somebody uses the API.

        Args:
            path: After `client/v3`.
            by: Their name; ann is an administrator.
        """
        url = "/".join(["client/v3", *(quote(part, safe="") for part in path)])
        answer = self._http.request(method, url, json=body, params=query, headers=self._as(by))
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def download(self, mxc: str) -> bytes:
        """A file that somebody has uploaded."""
        path = mxc.removeprefix("mxc://")
        answer = self._http.get(f"client/v1/media/download/{path}", headers=self._as("ann"))
        assert answer.is_success, answer.text
        return answer.content

    def token(self, name: str) -> str:
        """A new access token of somebody."""
        self._as(name)
        login = {"type": "m.login.password", "password": "password"}
        body = {**login, "identifier": {"type": "m.id.user", "user": name}}
        return str(self._http.post("client/v3/login", json=body).raise_for_status().json()["access_token"])

    def log_out(self, token: str) -> None:
        """An access token is good no longer."""
        headers = {"Authorization": f"Bearer {token}"}
        self._http.post("client/v3/logout", json={}, headers=headers).raise_for_status()

    def limit(self, name: str, messages_per_second: int, burst: int) -> None:
        """Of what somebody may send, instead of as much as they like."""
        self._as(name)
        body = {"messages_per_second": messages_per_second, "burst_count": burst}
        url = f"{self.url}/_synapse/admin/v1/users/{quote(user(name))}/override_ratelimit"
        self._http.post(url, json=body, headers=self._as("ann")).raise_for_status()

    def send(self, room: str, by: str, kind: str, content: dict[str, Any]) -> str:
        """Somebody sends an event, and enters the room for it; its id."""
        if (room, by) not in self._inside:
            self.call("POST", "join", room, by=by, body={})
            self._inside.add((room, by))
        self._number += 1
        answer = self.call("PUT", "rooms", room, "send", kind, f"t{self._number}", by=by, body=content)
        return str(answer["event_id"])

    def room(self, **options: Any) -> str:
        """A new room, made by ann; its id.

        Args:
            options: `preset`, `invite`, `room_alias_name`, `initial_state` and others.
        """
        for id_ in options.get("invite", ()):
            self._as(id_[1:].partition(":")[0])
        return str(self.call("POST", "createRoom", body=options)["room_id"])

    def events(self, room: str) -> list[dict[str, Any]]:
        """All that has happened in a room, oldest first."""
        return list(self.call("GET", "rooms", room, "messages", dir="f", limit="1000")["chunk"])

    def _as(self, name: str) -> dict[str, str]:
        if name not in self._tokens:
            self._tokens[name] = self._register(name)
        return {"Authorization": f"Bearer {self._tokens[name]}"}

    def _register(self, name: str) -> str:
        """By the secret that the configuration has (Source: Synapse, "Shared-Secret Registration")."""
        url = f"{self.url}/_synapse/admin/v1/register"
        nonce = self._http.get(url).raise_for_status().json()["nonce"]
        role = "admin" if name == "ann" else "notadmin"
        said = "\0".join([nonce, name, "password", role]).encode()
        mac = hmac.new(_SECRET.encode(), said, hashlib.sha1).hexdigest()
        who = {"username": name, "displayname": name.capitalize(), "password": "password"}
        body = {"nonce": nonce, **who, "admin": role == "admin", "mac": mac}
        return str(self._http.post(url, json=body).raise_for_status().json()["access_token"])

    def _is_up(self) -> bool:
        try:
            return self._http.get("client/versions").is_success
        except httpx.TransportError:
            return False

    def _write(self) -> None:
        """Its configuration; JSON is YAML as well."""
        key = base64.b64encode(os.urandom(32)).decode().rstrip("=")
        (self._folder / "signing.key").write_text(f"ed25519 a_test {key}\n")
        chain = self._folder / "server.pem"
        self.authority.write(chain)
        (self._folder / "hs.yaml").write_text(json.dumps(_configuration(self.port, self.tls_port)))


def user(name: str) -> str:
    """Somebody's id."""
    return f"@{name}:{SERVER}"


def _configuration(port: int, tls_port: int) -> dict[str, Any]:
    resources = [{"names": ["client"], "compress": False}]
    listener = {"type": "http", "bind_addresses": ["127.0.0.1"], "resources": resources}
    limits = ("rc_message", "rc_registration", "rc_joins_per_room", "rc_room_creation", "rc_admin_redaction")
    return {
        "server_name": SERVER,
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [
            {**listener, "port": port, "tls": False},
            {**listener, "port": tls_port, "tls": True},
        ],
        "tls_certificate_path": "server.pem",
        "tls_private_key_path": "server.pem",
        "database": {"name": "sqlite3", "args": {"database": "homeserver.db"}},
        "media_store_path": "media",
        "max_upload_size": "200K",
        "signing_key_path": "signing.key",
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "report_stats": False,
        "presence": {"enabled": False},
        "registration_shared_secret": _SECRET,
        "macaroon_secret_key": "for tests",
        "form_secret": "for tests",
        "bcrypt_rounds": 4,
        **dict.fromkeys(limits, _LAVISH),
        "rc_joins": {"local": _LAVISH, "remote": _LAVISH},
        "rc_invites": {"per_room": _LAVISH, "per_user": _LAVISH, "per_issuer": _LAVISH},
        "rc_login": {"address": _LAVISH, "account": _LAVISH, "failed_attempts": _LAVISH},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
