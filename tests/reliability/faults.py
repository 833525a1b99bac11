"""What goes wrong between a courier and a service."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from tests.reliability.gate import Connection, Exchange, Fault

Meets = Callable[[Exchange], Awaitable[None]]

PATIENCE_S = 1.0
"""How long a channel waits that is to see a service fall silent."""
DRIBBLE_S = 0.1


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


async def _lost(exchange: Exchange) -> None:
    await exchange.passed()
    exchange.reset()


async def _silent(exchange: Exchange) -> None:
    await exchange.gone()


async def _late(exchange: Exchange) -> None:
    await exchange.passed()
    await exchange.gone()


async def _dribble(exchange: Exchange) -> None:
    """It would take minutes."""
    for byte in await exchange.passed():
        await exchange.say(bytes([byte]))
        await asyncio.sleep(DRIBBLE_S)
        if exchange.is_lifted:
            break
    exchange.reset()


async def _cut(exchange: Exchange) -> None:
    answer = await exchange.passed()
    await exchange.say(answer[: len(answer) // 2])


async def _twice(exchange: Exchange) -> None:
    await exchange.passed()
    await exchange.say(await exchange.passed())


async def _bad_gzip(exchange: Exchange) -> None:
    head, _, body = (await exchange.passed()).partition(b"\r\n\r\n")
    rest = b"this is no gzip" + body
    await exchange.say(_sized(head + b"\r\nContent-Encoding: gzip", len(rest)) + rest)


async def _too_short(exchange: Exchange) -> None:
    head, _, body = (await exchange.passed()).partition(b"\r\n\r\n")
    await exchange.say(_sized(head, len(body) // 2) + body)


async def _too_long(exchange: Exchange) -> None:
    head, _, body = (await exchange.passed()).partition(b"\r\n\r\n")
    await exchange.say(_sized(head, len(body) + 100) + body)


def _sized(head: bytes, length: int) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % length, b"", b""])


def _answered(status: int, body: str = "", **headers: str) -> Meets:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(exchange: Exchange) -> None:
        fields = {**named, "Connection": "close", "Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        await exchange.say("\r\n".join(lines).encode() + body.encode())

    return answer


async def _busy_until(exchange: Exchange) -> None:
    """A date has whole seconds."""
    await _answered(429, Retry_After=formatdate(time.time() + 2, usegmt=True))(exchange)


async def _cut_off(connection: Connection) -> bool:
    connection.reset()
    return True


async def _half_a_handshake(connection: Connection) -> bool:
    await connection.reader.read(100)
    connection.writer.write(b"\x16\x03\x03")
    return True


async def _another_certificate(connection: Connection) -> bool:
    assert connection.gate.tls
    await connection.encrypt(connection.gate.tls[1])
    return True


_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_DISCORD = json.dumps({"message": "You are being rate limited.", "retry_after": 0.7, "global": False})
_MATRIX = json.dumps({"errcode": "M_LIMIT_EXCEEDED", "error": "Too many", "retry_after_ms": 700})
_TELEGRAM = json.dumps(
    {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 1}}
)

FAULTS = (
    Fault("refused", refuses=True),
    Fault("cut off at once", connects=_cut_off),
    Fault("reset before it was read", _reset),
    Fault("reset after it was read", _lost, reaches=True),
    Fault("silent", _silent, timeout_s=PATIENCE_S),
    Fault("answered too late", _late, reaches=True, timeout_s=PATIENCE_S),
    Fault("answered byte by byte", _dribble, reaches=True),
    Fault("cut in the middle of the answer", _cut, reaches=True),
    Fault("arrived twice", _twice, reaches=True, copies=True),
    Fault("429", _answered(429)),
    Fault("429 for seconds", _answered(429, Retry_After="1"), wish_s=1.0),
    Fault("429 until a date", _busy_until, wish_s=1.0),
    Fault("500", _answered(500)),
    Fault("502 with a page", _answered(502, _PAGE, Content_Type="text/html")),
    Fault("a page in place of the answer", _answered(200, _PAGE, Content_Type="text/html")),
    Fault("bad gzip", _bad_gzip, reaches=True),
    Fault("length too short", _too_short, reaches=True),
    Fault("length too long", _too_long, reaches=True),
    Fault("another certificate", connects=_another_certificate, is_tls=True),
    Fault("handshake cut", connects=_half_a_handshake, is_tls=True),
)
"""For every kind."""
OWN = {
    "discord": Fault("429 in its own words", _answered(429, _DISCORD, Retry_After="1"), wish_s=0.7),
    "matrix": Fault("429 in its own words", _answered(429, _MATRIX), wish_s=0.7),
    "mattermost": Fault("429 in its own words", _answered(429, X_RateLimit_Reset="1"), wish_s=1.0),
    "telegram": Fault("429 in its own words", _answered(429, _TELEGRAM), wish_s=1.0),
}
"""How long to wait, as a kind's service says it."""


def faults_of(kind: str, *, has_tls: bool, takes_anything: bool) -> tuple[Fault, ...]:
    """Those that can happen to a kind.

    Args:
        takes_anything: Whether to that kind any answer of 2xx means that the message was taken.
    """
    own = OWN.get(kind.removesuffix("-webhook"))
    found = [*FAULTS, *([own] if own else [])]
    return tuple(
        fault
        for fault in found
        if (has_tls or not fault.is_tls)
        and not (takes_anything and fault.name == "a page in place of the answer")
    )
