"""Where secrets stand in code: inside string literals, found by what they are assigned to and by their form.

Code that does not parse, a shell's for example, is searched by form and by `name = "value"` alone.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence

from nbalert.string_literals import Literal, Span, contents, literals, span_of

_LAST = frozenset(
    (
        *("password", "passwd", "passphrase", "pwd", "passcode", "secret"),
        *("token", "apikey", "credential", "credentials"),
    )
)
_PAIRS = frozenset(
    f"{first} key"
    for first in ("api", "access", "private", "secret", "auth", "account", "signing", "encryption")
) | {"connection string", "conn str", "auth header"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_FORMS = re.compile(
    r"""
    xox[abeprs]-[\w-]{10,} | xapp-[\w-]{10,}                       # Slack
    | (?<=hooks\.slack\.com/)[\w/]{20,}
    | (?<=/api/webhooks/)\d+/[\w-]{20,}                            # Discord
    | \b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}
    | \bgh[opsur]_\w{20,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{20,}
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                                # AWS
    | \bAIza[\w-]{35} | \bya29\.[\w-]{20,}                         # Google
    | \bsk-[\w-]{20,} | \b[rs]k_(?:live|test)_\w{16,} | \bwhsec_\w{16,}
    | \bhf_\w{20,} | \bnpm_\w{36} | \bpypi-[\w-]{50,} | \bdop_v1_\w{40,}
    | \bSG\.[\w-]{16,}\.[\w-]{16,} | \b\d{8,10}:[\w-]{35}\b        # SendGrid, Telegram
    | \bsyt_\w{10,} | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*            # Matrix, JWT
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
    | (?<=://)[^\s/@:'"]*:(?P<password>[^\s/@'"]+)(?=@)            # in a URL
    | [?&](?:\w*token|sig|signature|password|secret|\w*api_?key|key)=(?P<query>[^\s&'"]+)
    | (?i:\b(?:bearer|basic)[ ]+)(?P<bearer>[\w.+/=~-]{12,})
    | (?i:\b(?:password|pwd|accountkey|sharedaccesskey)=)(?P<pair>[^\s;'"&]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_GROUPS = ("password", "query", "bearer", "pair")
_ASSIGNED = re.compile(
    r"""(?P<name>[\w.-]+)["']?\s*\]?\s*(?::\s*[\w.]+\s*)?[:=]\s*[rbfuRBFU]{0,2}(?P<quote>\"\"\"|'''|"|')"""
    r"""(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""",
    re.DOTALL,
)
_MAGIC = re.compile(r"^(\s*)([%!?].*)$|^(\s*[\w., \[\]]+=\s*)([%!].*)$", re.MULTILINE)


def secret_spans(code: str) -> list[Span]:
    """Where secrets stand, in order and apart from each other."""
    found = list(_of_form(code))
    tree = _parsed(code)
    text = code
    if tree is None:  # lines of magics do not count for what the rest is
        text = _MAGIC.sub(_masked, code)
        tree = _parsed(text)
    found_literals = literals(text) if tree else None
    if tree is None or found_literals is None:
        found += (m.span("value") for m in _ASSIGNED.finditer(code) if is_secret_name(m["name"]))
        return _merged(found)
    lines = text.split("\n")
    nodes = [span_of(node, lines) for node in _secret_nodes(tree)]
    for literal in found_literals:
        if any(start <= literal.start and literal.end <= end for start, end in nodes):
            found += contents(code, literal)
    return _merged(_outside_expressions(code, found, found_literals))


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret: `db_password`, `apiKey`, `SLACK_TOKEN`; not `max_tokens`."""
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and (
        words[-1] in _LAST or " ".join(words[-2:]) in _PAIRS or words[-2:-1] == ["secret"]
    )


def _of_form(code: str) -> Iterator[Span]:
    """Well-known forms, also in comments and in the languages of magics."""
    for match in _FORMS.finditer(code):
        group = next((name for name in _GROUPS if match[name]), 0)
        yield match.span(group)


def _masked(match: re.Match[str]) -> str:
    """A statement of the same length."""
    before, magic = (match[1], match[2]) if match[2] else (match[3], match[4])
    return f"{before}0{'#' * (len(magic) - 1)}"


def _parsed(code: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return None if "\r" in code.replace("\r\n", "") else ast.parse(code)  # Python ends a line there
        except (SyntaxError, ValueError, RecursionError):
            return None


def _secret_nodes(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions whose strings are secret."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value) if any(map(_names_secret, targets)):
                yield from _strings(value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _names_secret(target):
                yield from _strings(value)
            case ast.NamedExpr(target=target, value=value) | ast.AugAssign(target=target, value=value):
                yield from _strings(value) if _names_secret(target) else ()
            case ast.keyword(arg=str(name), value=value) if is_secret_name(name):
                yield from _strings(value)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    yield from _strings(value) if key is not None and _names_secret(key) else ()
            case ast.Call(args=[ast.Constant(value=str(name)), value, *_]) if is_secret_name(name):
                yield from _strings(value)  # setdefault("TOKEN", "…"), getenv("TOKEN", "…")
            case ast.Compare(left=left, comparators=others):
                compared = [left, *others]
                if any(map(_names_secret, compared)):
                    for value in compared:
                        yield from _strings(value)
            case ast.arguments():
                yield from _defaults(node)


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None and is_secret_name(argument.arg):
            yield from _strings(default)


def _names_secret(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return is_secret_name(name)
        case ast.Subscript(slice=index):
            return _names_secret(index)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return any(map(_names_secret, elements))
    return False


def _strings(value: ast.expr) -> Iterator[ast.expr]:
    """The strings that a value is made of; those that a call is given only name something."""
    match value:
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr():
            yield value
        case ast.BinOp(left=left, right=right):
            yield from (*_strings(left), *_strings(right))
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _strings(part)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_strings(body), *_strings(orelse))
        case ast.Call(func=ast.Attribute(value=inner)):  # "…".encode()
            yield from _strings(inner)


def _outside_expressions(code: str, spans: Sequence[Span], among: Sequence[Literal]) -> Iterator[Span]:
    """What of the spans is no expression of an f-string."""
    for start, end in spans:
        around = next((one for one in among if one.start <= start < one.end and one.is_formatted), None)
        if around is None:
            yield start, end
            continue
        for first, last in contents(code, around):
            if max(start, first) < min(end, last):
                yield max(start, first), min(end, last)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif end > start:
            merged.append((start, end))
    return merged
