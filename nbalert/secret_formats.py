"""Secrets that are known by their form, wherever they stand: tokens of services, private keys, URLs.

A text is first asked for the words that such forms begin with, which costs next to nothing; a pattern is
compiled when it is needed for the first time. No pattern may look far for what it needs and then find it
missing: many marks in a row would each look that far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from nbalert.blots import Secret
from nbalert.compiling import compiled
from nbalert.secret_marks import Words, words_of


class Format(NamedTuple):
    """A form of secret.

    Args:
        kind: A word for the reader.
        marks: Each of them begins such a secret, in a text of its own or after a character that is no letter.
        rest: Pattern of what follows; its group `secret` is what is hidden, or all of it with the mark.
        before: Pattern of fixed length that has to stand before the mark, and is hidden as well.
    """

    kind: str
    marks: tuple[str, ...]
    rest: str
    before: str = ""


SHORTEST = 20
"""No token in the table is shorter, with its mark."""

_FORMATS = [
    Format(kind, tuple(marks.split()), rest)
    for kind, marks, rest in (
        ("aws key", "AKIA ASIA ABIA ACCA", r"[0-9A-Z]{16}(?![0-9A-Za-z])"),
        ("aws key", "ABSK", r"[\w+/=]{100,}"),
        ("github token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[0-9A-Za-z]{20,}"),
        ("github token", "github_pat_", r"\w{20,}"),
        (
            "gitlab token",
            "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent- glffct- glimt- gloas- GR1348941",
            r"[\w-]{20,}",
        ),
        ("bitbucket token", "ATBB", r"[0-9A-Za-z]{24,}"),
        ("atlassian token", "ATATT3 ATCTT3", r"[\w=-]{50,}"),
        ("slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxc- xoxd- xoxe.xox xapp-", r"[\w.%-]{10,}"),
        ("slack webhook", "hooks.slack.com/", r"(?:\w+/)(?P<secret>[\w/]{20,})"),
        ("discord webhook", "/api/webhooks/", r"(?P<secret>\d+/[\w-]{20,})"),
        ("teams webhook", ".webhook.office.com/", r"(?P<secret>[\w@/-]{30,})"),
        ("google api key", "AIza", r"[\w-]{35}(?![\w-])"),
        ("google token", "ya29. GOCSPX-", r"[\w.-]{20,}"),
        ("stripe key", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", r"[0-9A-Za-z]{16,}"),
        ("webhook secret", "whsec_", r"[\w+/=]{16,}"),
        ("square token", "sq0csp- sq0atp-", r"[\w-]{20,}"),
        ("shopify token", "shpat_ shpca_ shppa_ shpss_", r"[0-9A-Fa-f]{32}"),
        ("anthropic key", "sk-ant-", r"[\w-]{20,}"),
        ("openai key", "sk-proj- sk-svcacct- sk-admin-", r"[\w-]{20,}"),
        ("api key", "sk-", r"(?=[\w-]{0,299}\d)(?=[\w-]{0,299}[A-Z])[\w-]{20,}|(?:or-v1-)?[0-9a-f]{32,}"),
        ("hugging face token", "hf_ api_org_", r"[0-9A-Za-z]{20,}"),
        ("replicate token", "r8_", r"[0-9A-Za-z]{37}"),
        ("groq key", "gsk_", r"[0-9A-Za-z]{40,}"),
        ("perplexity key", "pplx-", r"[0-9A-Za-z]{40,}"),
        ("xai key", "xai-", r"[0-9A-Za-z]{60,}"),
        ("pinecone key", "pcsk_", r"\w{30,}"),
        ("langsmith key", "lsv2_pt_ lsv2_sk_", r"\w{30,}"),
        ("wandb key", "wandb_v1_", r"\w{30,}"),
        ("kaggle token", "KGAT_", r"[0-9a-f]{32}"),
        ("npm token", "npm_", r"[0-9A-Za-z]{36}"),
        ("pypi token", "pypi-", r"[\w-]{50,}"),
        ("rubygems key", "rubygems_", r"[0-9a-f]{48}"),
        ("docker token", "dckr_pat_ dckr_oat_", r"[\w-]{20,}"),
        ("jwt", "eyJ", r"[\w-]{8,8000}\.[\w/-]{8,}(?:\.[\w/-]*){1,3}"),
        ("neptune token", "eyJhcGlfYWRkcmVzcyI6", r"[\w+/=-]{20,}"),
        ("sendgrid key", "SG.", r"[\w-]{16,}\.[\w-]{16,}"),
        ("mailgun key", "key-", r"[0-9a-z]{32}(?![\w-])"),
        ("twilio key", "SK", r"[0-9a-fA-F]{32}(?!\w)"),
        ("databricks token", "dapi", r"[0-9a-f]{32}(?:-\d)?(?!\w)"),
        ("snowflake token", "ver:", r"\d+-hint:\d+-[\w+/=%-]{20,}"),
        ("digitalocean token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{40,}"),
        ("heroku key", "HRKU-", r"[\w-]{30,}"),
        ("vault token", "hvs. hvb. hvr.", r"[\w-]{20,}"),
        ("grafana token", "glsa_ glc_ eyJrIjoi", r"[\w+/=]{32,}"),
        ("sentry token", "sntrys_ sntryu_", r"[\w+/=]{40,}"),
        ("new relic key", "NRAK- NRII- NRJS-", r"[\w-]{19,}"),
        ("dynatrace token", "dt0c01. dt0s01.", r"[0-9A-Z]{24}\.[0-9A-Z]{60,}"),
        ("postman key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
        ("notion token", "ntn_ secret_", r"[0-9A-Za-z]{40,}"),
        ("linear key", "lin_api_", r"[0-9A-Za-z]{40}"),
        ("figma token", "figd_", r"[\w-]{40,}"),
        ("supabase key", "sbp_ sb_secret_", r"[\w-]{30,}"),
        ("planetscale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w.-]{30,}"),
        ("prefect key", "pnu_ pnb_", r"[0-9A-Za-z]{36}"),
        ("matrix token", "syt_ mat_ mct_", r"\w{10,}_\w{6,}"),
        ("ntfy token", "tk_", r"[0-9a-z]{29}(?!\w)"),
        ("mapbox token", "sk.eyJ", r"[\w-]{20,}\.[\w-]{16,}"),
        ("1password key", "A3-", r"[0-9A-Z]{6}-[0-9A-Z]{5,6}(?:-[0-9A-Z]{5}){3,4}(?![\w-])"),
        ("1password token", "ops_eyJ", r"[\w+/=-]{100,}"),
        ("adobe key", "p8e-", r"[0-9a-z]{32}(?!\w)"),
        ("alibaba key", "LTAI", r"[0-9A-Za-z]{16,24}(?!\w)"),
        ("artifactory token", "AKCp", r"[0-9A-Za-z]{60,}"),
        ("artifactory token", "cmVmdGtu", r"[0-9A-Za-z]{50,}"),
        ("aws key", "bedrock-api-key-", r"[\w+/=-]{20,}"),
        ("clojars token", "CLOJARS_", r"[0-9a-z]{60}"),
        ("cloudflare key", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{140,}"),
        ("contentful token", "CFPAT-", r"[\w-]{40,}"),
        ("doppler token", "dp.pt. dp.st. dp.ct.", r"[\w.]{40,}"),
        ("dropbox token", "sl.", r"[\w=-]{130,}"),
        ("duffel token", "duffel_test_ duffel_live_", r"[\w=-]{40,}"),
        ("easypost key", "EZAK EZTK", r"[0-9A-Za-z]{54}"),
        ("facebook token", "EAAC EAAM", r"[0-9A-Za-z]{100,}"),
        ("flutterwave key", "FLWSECK_TEST- FLWSECK-", r"[0-9a-z]{12,}"),
        ("fly token", "fm1a_ fm1r_ fm2_ fo1_", r"[\w+/=-]{43,}"),
        ("harness key", "pat. sat.", r"[\w-]{22}\.[0-9a-zA-Z]{24}\.[0-9a-zA-Z]{20}"),
        ("infracost key", "ico-", r"[0-9A-Za-z]{32}(?!\w)"),
        ("octopus key", "API-", r"[0-9A-Z]{26}(?!\w)"),
        ("openshift token", "sha256~", r"[\w-]{43}"),
        ("plaid token", "access-production- access-development- access-sandbox-", r"[0-9a-f-]{36}"),
        ("pulumi token", "pul-", r"[0-9a-f]{40}"),
        ("readme key", "rdme_", r"[0-9a-z]{60,}"),
        ("scalingo token", "tk-us-", r"[\w-]{48}"),
        ("sendinblue key", "xkeysib-", r"[0-9a-f]{60,}-\w{16}"),
        ("shippo token", "shippo_live_ shippo_test_", r"[0-9a-f]{40}"),
        ("sourcegraph token", "sgp_", r"[\w]{40,}"),
        ("twitter token", "AAAAAAAAAAAAAAAAAAAAA", r"[\w%]{60,999}%[\w%]{20,}"),
        ("typeform token", "tfp_", r"[\w.=-]{59}"),
        ("yandex key", "AQVN", r"[\w-]{35,38}(?!\w)"),
        ("yandex key", "YCA", r"[\w-]{37}(?!\w)"),
        ("jwt", "ZXlK", r"[\w+/=-]{60,}"),
        ("age key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
    )
] + [
    Format("airtable token", (".",), r"[0-9a-f]{64}(?!\w)", r"pat[0-9A-Za-z]{14}"),
    Format("terraform token", (".atlasv1.",), r"[\w=-]{60,70}", r"[0-9A-Za-z]{14}"),
    Format("maxmind key", ("_mmk",), r"(?!\w)", r"[0-9A-Za-z]{6}_[0-9A-Za-z]{29}"),
    Format("telegram token", (":",), r"[\w-]{34,36}(?![\w-])", r"\d{8}"),
    Format("discord token", (".",), r"[\w-]{6,7}\.[\w-]{27,}", r"[\w-]{22}"),
    Format("azure secret", ("Q~",), r"[\w~.-]{31,34}", r"[\w~.-]{3}\d"),
    Format("azure devops token", ("AZDO",), r"[0-9A-Za-z]{4}(?!\w)", r"[0-9A-Za-z]{76}"),
    Format("mailchimp key", ("-us",), r"\d{1,2}(?!\w)", r"[0-9a-f]{32}"),
]
_STARTS = {"telegram token": r"(?<!\d)\d{8,11}\Z", "discord token": r"(?<![\w.-])[MNO][\w-]{22,27}\Z"}
"""Where what stands before the mark differs in length: all of it."""

PRIVATE_KEY = "PRIVATE KEY"
"""In what is around one; where its head was cut off, the text has to be looked at by itself."""
_END = r"-----END[ A-Z0-9]*PRIVATE KEY(?: BLOCK)?-----"
_PRIVATE = rf"-----BEGIN[ A-Z0-9]*PRIVATE KEY(?: BLOCK)?-----.*?(?:{_END}|\Z)"
_HEADLESS = rf"(?:[\w+/=\s]|\\n)*{_END}"
"""A private key whose head was cut off: at the beginning of a text."""
_PUTTY = r"PuTTY-User-Key-File-\d.*?(?:Private-MAC: \w+|\Z)"
_IN_URL = (
    r"""://[^\s/@:'"<>«]{0,100}:(?!\d*/)(?P<secret>(?![{$<«])[^\s'"<>]{0,300}?[^\s'"<>{])@(?=[\w.\[{%-])"""
)
"""A port is no password; one that should have been quoted may have a slash."""
_QUERY = r"""[?&;](?P<name>[\w.-]{2,40})=(?P<secret>[^\s&;'"<>«{$)\]]{3,})"""
_SIGNATURES = frozenset(
    ("sig", "signature", "key", "x-amz-signature", "x-amz-security-token", "x-goog-signature", "hmac", "auth")
)


class Marked(NamedTuple):
    """A format, one of its marks, and the words of any text that has it."""

    format: Format
    mark: str
    words: frozenset[str]


def of_form(text: str, words: Words | None = None) -> Iterator[Secret]:
    """Secrets of a known form.

    Args:
        words: Of the text, where they are known.
    """
    if len(text) >= SHORTEST:
        words = words or Words(text)
        for marked in _possible(text, words):
            yield from _matches(marked, text, words)
    yield from _private_keys(text)
    if "://" in text and "@" in text:
        for match in compiled(_IN_URL).finditer(text):
            yield Secret(*match.span("secret"), "password in a URL")


def in_queries(text: str) -> Iterator[tuple[str, Secret]]:
    """Every parameter of URLs, with its name: whether that is a secret's, the caller knows."""
    if "=" in text and ("?" in text or "&" in text):
        for match in compiled(_QUERY).finditer(text):
            yield match["name"], Secret(*match.span("secret"), "token in a URL")


def is_signature(name: str) -> bool:
    """Whether a parameter of that name lets in whoever has it."""
    return name.lower() in _SIGNATURES


def _private_keys(text: str) -> Iterator[Secret]:
    forms = ((PRIVATE_KEY, _PRIVATE), ("PuTTY-User-Key-File", _PUTTY))
    patterns = [pattern for sign, pattern in forms if sign in text]
    if patterns:
        rest = compiled(_HEADLESS).match(text)
        found = compiled(f"(?s){'|'.join(patterns)}").finditer(text, rest.end() if rest else 0)
        yield from (Secret(*match.span(), "private key") for match in (rest, *found) if match)


def _by_word() -> tuple[dict[str, list[Marked]], dict[str, list[Marked]], list[Marked]]:
    """Marks by their first word, marks by how a word begins with them, and those in the midst of words."""
    whole, begun, others = dict[str, list[Marked]](), dict[str, list[Marked]](), list[Marked]()
    for format_, mark in ((each, mark) for each in _FORMATS for mark in each.marks):
        found = words_of(mark)
        first = found[0] if found else ""
        is_within = bool(format_.before) and mark[0].isalnum()
        whole_words = found[is_within : -1 if mark[-1].isalnum() else None]  # the last may go on
        marked = Marked(format_, mark, frozenset(whole_words))
        if not first or is_within:
            others.append(marked)
        elif mark.endswith(first):
            begun.setdefault(f"\n{first}", []).append(marked)
        else:
            whole.setdefault(first, []).append(marked)
    return whole, begun, others


_WHOLE, _BEGUN, _OTHERS = _by_word()


def _possible(text: str, words: Words) -> Iterable[Marked]:
    """Those whose first word a text has."""
    for word in words.all & _WHOLE.keys():
        yield from _WHOLE[word]
    joined = words.joined
    for start in [start for start in _BEGUN if start in joined]:
        yield from _BEGUN[start]
    yield from [marked for marked in _OTHERS if marked.mark in text]


def _matches(marked: Marked, text: str, words: Words) -> Iterator[Secret]:
    format_ = marked.format
    pattern = _pattern(marked.mark, format_.rest, format_.before)
    group = "secret" if "secret" in pattern.groupindex else 0
    is_anywhere = words.are_everywhere(marked.words)
    for match in pattern.finditer(text) if is_anywhere else _in_regions(pattern, marked, text, words):
        start, end = match.span(group)
        if format_.before:
            begins = compiled(_STARTS.get(format_.kind, rf"{format_.before}\Z"))
            if not (found := begins.search(text, max(0, start - 80), start)):
                continue
            start -= len(found[0])
        yield Secret(start, end, format_.kind)


def _in_regions(pattern: re.Pattern[str], marked: Marked, text: str, words: Words) -> Iterator[re.Match[str]]:
    """As `finditer`, in the regions that have the words of a mark."""
    mark, done = marked.mark, 0
    for begin, end in words.regions_of(marked.words):
        last = end + len(mark) - 1
        at = text.find(mark, max(begin, done), last)
        while at >= 0:
            match = pattern.match(text, at)
            if match:
                yield match
            done = match.end() if match else at + 1
            at = text.find(mark, done, last)


@cache
def _pattern(mark: str, rest: str, before: str) -> re.Pattern[str]:
    """The mark comes first: `re` then looks for it as fast as for a plain text."""
    plain = re.escape(mark)
    if before:  # what follows is told sooner than what stands before
        return re.compile(f"{plain}(?={rest})(?<={before}{plain})(?:{rest})")
    led = f"(?<![0-9A-Za-z]{plain})" if mark[0].isalnum() else ""
    return re.compile(f"{plain}{led}(?:{rest})")
