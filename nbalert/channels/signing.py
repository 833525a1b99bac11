"""Signatures of the Standard Webhooks, version 1: of what is sent, and of what comes back.

    webhook-id: msg_1                   the same for every try
    webhook-timestamp: 1764212400       seconds, of this try
    webhook-signature: v1,<base64>      HMAC-SHA256 of `id.timestamp.body`; several with spaces between

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md (2026-11-27).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""How long a key may be, decoded."""
TOLERANCE_S = 300.0
"""How far a timestamp may be from our clock: what the reference libraries take."""


class NotSigned(Exception):
    """What came is not what somebody with the secret has just sent; the text says why."""


def key_of(secret: str) -> bytes:
    """The key of a secret `whsec_…`.

    Raises:
        ValueError: It is none; does not say what it is.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in KEY_BYTES:
        raise ValueError(f"is no signing secret: {PREFIX} and the base64 of 24 to 64 bytes")
    return key


def signed(keys: Sequence[bytes], id_: str, body: bytes, now_s: float) -> dict[str, str]:
    """The three headers of a body; without the last two where there is no key."""
    if not keys:
        return {"webhook-id": id_}
    at = str(int(now_s))
    signatures = " ".join(f"v1,{_signature(key, id_, at, body)}" for key in keys)
    return {"webhook-id": id_, "webhook-timestamp": at, "webhook-signature": signatures}


class Verifier:
    """Believes what is signed with one of the keys, fresh, and not heard before.

    Args:
        keys: One of them is enough, so that a secret can be replaced.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys
        self._heard: OrderedDict[str, float] = OrderedDict()

    def check(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
        """Look at one message.

        Raises:
            NotSigned: Somebody else has sent it, or it was sent before.
        """
        id_, at, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
        if not (id_ and at and given):
            raise NotSigned("it is not signed (webhook-id, webhook-timestamp, webhook-signature)")
        if not (at.isascii() and at.isdigit()) or abs(now_s - int(at)) > TOLERANCE_S:
            raise NotSigned(f"its timestamp is not within {TOLERANCE_S:.0f} s of this machine's clock")
        expected = [f"v1,{_signature(key, id_, at, body)}" for key in self._keys]
        if not any(hmac.compare_digest(e.encode(), g) for e in expected for g in given.encode().split()):
            raise NotSigned("its signature is not of the secret in the settings")
        self._remember(id_, now_s)

    def _remember(self, id_: str, now_s: float) -> None:
        """Ids whose timestamps are too old by now need not be known any more."""
        while self._heard and next(iter(self._heard.values())) < now_s - 2 * TOLERANCE_S:
            self._heard.popitem(last=False)
        if id_ in self._heard:
            raise NotSigned("its webhook-id was used before")
        self._heard[id_] = now_s


def _signature(key: bytes, id_: str, at: str, body: bytes) -> str:
    content = f"{id_}.{at}.".encode() + body
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
