"""The floor of an answer by mail: how long the IMAP server itself takes to tell of a new one in IDLE."""

from __future__ import annotations

import smtplib
import socket
import time

from tests.chat_servers.mail import MailServer

BOX = "carol"


def told_ms(server: MailServer, rounds: int) -> tuple[float, ...]:
    """Milliseconds from the mail's arrival in the mailbox until IDLE says so, on a bare socket."""
    with socket.create_connection(("127.0.0.1", server.ports["imap"])) as connection:
        lines = connection.makefile("rwb", buffering=0)
        lines.readline()
        for command in (f"a LOGIN {BOX} pw-{BOX}", "b SELECT INBOX"):
            lines.write(f"{command}\r\n".encode())
            while not lines.readline().startswith(command[:1].encode() + b" OK"):
                pass
        lines.write(b"c IDLE\r\n")
        while not lines.readline().startswith(b"+"):
            pass
        return tuple(_one(server, lines) for _ in range(rounds))


def _one(server: MailServer, lines: socket.SocketIO) -> float:
    time.sleep(0.1)
    with smtplib.LMTP(str(server.root / "lmtp")) as lmtp:
        began_s = time.monotonic()
        lmtp.sendmail("bob@nb.test", [f"{BOX}@nb.test"], b"Subject: x\r\n\r\nx\r\n")
    while b"EXISTS" not in lines.readline():
        pass
    return (time.monotonic() - began_s) * 1000
