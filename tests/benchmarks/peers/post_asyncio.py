"""The floor of many at once: asyncio's streams, a connection that stays open for each channel."""

from __future__ import annotations

import asyncio
import json
import sys
import time

HEAD = "POST /alert HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "


async def work(host: str, port: int, count: int) -> None:
    """One channel: the next request when the last one is answered."""
    reader, writer = await asyncio.open_connection(host, port)
    for number in range(count):
        body = json.dumps({"text": str(number)})
        writer.write(f"{HEAD}{len(body)}\r\n\r\n{body}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
    writer.close()


async def all_of(count: int, channels: int) -> None:
    """Shared among the channels."""
    host, _, port = sys.argv[1].rpartition("/")[2].partition(":")
    await asyncio.gather(*(work(host, int(port), count // channels) for _ in range(channels)))


print("0", flush=True)
for line in sys.stdin:
    wanted, _ = json.loads(line)
    began_s = time.monotonic()
    asyncio.run(all_of(wanted, len(sys.argv[2].split(","))))
    print(json.dumps([(began_s, time.monotonic())]), flush=True)
