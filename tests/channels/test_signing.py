from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from nbalert.channels.signing import TOLERANCE_S, NotSigned, Verifier, key_of, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KEYS = (key_of(SECRET), key_of(OTHER))


def test_the_vector_of_the_specification() -> None:
    """The example that the libraries of Standard Webhooks test themselves with."""
    headers = signed(KEYS[:1], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_the_package_takes_ours(secret: str) -> None:
    """A receiver that knows either of two secrets accepts it, and one that knows another does not."""
    headers = signed(KEYS, "m1", '{"a": "ä"}'.encode(), time.time())
    assert Webhook(secret).verify('{"a": "ä"}', headers) == {"a": "ä"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(32)).decode()).verify('{"a": "ä"}', headers)


def test_we_take_the_packages() -> None:
    """Signed with either secret; once."""
    for n, secret in enumerate((SECRET, OTHER)):
        now, id_ = datetime.now(UTC), f"m{n}"
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": f"v1a,xyz {Webhook(secret).sign(id_, now, 'body')}",
        }
        verifier = Verifier(KEYS)
        verifier.check(headers, b"body", now.timestamp())
        with pytest.raises(NotSigned, match="used before"):
            verifier.check(headers, b"body", now.timestamp())


@pytest.mark.parametrize(
    ("changes", "body", "late_s", "says"),
    [
        ({}, b"bodY", 0, "not of the secret"),
        ({"webhook-id": "m2"}, b"body", 0, "not of the secret"),
        ({"webhook-timestamp": "1000001"}, b"body", 0, "not of the secret"),
        ({"webhook-signature": ""}, b"body", 0, "is not signed"),
        ({"webhook-signature": "v1,ä"}, b"body", 0, "not of the secret"),
        ({"webhook-timestamp": "nan"}, b"body", 0, "timestamp"),
        ({"webhook-timestamp": "-1"}, b"body", 0, "timestamp"),
        ({}, b"body", TOLERANCE_S + 1, "timestamp"),
        ({}, b"body", -TOLERANCE_S - 1, "timestamp"),
    ],
)
def test_what_is_not_believed(changes: dict[str, str], body: bytes, late_s: float, says: str) -> None:
    """Whatever is changed on the way, left out, too old or of the future."""
    headers = {**signed(KEYS, "m1", b"body", 1_000_000), **changes}
    with pytest.raises(NotSigned, match=says):
        Verifier(KEYS).check(headers, body, 1_000_000 + late_s)


def test_ids_are_forgotten_once_they_are_too_old() -> None:
    """Memory stays flat, and nothing that is forgotten could be believed again."""
    verifier = Verifier(KEYS)
    for n in range(1000):
        now_s = 1_000_000 + n * TOLERANCE_S
        verifier.check(signed(KEYS, f"m{n}", b"", now_s), b"", now_s)
    assert len(verifier._heard) <= 4


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_?"]
)
def test_what_is_no_secret(secret: str) -> None:
    """It has its prefix and 24 to 64 bytes; the error does not repeat it."""
    with pytest.raises(ValueError, match="is no signing secret: whsec_ and the base64 of 24 to 64 bytes"):
        key_of(secret)
