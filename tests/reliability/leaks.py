"""Texts with a secret in them, as they come about in notebooks. All secrets are made up when this runs.

The forms are written from what the services say of them, and not from the table that is tested. No whole
token stands in this file: scanners of repositories would take one for real.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import NamedTuple

_random = random.Random(20261127)
ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
URL64 = ALNUM + "-_"
B64 = ALNUM + "+/"


class Leak(NamedTuple):
    """A text, the secret in it, what kind that is, and whether the text is a cell's code."""

    kind: str
    text: str
    secret: str
    is_code: bool = False


def some(alphabet: str, length: int) -> str:
    """Letters at random, digits among them."""
    body = [_random.choice(alphabet) for _ in range(length)]
    if any(char.isdigit() for char in alphabet):
        body[length // 2] = _random.choice([char for char in alphabet if char.isdigit()])
    if any(char.isupper() for char in alphabet):
        body[length // 3] = _random.choice([char for char in alphabet if char.isupper()])
    return "".join(body)


def _jwt() -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": some(LOWER, 10), "iat": 1700000000}]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, some(URL64, 43)])


def _discord() -> str:
    user = base64.b64encode(str(_random.randrange(10**17, 10**18)).encode()).decode().rstrip("=")
    return f"{user}.{some(URL64, 6)}.{some(URL64, 38)}"


FORMATS: dict[str, Callable[[], str]] = {
    "AWS access key id": lambda: "AK" + "IA" + some(string.ascii_uppercase + "234567", 16),
    "AWS temporary key id": lambda: "AS" + "IA" + some(string.ascii_uppercase + "234567", 16),
    "GitHub personal token": lambda: "gh" + "p_" + some(ALNUM, 36),
    "GitHub app token": lambda: "gh" + "s_" + some(ALNUM, 36),
    "GitHub fine-grained token": lambda: "github" + "_pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59),
    "GitLab token": lambda: "gl" + "pat-" + some(URL64, 20),
    "GitLab runner token": lambda: "gl" + "rt-" + some(URL64, 20),
    "Atlassian token": lambda: "ATA" + "TT3" + some(URL64, 180) + "=" + some(UPPER, 8),
    "Slack bot token": lambda: "xox" + f"b-{some('123456789', 12)}-{some('123456789', 13)}-{some(ALNUM, 24)}",
    "Slack user token": lambda: "xox" + f"p-{some('123456789', 12)}-{some('123456789', 12)}-{some(HEX, 32)}",
    "Slack app token": lambda: "xa" + f"pp-1-A{some(UPPER, 10)}-{some('123456789', 13)}-{some(HEX, 64)}",
    "Discord bot token": _discord,
    "Telegram bot token": lambda: some("123456789", 10) + ":AA" + some(URL64, 33),
    "Google API key": lambda: "AI" + "za" + some(URL64, 35),
    "Google OAuth token": lambda: "ya" + "29." + some(URL64, 120),
    "Google client secret": lambda: "GOC" + "SPX-" + some(URL64, 28),
    "Stripe secret key": lambda: "sk" + "_live_" + some(ALNUM, 24),
    "Stripe restricted key": lambda: "rk" + "_live_" + some(ALNUM, 24),
    "OpenAI project key": lambda: "sk-" + "proj-" + some(URL64, 120),
    "OpenAI key": lambda: "sk" + "-" + some(ALNUM, 20) + "T3Blbk" + "FJ" + some(ALNUM, 20),
    "Anthropic key": lambda: "sk-" + "ant-api03-" + some(URL64, 93) + "AA",
    "OpenRouter key": lambda: "sk-" + "or-v1-" + some(HEX, 64),
    "Hugging Face token": lambda: "h" + "f_" + some(string.ascii_letters, 34),
    "Replicate token": lambda: "r8" + "_" + some(ALNUM, 37),
    "Groq key": lambda: "gs" + "k_" + some(ALNUM, 52),
    "npm token": lambda: "np" + "m_" + some(ALNUM, 36),
    "PyPI token": lambda: "pypi" + "-AgEIcHlwaS5vcmc" + some(URL64, 150),
    "Docker Hub token": lambda: "dckr" + "_pat_" + some(URL64, 27),
    "JWT": _jwt,
    "Azure client secret": lambda: some(ALNUM, 3) + "8Q~" + some(ALNUM + "_.-", 33) + "x",
    "SendGrid key": lambda: "S" + "G." + some(URL64, 22) + "." + some(URL64, 43),
    "Mailchimp key": lambda: some(HEX, 32) + "-us" + "14",
    "Mailgun key": lambda: "ke" + "y-" + some(HEX, 32),
    "Twilio API key": lambda: "S" + "K" + some(HEX, 32),
    "Databricks token": lambda: "da" + "pi" + some(HEX, 32),
    "DigitalOcean token": lambda: "do" + "p_v1_" + some(HEX, 64),
    "Vault token": lambda: "hv" + "s." + some(URL64, 90),
    "Grafana token": lambda: "gl" + "sa_" + some(ALNUM, 32) + "_" + some(HEX, 8),
    "New Relic key": lambda: "NR" + "AK-" + some(UPPER, 27),
    "Postman key": lambda: "PM" + "AK-" + some(HEX, 24) + "-" + some(HEX, 34),
    "Notion token": lambda: "nt" + "n_" + some(ALNUM, 46),
    "Linear key": lambda: "lin" + "_api_" + some(ALNUM, 40),
    "Shopify token": lambda: "shp" + "at_" + some(HEX, 32),
    "Matrix token": lambda: "sy" + "t_" + some(ALNUM, 8) + "_" + some(ALNUM, 20) + "_" + some(ALNUM, 6),
    "ntfy token": lambda: "t" + "k_" + some(LOWER, 29),
    "Snowflake session token": lambda: "ver:" + "1-hint:" + some("123456789", 12) + "-" + some(B64, 80),
    "Airtable token": lambda: "pa" + "t" + some(ALNUM, 14) + "." + some(HEX, 64),
    "Alibaba key id": lambda: "LT" + "AI" + some(ALNUM, 20),
    "Doppler token": lambda: "dp" + ".pt." + some(ALNUM, 43),
    "Dropbox token": lambda: "s" + "l." + some(URL64, 136),
    "Facebook page token": lambda: "EA" + "AC" + some(ALNUM, 160),
    "Fly token": lambda: "fm" + "2_" + some(B64, 100),
    "Pulumi token": lambda: "pu" + "l-" + some(HEX, 40),
    "Terraform token": lambda: some(ALNUM, 14) + ".atlas" + "v1." + some(URL64, 67),
    "1Password service token": lambda: "op" + "s_eyJ" + some(B64, 300),
    "Mapbox secret token": lambda: "sk" + ".eyJ1Ijoi" + some(URL64, 40) + "." + some(URL64, 22),
}
"""Tokens that are known by their form: each with what makes one up."""

_ANYWHERE: tuple[tuple[str, bool], ...] = (
    ("{}", False),
    ("connected with {}, all is well\n", False),
    ("ValueError: the server refused {}", False),
    ('{{"user": "ann", "credential": {{"value": "{}"}}}}', False),
    ("client = Client('{}')\nclient.run()", True),
    ("# it was {} before\nx = 1", True),
    ("headers = {{'X-Thing': f'{} {{n}}'}}", True),
    ("%%bash\ncurl -H 'X: {}' https://example.org\n", True),
    ("step 1 [{}]\rstep 2", False),
)

_PASSWORD = "word: letters, digits and signs"
_NAMED: tuple[tuple[str, bool], ...] = (
    ('password = "{}"', True),
    ("DB_PASSWORD = '{}'", True),
    ("connect(host='db', user='ann', password='{}')", True),
    ("cfg = dict(user='u', api_key='{}')", True),
    ("os.environ['API_TOKEN'] = '{}'", True),
    ("x = 1\nconfig = {{'secret_key': '{}', 'debug': True}}", True),
    ("!mysql -u root --password={} db", True),
    ("%env ACCESS_TOKEN={}", True),
    ("%%bash\nexport DATABASE_PASSWORD={}\nrun", True),
    ("def f(*, passphrase='{}'): pass", True),
    ("engine = create_engine('postgresql://ann:{}@db.example.org:5432/sales')", True),
    ("password: {}", False),
    ("PASSWORD={}", False),
    ("export SECRET_KEY='{}'", False),
    ('{{"user": "ann", "password": "{}"}}', False),
    ("{{'api_key': '{}', 'n': 3}}", False),
    ('"{{\\"client_secret\\": \\"{}\\"}}"', False),
    ("Config(user='ann', password='{}', retries=3)", False),
    ("Authorization: Bearer {}", False),
    ("> authorization: Basic {}\n> accept: */*", False),
    ("X-Api-Key: {}\n", False),
    ("Cookie: session={}; theme=dark", False),
    ("tool --user ann --password {} --verbose", False),
    ("tool --api-key={}", False),
    ("curl -u ann:{} https://example.org/", False),
    ("sshpass -p {} ssh host", False),
    ("OperationalError: could not connect: postgresql://ann:{}@db/sales", False),
    ("redis://:{}@cache:6379/0", False),
    ("https://user:{}@github.com/ann/repo.git", False),
    ("GET https://api.example.org/v1/rows?access_token={}&page=2", False),
    ("Server=db;Database=sales;User Id=ann;Password={};", False),
    ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core", False),
    ("host=db user=ann password={} dbname=sales", False),
    ("machine db.example.org login ann password {}", False),
    ("ALTER USER ann WITH PASSWORD '{}'", False),
    ("<password>{}</password>", False),
    ("aws_secret_access_key = {}", False),
    ("----> 3 login(user='ann', password='{}')\n", False),
    ("  client_secret: {}\n  tenant: x", False),
    ("db.password={}", False),
)
"""Places in which anything is a secret."""


def leaks() -> Iterator[Leak]:
    """All of them, the same ones each time."""
    for kind, make in FORMATS.items():
        for place, is_code in _ANYWHERE:
            secret = make()
            yield Leak(kind, place.format(secret), secret, is_code)
    for place, is_code in _NAMED:
        for alphabet, length in ((ALNUM, 12), (HEX, 32), (B64, 40), (ALNUM + "!#%*+", 16)):
            secret = some(ALNUM, 1) + some(alphabet, length - 2) + some(ALNUM, 1)
            yield Leak("by name", place.format(secret), secret, is_code)
    for place, is_code in _ANY_SIGN:
        for length in (12, 20, 32):
            secret = some(ALNUM, 2) + some(ALNUM + "&,;|(){}<>@!#$%^*+=~?:./[]-", length) + some(ALNUM, 2)
            yield Leak("any sign", place.format(secret), secret, is_code)
    yield from _keys()


_ANY_SIGN: tuple[tuple[str, bool], ...] = (
    ('password = "{}"', True),
    ("connect(user='u', password='{}', n=1)", True),
    ("os.environ['DB_PASSWORD'] = '{}'", True),
    ("PASSWORD={}\nUSER=ann\n", False),
    ("export API_TOKEN={}", False),
    ("password: {}\nuser: ann", False),
    ("- password: {}", False),
    ("{{'user': 'ann', 'password': '{}'}}", False),
    ('{{"api_key": "{}", "n": 1}}', False),
    ("tool --password '{}' --verbose", False),
    ('tool --token="{}"', False),
)
"""Places in which a secret may have any sign in it."""


def _keys() -> Iterator[Leak]:
    """Private keys, whole and in pieces."""
    for kind in ("RSA PRIVATE", "OPENSSH PRIVATE", "EC PRIVATE", "PRIVATE", "ENCRYPTED PRIVATE"):
        body = "\n".join(some(B64, 64) for _ in range(6))
        begin, end = "-----" + f"BEGIN {kind} KEY-----", "-----" + f"END {kind} KEY-----"
        for is_code, text in (
            (False, f"{begin}\n{body}\n{end}\n"),
            (False, json.dumps({"type": "service_account", "private_key": f"{begin}\n{body}\n{end}\n"})),
            (False, f"{begin}\n{body[:200]}"),
            (True, f'key = """{begin}\n{body}\n{end}"""'),
        ):
            yield Leak(
                "private key", text, body[:120].replace("\n", "\\n") if "\\n" in text else body[:120], is_code
            )
