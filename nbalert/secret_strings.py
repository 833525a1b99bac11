"""Where secrets stand in code: inside string literals, found by what they are assigned to and by their form.

What code does is never hidden: names, calls and numbers stay. Comments, lines of magics and code that does
not parse, a shell's for example, are searched as any text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from nbalert.blots import BLOT, Secret, apart
from nbalert.compiling import compiled
from nbalert.parsing import parsed
from nbalert.secret_formats import of_form
from nbalert.secret_kinds import is_word, kind_of_name
from nbalert.secret_marks import Words
from nbalert.secret_names import may_be_named, named
from nbalert.string_literals import Literal, Span, contents, literals, span_of

_MAGIC = r"(?m)^(\s*)([%!?].*)$|^(\s*[\w., \[\]]+=\s*)([%!].*)$"


def secrets_in_code(code: str, further: Sequence[Secret] = ()) -> list[Secret]:
    """Where secrets stand, in order and apart from each other.

    Args:
        further: Found by other means: they count within literals, comments and magics.
    """
    words = Words(code)
    formed = list(of_form(code, words))
    if not formed and not further and not may_be_named(code, words):
        return []
    tree, text = _parsed(code), code
    if tree is None:  # lines of magics do not count for what the rest is
        text = compiled(_MAGIC).sub(_masked, code)
        tree = _parsed(text)
    parts = literals(text) if tree else None
    if tree is None or parts is None:
        return apart([*formed, *further, *named(code, is_code=True, words=words)])
    within = [span for literal in parts.literals for span in contents(code, literal)]
    beside = [*parts.comments, *(_magics(code) if text is not code else ())]
    found = [part for secret in formed for part in _clipped(secret, within) or (secret,)]
    found += [part for secret in further for part in _clipped(secret, [*within, *beside])]
    found += _named_in(code, within, is_code=False)  # `"Server=db;Password=…"`
    found += _named_in(code, beside, is_code=True)
    return apart([*found, *_of_nodes(code, text.split("\n"), tree, parts.literals)])


def _of_nodes(code: str, lines: list[str], tree: ast.Module, among: Sequence[Literal]) -> Iterator[Secret]:
    """The contents of literals that belong to something secret."""
    nodes = [(span_of(node, lines), kind) for node, kind in _secret_nodes(tree)]
    for literal in among:
        for (start, end), kind in nodes:
            if start <= literal.start and literal.end <= end:
                yield from (
                    Secret(*span, kind) for span in contents(code, literal) if not _is_blot(code, span)
                )
                break


def _named_in(code: str, places: Iterable[Span], *, is_code: bool) -> Iterator[Secret]:
    """What stands behind its name in some places of the code."""
    for start, end in places:
        if may_be_named(text := code[start:end]):
            for secret in named(text, is_code=is_code):
                yield secret._replace(start=secret.start + start, end=secret.end + start)


def _clipped(secret: Secret, places: Iterable[Span]) -> list[Secret]:
    """What of a secret stands in these places: the rest is code that runs."""
    parts = ((max(secret.start, start), min(secret.end, end)) for start, end in places)
    return [secret._replace(start=start, end=end) for start, end in parts if start < end]


def _is_blot(code: str, span: Span) -> bool:
    return BLOT.fullmatch(code, *span) is not None


def _masked(match: re.Match[str]) -> str:
    """A statement of the same length."""
    before, magic = (match[1], match[2]) if match[2] else (match[3], match[4])
    return f"{before}0{'#' * (len(magic) - 1)}"


def _magics(code: str) -> list[Span]:
    return [match.span() for match in compiled(_MAGIC).finditer(code)]


def _parsed(code: str) -> ast.Module | None:
    return None if "\r" in code.replace("\r\n", "") else parsed(code)  # Python ends a line there


def _secret_nodes(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Expressions whose strings are secret, and what they are."""
    for node in ast.walk(tree):
        for values, kind in _secret_values(node):
            if kind:
                yield from ((string, kind) for value in values for string in _strings(value))


def _secret_values(node: ast.AST) -> Iterator[tuple[Iterable[ast.expr], str]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield (value,), _kind(*targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield (value,), _kind(target)
        case ast.NamedExpr(target=target, value=value) | ast.AugAssign(target=target, value=value):
            yield (value,), _kind(target)
        case ast.keyword(arg=str(name), value=value):
            yield (value,), kind_of_name(name)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            yield from (((value,), _kind(key)) for key, value in pairs if key is not None)
        case ast.Call(args=[ast.Constant(value=str(name)), value, *_]):
            if not _says_nothing(value):  # setdefault("TOKEN", "…"), getenv("TOKEN", "…")
                yield (value,), kind_of_name(name)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            for one, other in ((left, right), (right, left)):  # `token == "("` is of a parser
                if not isinstance(one, ast.Constant) and not _says_nothing(other):
                    yield (other,), _kind(one)
        case ast.arguments():
            yield from _defaults(node)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[Iterable[ast.expr], str]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None:
            yield (default,), kind_of_name(argument.arg)


def _says_nothing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and is_word(node.value)


def _kind(*nodes: ast.expr) -> str:
    """What the first of these that names a secret is; empty if none does."""
    return next(filter(None, map(_kind_of_one, nodes)), "")


def _kind_of_one(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return kind_of_name(name)
        case ast.Subscript(slice=index):
            return _kind(index)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return _kind(*elements)
    return ""


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
