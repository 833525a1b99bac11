from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbalert.html_reading import READ_CHARS
from nbalert.tables import HTML_CHARS, TEXT_COLUMNS, Table, inert, read, words

tags = st.sampled_from(
    ["table", "tr", "td", "th", "thead", "tbody", "caption", "p", "b", "script", "style", "img", "a"]
)
spans = st.integers(0, 300)
markup = st.one_of(
    st.builds("<{}>".format, tags),
    st.builds(
        "<{} onclick=x colspan={} rowspan='{}'>".format, tags, st.integers(0, 300), st.integers(0, 300)
    ),
    st.builds("</{}>".format, tags),
    st.sampled_from(
        ["<!--", "-->", "<![x[", "&lt;", "&#0;", "&#60;", "…", " · ", "2 rows × 3 columns", "<", ">"]
    ),
    st.text(max_size=8),
)
LONG = "<tr><td>long</td></tr>" * 9000
pages = st.lists(markup, max_size=60).map("".join)


def table(frame: pd.DataFrame) -> Table:
    """As a notebook shows it."""
    html = frame._repr_html_()
    found = read(html)
    assert found is not None
    return found


def test_a_frame_is_aligned() -> None:
    """Its shape first; numbers at the right, words at the left, wide letters count twice."""
    frame = pd.DataFrame({"name": ["Ann", "<b>Bo"], "town": ["日本", "x"], "score": [1.5, -22]})
    assert table(frame).text.splitlines() == [
        "2 rows × 3 columns",
        "",
        "   name   town  score",
        "0  Ann    日本    1.5",
        "1  <b>Bo  x     -22.0",
    ]


def test_the_rows_of_an_index_with_levels() -> None:
    """Names that span rows or columns stand in the first of them."""
    rows = pd.MultiIndex.from_tuples([("a", 2), ("a", 3), ("b", 2)], names=["p", "q"])
    columns = pd.MultiIndex.from_tuples([("x", "u"), ("x", "v")])
    found = table(pd.DataFrame(np.zeros((3, 2)), index=rows, columns=columns))
    assert (found.caption, found.labels) == ("3 rows × 2 columns", 2)
    assert found.head == (("", "", "x", ""), ("", "", "u", "v"), ("p", "q", "", ""))
    assert found.body == (("a", "2", "0.0", "0.0"), ("", "3", "0.0", "0.0"), ("b", "2", "0.0", "0.0"))


def test_a_long_and_wide_frame_says_its_whole_shape() -> None:
    """What finds no room is marked, and no line is longer than can be read."""
    text = table(pd.DataFrame(np.arange(300_000).reshape(10_000, 30))).text
    assert text.startswith("10,000 rows × 30 columns\n")
    assert "299970" in text
    assert all(line.endswith("…") for line in text.splitlines()[2:])
    assert max(map(len, text.splitlines())) <= TEXT_COLUMNS + 3
    lines = table(pd.DataFrame({"a": range(60)})).text.splitlines()
    assert (lines[0], lines[-2:]) == ("60 rows × 1 column", ["18  18", " …   …"])


@pytest.mark.parametrize(
    ("html", "caption"),
    [
        ("<small>shape: (1_000, 2)</small><table><tr><td>a<td>b</table>", "1,000 rows × 2 columns"),
        ("<table><caption>Sales</caption><tr><th>a<th>b<tr><td>1<td>2</table>", "Sales · 1 row × 2 columns"),
        (f"<table>{'<tr><td>long</td></tr>' * 9000}", r"more than \d,\d+ rows × 1 column"),
        (
            f"<table>{'<tr><td>long</td></tr>' * 9000}</table><p>9000 rows × 1 columns</p>",
            "9,000 rows × 1 column",
        ),
    ],
    ids=["polars", "captioned", "long", "long-and-told"],
)
def test_captions(html: str, caption: str) -> None:
    """What a table says of itself, with its shape as told or counted."""
    found = read(html)
    assert found is not None
    assert re.fullmatch(caption, found.caption)


@pytest.mark.parametrize("html", ["", "<p>words", "<table></table>", "<table><tr><td>a</table>" * 2])
def test_what_is_no_table(html: str) -> None:
    """Nor are two of them, nor one within a page that says more."""
    assert read(html) is None
    assert read(f"<table><tr><td>a</table>{'word ' * 100}") is None


class _Tags(HTMLParser):
    """An independent reader."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: list[object] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs

    def handle_comment(self, data: str) -> None:
        self.seen.add("comment")


@given(pages)
@example("<table><tr><td>&lt;script&gt;</table>")
@example(f"<table>{'<tr>' + '<td>' + 'x' * 199}" * 100)
@example(f"<table>{('<tr>' + '<th>' * 100 + '<td>' + 'x' * 199) * 100}")
def test_inert_html_has_nothing_but_cells(html: str) -> None:
    """Whatever it is made of; it is bounded, and read again it is the same."""
    made = inert(html)
    read_again = _Tags(made)
    assert read_again.seen <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert read_again.attributes == []
    assert len(made) <= HTML_CHARS + 2000
    assert inert(made) == made


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<![x[", "</", "<a b='", "<script>", "<td rowspan=200 colspan=200>", "&#9"]
)
def test_what_is_no_html_takes_no_time(piece: str) -> None:
    """Each is read to its end, at once: Python's own parser takes 20 s for some of these."""
    inert("<table><tr>" + piece * (READ_CHARS // len(piece)))


def test_words() -> None:
    """Of HTML that has no other text, in the lines of the page."""
    assert (
        words("<h1>Done</h1><p>in <b>5</b>&nbsp;s<br>all <script>no</script>well")
        == "Done\nin 5\xa0s\nall well"
    )
    assert words("<table><tr><td>a<td>b</table><table>") == "a  b"
