"""Texts without a secret that look a little like one: what notebooks print, and the code of real modules."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import sysconfig
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas

from tests.kernels import ROOT

CELL_LINES = 40
MODULES = 70
_random = random.Random(7)


class Harmless(NamedTuple):
    """A text, what it is of, and whether it is code."""

    kind: str
    text: str
    is_code: bool = False


def harmless() -> Iterator[Harmless]:
    """All of them."""
    for n in range(25):
        yield from _numbers(n)
        yield from _tables(n)
        yield from _logs(n)
    yield from (Harmless("sentence", sentence) for sentence in _SENTENCES)
    yield from (Harmless("line of a program", line, is_code=True) for line in _LINES)
    yield from _tracebacks()
    yield from _notebooks()
    yield from _modules()


def _numbers(n: int) -> Iterator[Harmless]:
    seed = str(n).encode()
    yield Harmless("hash", f"sha256: {hashlib.sha256(seed).hexdigest()}  model-{n}.bin")
    yield Harmless("hash", f"md5sum {hashlib.md5(seed).hexdigest()} ok")
    yield Harmless(
        "commit", f"commit {hashlib.sha1(seed).hexdigest()}\nAuthor: Ann <ann@example.org>\n\n    Key idea"
    )
    yield Harmless("uuid", f"run id {uuid.UUID(int=_random.getrandbits(128), version=4)} started")
    picture = base64.b64encode(_random.randbytes(3000)).decode()
    yield Harmless("picture", f'<img src="data:image/png;base64,{picture}"/>')
    yield Harmless("bytes", repr(_random.randbytes(60)))
    yield Harmless("numbers", " ".join(f"{_random.random():.8f}" for _ in range(60)))
    yield Harmless("digest", f"image@sha256:{hashlib.sha256(seed).hexdigest()}: Pulling from library/python")
    yield Harmless("requirements", f"--hash=sha256:{hashlib.sha256(seed).hexdigest()} \\\n    # via pandas")


def _tables(n: int) -> Iterator[Harmless]:
    frame = pandas.DataFrame(
        {
            "key": [f"k{i}" for i in range(6)],
            "tokens": [_random.randrange(5000) for _ in range(6)],
            "secret_santa": ["ann", "bob", "cy", "dan", "eve", "fay"],
            "id": [uuid.UUID(int=_random.getrandbits(128)).hex for _ in range(6)],
            "value": [_random.random() for _ in range(6)],
        }
    )
    yield Harmless("table", str(frame))
    yield Harmless("table", frame.to_html())
    yield Harmless("table", frame.describe().to_string())
    yield Harmless("json", json.dumps(json.loads(frame.to_json()), indent=1))
    yield Harmless("csv", frame.to_csv())


def _logs(n: int) -> Iterator[Harmless]:
    loss = _random.random()
    yield Harmless("training", f"epoch {n}/25: loss={loss:.4f}, tokens: {n * 512}, token/s: {loss * 1e4:.1f}")
    yield Harmless(
        "progress",
        f"Downloading model-{n:05d}-of-00025.safetensors: {n * 4}%|████      | {n}/25 [00:0{n % 9}<00:30]",
    )
    yield Harmless(
        "token", f'{{"entity": "B-PER", "score": {loss:.3f}, "token": "Wolfgang{n}", "index": {n}}}'
    )
    yield Harmless(
        "ids", f"{{'input_ids': [101, {n}, 102], 'token_type_ids': [0, 0, 0], 'special_tokens': '[CLS]'}}"
    )
    yield Harmless("url", f"https://example.org:8443/a/b?page={n}&sort=key&q=token+{n}#part")
    yield Harmless("url", f"https://user@example.org/~ann/@scope/package-{n}?v={loss}")
    yield Harmless(
        "time", f"2026-11-27T02:0{n % 10}:12.345678+00:00 [INFO] app.key_server:{n} request 12345678:{n}"
    )
    yield Harmless(
        "pip", f"Requirement already satisfied: tokenizers>=0.{n} in /usr/lib/python3/site-packages (0.2{n})"
    )
    yield Harmless(
        "path",
        f"/home/ann/.cache/huggingface/hub/models--gpt2/snapshots/{hashlib.sha1(bytes([n])).hexdigest()}/config.json",
    )
    yield Harmless("sizes", f"disk-usage-report-for-project-number-{n} task-scheduler-run-A{n}: ok")


_SENTENCES = """
password authentication failed for user "ann"
Password must be at least 8 characters
Please enter your password:
Invalid token: expected string or bytes-like object
SyntaxError: unexpected token '<'
KeyError: 'api_key'
AttributeError: module 'secrets' has no attribute 'token'
The API key is missing; set OPENAI_API_KEY
api_key: None
password=None, token=None
SecretStr('**********')
token: $SLACK_TOKEN
password: ${DB_PASSWORD}
export TOKEN=$(cat /run/secrets/token)
password: <your password>
token = "env:SLACK_BOT_TOKEN"
app_token = "keyring:nbalert/slack-app"
Authorization: Bearer $TOKEN
Basic authentication is configured
bearer authentication required
The token has expired
max_tokens=512, token_count=12, tokenizer=bpe
primary key: id, foreign key: user_id
Sort key: name ascending
keyboard interrupt, key error, monkey patch
[key=value] pairs: a=1; b=2
secret sharing is a method by Shamir
the secret: patience
auth: required
Credential provider: default
credentials: none found
passes: 3, passed: 12, pass: 5, failed: 0
compass=north bypass: true
docker run -u 1000:1000 -p 8080:80 image
curl -u https://example.org/
git clone git@github.com:ann/repo.git
ssh://git@example.org:22/repo.git
mailto:ann@example.org
12:34:56 12345678:90
SKU 1234567890, AKIN, ASIAN markets, SG.1
sk-learn sk-estimator-doc-link fitted sk-toggleable__content-arrow
hf_model_name npm_config_cache pypi-server
eyJust a word.and another.word
<th>password</th>
-----BEGIN CERTIFICATE-----
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx0 ann@host
Set the cookie policy; cookie: accepted
Private key file: /home/ann/.ssh/id_ed25519
token type: access
Access key rotation is due
Signature: (x, y=3)
signature=f(x)
passwd: all authentication tokens updated successfully
""".strip().splitlines()

_LINES = """
password = getpass.getpass("Password: ")
token = os.environ["SLACK_TOKEN"]
token = tokenizer.next_token(text, special_tokens=True)
if token == "(" or token.type == "NAME": depth += 1
api_key = config.get("api_key")
client = OpenAI(api_key=os.getenv("OPENAI_API_KEY"))
headers = {"Authorization": f"Bearer {token}"}
engine = create_engine(f"postgresql://{user}:{password}@{host}/db")
df.sort_values(key=lambda s: s.str.lower(), by="name")
d = {"key": "value", "keys": ["a", "b"], "tokens": 5}
df.groupby("key").agg(total=("tokens", "sum"))
secrets.token_hex(16)
max_tokens = "512"; keyboard = "de"; passes = "three"
def login(user, password=None, *, token=""): return connect(user, password=password, token=token)
assert "password" not in form.errors, "password: is required"
parser.add_argument("--token", help="the token to use")
print(f"token: {token!r}, key={key}")
class Secret(Enum): OPEN = "open"; SHUT = "shut"
x[12345678:90]; y = {1: "a"}
!pip install --upgrade tokenizers
%env TOKENIZERS_PARALLELISM=false
logging.basicConfig(level="INFO")
""".strip().splitlines()


def _tracebacks() -> Iterator[Harmless]:
    def connect(password: str, token: object = None) -> object:
        return {"key": password}[token]  # type: ignore[index]

    for token in ("x", None, 3, ("a", "b")):
        try:
            connect(password=str(token), token=token)
        except KeyError:
            yield Harmless("traceback", traceback.format_exc())


def _notebooks() -> Iterator[Harmless]:
    """The cells of this project's own notebooks."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield Harmless(path.name, "".join(cell["source"]), is_code=cell["cell_type"] == "code")


def _modules() -> Iterator[Harmless]:
    """Modules of the standard library, in pieces as long as cells: as code, and as what `%cat` prints."""
    paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    for path in paths[:: len(paths) // MODULES]:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for first in range(0, len(lines), CELL_LINES):
            piece = "".join(lines[first : first + CELL_LINES])
            yield Harmless(path.name, piece, is_code=first // CELL_LINES % 2 == 0)
