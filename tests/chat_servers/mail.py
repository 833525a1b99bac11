"""A real mail server: Postfix that takes mail and Dovecot that keeps it, from Debian's packages, on loopback.

All of it lives in one temporary folder, with ports of its own; the packages' own services have no part in it.
There are four ways in. Who logs in on one of three is vouched for, as the server of a domain does it for its
own people: `Authentication-Results: mx.nb.test; dmarc=pass`. On the fourth (`mx`) anybody brings mail from
outside, and is not.
"""

from __future__ import annotations

import imaplib
import os
import shutil
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import psutil
import trustme

from tests.processes import wait_until

AUTHSERV = "mx.nb.test"
PEOPLE = ("bot", "team", "ann", "bob", "carol", "mallory")
"""Each has a mailbox, and the password `pw-NAME`. Mail for `gone` is taken, and comes back."""
NEEDS = ("/usr/sbin/postfix", "/usr/sbin/dovecot", "/usr/lib/dovecot/lmtp", "/usr/lib/dovecot/imap")
_PREFIX = "nbalert-mail-"
LONGEST_BYTES = 1_000_000

_MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.nb.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
enable_long_queue_ids = yes
virtual_mailbox_domains = nb.test
virtual_transport = lmtp:unix:{root}/lmtp
virtual_mailbox_maps = inline:{{{boxes}}}
lmtp_destination_concurrency_limit = 1
alias_maps =
local_recipient_maps =
default_transport = error:no outside mail in tests
relay_transport = error:no outside mail in tests
smtpd_tls_chain_files = {root}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = unix:{root}/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_delay_reject = no
message_size_limit = {longest}
maillog_file = {root}/postfix.log
maillog_file_prefixes = {root}
"""
_WAYS = """
127.0.0.1:{starttls} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes -o cleanup_service_name=vouched
127.0.0.1:{tls} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_tls_auth_only=yes -o cleanup_service_name=vouched
127.0.0.1:{plain} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o smtpd_tls_auth_only=no -o cleanup_service_name=vouched
127.0.0.1:{mx} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no -o cleanup_service_name=outside
  -o smtpd_relay_restrictions=reject_unauth_destination -o smtpd_recipient_restrictions=
vouched unix n - n - 0 cleanup -o header_checks=regexp:{root}/vouched
outside unix n - n - 0 cleanup -o header_checks=regexp:{root}/outside
"""
_SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_DOVECOT = """
base_dir = {root}/run
state_dir = {root}/state
instance_name = nbalert-{imaps}
listen = 127.0.0.1
protocols = imap lmtp
log_path = {root}/dovecot.log
ssl = yes
ssl_cert = <{root}/server.pem
ssl_key = <{root}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %n
auth_failure_delay = 0
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_location = maildir:{root}/mail/%n
passdb {{
  driver = passwd-file
  args = {root}/users
}}
userdb {{
  driver = passwd-file
  args = {root}/users
  default_fields = uid=mail gid=mail home={root}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {root}/auth {{
    mode = 0666
  }}
}}
"""
_VOUCHED = "/^Received: from/ PREPEND Authentication-Results: {server}; dmarc={result} header.from=nb.test\n"


class NoMailServer(Exception):
    """It cannot be had here; the text is the reason."""


@dataclass
class MailServer:
    """Started by `running()`, once a process."""

    root: Path
    ports: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """Write what they want to read, and start both."""
        self.root.chmod(0o755)  # they serve as users of their own
        self.ports = _free_ports("starttls", "tls", "plain", "mx", "imap", "imaps")
        for folder in ("pf", "queue", "data", "mail"):
            (self.root / folder).mkdir()
        shutil.chown(self.root / "data", "postfix")
        shutil.chown(self.root / "mail", "mail", "mail")
        self._certify()
        values = {"root": self.root, "longest": LONGEST_BYTES, **self.ports}
        boxes = ", ".join(f"{{{name}@nb.test = x}}" for name in (*PEOPLE, "gone"))
        (self.root / "pf/main.cf").write_text(_MAIN.format(**values, boxes=boxes))
        (self.root / "pf/master.cf").write_text(_WAYS.format(**values) + _SERVICES)
        (self.root / "vouched").write_text(_VOUCHED.format(server=AUTHSERV, result="pass"))
        (self.root / "outside").write_text(_VOUCHED.format(server=AUTHSERV, result="fail"))
        (self.root / "dovecot.conf").write_text(_DOVECOT.format(**values))
        self._write_passwords()
        self.start_dovecot()
        _run("postfix", "-c", str(self.root / "pf"), "start")
        wait_until(lambda: all(map(self._answers, self.ports)))

    def stop(self) -> None:
        """End both, and leave nothing behind."""
        _run("postfix", "-c", str(self.root / "pf"), "stop", check=False)
        _run("doveadm", "-c", str(self.root / "dovecot.conf"), "stop", check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def start_dovecot(self) -> None:
        """Mailboxes can be opened, and mail be put into them."""
        _run("dovecot", "-c", str(self.root / "dovecot.conf"))
        wait_until(lambda: self._answers("imaps"))

    def stop_dovecot(self) -> None:
        """Everybody is thrown out; nothing is on its way, which would wait for minutes then."""
        self.settle()
        for command in (("kick", "*"), ("stop",)):  # by itself it lets sessions go seconds later
            _run("doveadm", "-c", str(self.root / "dovecot.conf"), *command, check=False)
        wait_until(lambda: not self._answers("imaps"))

    def change_password(self, name: str, password: str = "") -> None:
        """To another one, or back to `pw-NAME`; returns once it is so: Dovecot reads them once a second."""
        password = password or f"pw-{name}"
        self._write_passwords(**{name: password})
        wait_until(lambda: self._lets_in(name, password))

    def _lets_in(self, name: str, password: str) -> bool:
        with imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=20) as imap:
            try:
                imap.login(name, password)
            except imaplib.IMAP4.error:
                return False
            return True

    def _write_passwords(self, **others: str) -> None:
        lines = [f"{name}:{{PLAIN}}{others.get(name, f'pw-{name}')}::::::" for name in PEOPLE]
        fresh = self.root / "users.new"
        fresh.write_text("\n".join(lines) + "\n")
        fresh.replace(self.root / "users")

    def clear(self) -> None:
        """All mailboxes are empty, and have new numbers; what could not be delivered is forgotten."""
        _run("postsuper", "-c", str(self.root / "pf"), "-d", "ALL", "deferred")
        self.settle()
        for folder in (self.root / "mail").iterdir():
            shutil.rmtree(folder)

    def settle(self) -> None:
        """Wait until everything that was taken is in its mailbox."""
        queues = [self.root / "queue" / name for name in ("maildrop", "incoming", "active", "deferred")]
        wait_until(lambda: not [file for queue in queues for file in queue.rglob("*") if file.is_file()])

    def mails(self, name: str) -> list[EmailMessage]:
        """What is in somebody's mailbox, in the order in which the server took it."""
        self.settle()
        box = self.root / "mail" / name
        read = [_parsed(file.read_bytes()) for place in ("new", "cur") for file in (box / place).glob("*")]
        return sorted(read, key=_queue_id)

    def send(self, mail: EmailMessage | bytes, name: str, to: str = "bot@nb.test", sender: str = "") -> None:
        """Somebody sends a mail: logged in; from outside where the name is empty."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.ports["plain" if name else "mx"], timeout=20) as smtp:
            if name:
                smtp.login(name, f"pw-{name}")
            smtp.sendmail(sender or f"{name or 'mallory'}@nb.test", [to], raw)

    def answer(self, message_id: str, name: str, text: str, **headers: str) -> EmailMessage:
        """What somebody's program makes of `Reply`, to the mail that came to the team: it can be sent."""
        asked = next(mail for mail in self.mails("team") if mail["Message-ID"] == message_id)
        return self.reply(asked, name, text, **headers)

    def reply(self, asked: EmailMessage, name: str, text: str, **headers: str) -> EmailMessage:
        """The same to any mail."""
        body = asked.get_body(("plain",))
        assert body is not None
        quoted = "\n".join(f"> {line}" for line in body.get_content().splitlines())
        mail = EmailMessage()
        mail["From"] = f"{name.capitalize()} <{name}@nb.test>"
        mail["To"] = str(asked["Reply-To"] or asked["From"])
        mail["Subject"] = f"Re: {asked['Subject']}"
        mail["Message-ID"] = f"<{time.time_ns()}@client.nb.test>"
        mail["In-Reply-To"] = str(asked["Message-ID"])
        mail["References"] = f"{asked['References'] or ''} {asked['Message-ID']}".strip()
        mail.set_content(f"{text}\n\nOn Friday, nbalert <bot@nb.test> wrote:\n{quoted}\n")
        for key, value in headers.items():
            del mail[key.replace("_", "-")]
            mail[key.replace("_", "-")] = value
        return mail

    def _certify(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.root / "ca.crt")
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(self.root / "server.pem")

    def _answers(self, name: str) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[name])) == 0


_one: list[MailServer] = []
_lock = threading.Lock()


def running() -> MailServer:
    """The server of this process.

    Raises:
        NoMailServer: It cannot be had here.
    """
    with _lock:
        if not _one:
            if missing := [path for path in NEEDS if not Path(path).exists()]:
                raise NoMailServer(
                    f"Debian's postfix, dovecot-imapd and dovecot-lmtpd are missing: {missing}"
                )
            if os.geteuid() != 0:
                raise NoMailServer("Postfix starts for root alone")
            _sweep()
            server = MailServer(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))
            _one.append(server)
            server.start()
        return _one[0]


def stop() -> None:
    """End the server of this process, if there is one."""
    while _one:
        _one.pop().stop()


def _sweep() -> None:
    """End what killed processes of tests have left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            MailServer(folder).stop()


def _run(*command: str, check: bool = True) -> None:
    """Without pipes: daemons would hold them open."""
    subprocess.run(
        command, check=check, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _free_ports(*names: str) -> dict[str, int]:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: one.getsockname()[1] for name, one in sockets.items()}
    for one in sockets.values():
        one.close()
    return ports


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _queue_id(mail: EmailMessage) -> str:
    """Long ones begin with the time: microseconds, in digits that sort."""
    ours = [value for value in mail.get_all("Received", []) if "by mail.nb.test" in value]
    return str(ours[0]).partition(" id ")[2].partition(";")[0].strip() if ours else ""
