"""The form of `%nbalert config`: pick a channel or a kind, fill in, try, save, take back.

What is saved goes through the same function as `nbalert channels add`. No secret is ever in the form.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import ipywidgets
from IPython.display import display

from nbalert import channels
from nbalert.channel_list import does, kind_text
from nbalert.channel_test import Tried
from nbalert.channel_trial import ANSWER_S, members_of, tried_ask, tried_draft
from nbalert.errors import NbalertError, SettingsError
from nbalert.fields import Origin
from nbalert.process import client
from nbalert.settings import ChannelTable, Settings
from nbalert.settings_file import SettingsFile
from nbalert.settings_undo import Undo
from nbalert.widgets.channel_fields import ChannelFields
from nbalert.widgets.clicks import button
from nbalert.widgets.form_look import INDENT, entry, said, show_if, small

FALLBACK = "A form for channels: run %nbalert config to see it."

DRAFT = "draft"
"""What a channel without a name is called while it is tried."""
_PLACES = (("your own settings", False), ("this project", True))


class ChannelForm:
    """A form for one channel, new or known.

    Args:
        name: Of a channel whose settings are filled in; empty for a new one.

    Raises:
        SettingsError: The settings are wrong as a whole, or there is no such channel.
    """

    def __init__(self, name: str = "") -> None:
        table = client().settings.channel(name) if name else None
        self._undo, self._is_filling = Undo(), False
        self._fields: ChannelFields | None = None
        self._known = entry(ipywidgets.Dropdown, "Channel", options=[("a new one", "")], value="")
        self._kind = entry(ipywidgets.Dropdown, "Kind", options=list(_kinds()))
        self._about, self._body, self._result = ipywidgets.HTML(), ipywidgets.VBox(), ipywidgets.HTML()
        self._name = entry(ipywidgets.Text, "Name", placeholder="team", continuous_update=False)
        self._place = entry(ipywidgets.Dropdown, "Save in", options=_PLACES)
        self._is_default = entry(ipywidgets.Checkbox, "Make it the default channel", indent=True)
        self._ask = self._button("Test an ask", "question", self._do_ask)
        self._remove = self._button("Remove", "trash", self._do_remove)
        self._back = self._button("Undo", "undo", self._do_undo)
        tries = [self._button("Send a test", "paper-plane", self._do_test), self._ask]
        changes = [self._button("Save", "check", self._do_save, style="primary"), self._remove, self._back]
        row = ipywidgets.Layout(margin=f"8px 0 0 {INDENT}", flex_flow="row wrap")
        self.box = ipywidgets.VBox(
            [
                *(self._known, self._kind, self._about, self._name, self._body, self._place),
                *(self._is_default, ipywidgets.HBox([*tries, *changes], layout=row), self._result),
            ],
            layout=ipywidgets.Layout(max_width="760px", padding="8px 14px"),
        )
        self.box.add_class("nbalert-config")
        self._list(name)
        self._open(table)
        self._kind.observe(lambda change: self._by_hand(lambda: self._build({})), "value")
        self._known.observe(lambda change: self._by_hand(self._choose), "value")

    def show(self) -> None:
        """Display it; the file keeps a line of text beside the widget."""
        bundle = self.box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, "text/plain": FALLBACK, "text/html": f"<p>{html.escape(FALLBACK)}</p>"}, raw=True)

    def _list(self, name: str) -> None:
        """The channels that stand in files, `name` chosen; and whether there is something to take back."""
        tables = sorted(_tables(client().settings).items())
        named = [(f"{known}: {table.kind}, in {_where(table)}", known) for known, table in tables]
        self._is_filling = True
        self._known.options = [("a new one", ""), *named]
        self._known.value = name if name in dict(tables) else ""
        self._is_filling = False
        show_if(bool(self._known.value), self._remove)
        show_if(bool(self._undo), self._back)

    def _by_hand(self, action: Callable[[], None]) -> None:
        """What follows a choice of the reader's; of the form's own nothing does."""
        if not self._is_filling:
            self._act(action)

    def _choose(self) -> None:
        self._open(_tables(client().settings).get(self._known.value))
        show_if(bool(self._known.value), self._remove)

    def _open(self, table: ChannelTable | None) -> None:
        """Fill in what stands in a file; without a table the start of a new channel."""
        kinds = [kind for _, kind in self._kind.options]
        first = next((kind for kind in kinds if kind.startswith("slack")), kinds[0])
        self._is_filling = True
        with suppress(SettingsError):  # a file without a kind: it can be chosen
            self._kind.value = table.kind if table and table.kind in kinds else first
        self._name.value = table.name if table else ""
        self._place.value = bool(table and table.origin.is_project)
        self._is_default.value = bool(table and table.name == client().settings.default)
        self._is_filling = False
        self._build(table.values if table else {})

    def _build(self, known: Mapping[str, Any]) -> None:
        """The fields of the chosen kind. Its line comes last: who sees it sees them all."""
        kind = self._kind.value
        self._say("", None)
        try:
            cls = channels.channel_class(kind)
        except SettingsError as error:
            self._fields, self._body.children, self._about.value = None, (), small(str(error))
            return
        me = client().settings.me.get(kind, "")
        self._fields = ChannelFields(cls, known, me, lambda: members_of(self._table()), self._act)
        self._body.children = self._fields.boxes
        show_if(cls.can_reply, self._ask)
        self._about.value = small(kind_text(kind))

    def _filled(self) -> ChannelFields:
        if self._fields is None:
            raise SettingsError(f"{self._kind.value} cannot be used here")
        return self._fields

    def _file(self) -> SettingsFile:
        return SettingsFile(client().home, client().folder, is_project=self._place.value)

    def _table(self) -> ChannelTable:
        """What is filled in, as it would stand in its file."""
        kind, name, file = self._kind.value, self._named() or DRAFT, self._file()
        values, settings = self._filled().values(), client().settings
        if not channels.is_packaged(kind):
            raise SettingsError(f"{kind} is a class of this notebook: save it, then %nbalert test {name}")
        known = settings.channels.get(name)
        origin = Origin(str(file.path), file.path.parent, os.environ, is_project=self._place.value)
        return ChannelTable(name, values, origin, known.groups if known else {})

    def _named(self) -> str:
        return str(self._name.value).strip()

    def _do_test(self) -> None:
        self._tried(lambda: tried_draft(self._table()), "Asking the service …")

    def _do_ask(self) -> None:
        kind, me, settings = self._kind.value, self._filled().me, client().settings
        if me:
            settings = replace(settings, me={**settings.me, kind: me})
        waiting = f"A question is on its way: answer it there, within {ANSWER_S:.0f} s …"
        self._tried(lambda: tried_ask(self._table(), settings), waiting)

    def _tried(self, try_: Callable[[], Tried], meanwhile: str) -> None:
        self._say(meanwhile, None)
        result = try_()
        came = f"The answer has arrived: {result.answer}." if result.answer else "The test has arrived."
        self._say(str(result) if result.problems else f"{came} {result.link}".rstrip(), not result.problems)

    def _do_save(self) -> None:
        file, name, filled = self._file(), self._named(), self._filled()
        if not name:
            raise SettingsError("give it a name: what -c will say")
        own = SettingsFile(client().home, client().folder)
        lines = [f"Saved as {name} in {file.path}"]
        with self._undo.remembered(file, own):
            problem = file.add(name, filled.values(), replaces=True)
            if filled.me and filled.me != client().settings.me.get(self._kind.value):
                own.introduce(self._kind.value, filled.me)
            if self._is_default.value and (other := file.choose_default(name)):
                lines.append(f"but here a setting above that one says default = {other}")
        if problem:
            lines.append(f"Before it can be used: {self._short(problem)}")
        self._list(name)
        self._say("\n".join(lines), None if problem else True)

    def _do_remove(self) -> None:
        table = client().settings.channel(self._known.value)
        file = SettingsFile(client().home, client().folder, is_project=table.origin.is_project)
        with self._undo.remembered(file):
            file.remove(table.name)
        self._list("")
        self._open(None)
        self._say(f"Removed {table.name} from {file.path}. Undo brings it back", True)

    def _do_undo(self) -> None:
        name = self._named()
        paths = self._undo.take_back()
        self._list(name)
        self._open(_tables(client().settings).get(self._known.value))
        self._say("\n".join(f"As it was before: {path}" for path in paths), True)

    def _button(self, label: str, icon: str, action: Callable[[], None], style: str = "") -> Any:
        return button(label, icon, lambda: self._act(action), style=style)

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (NbalertError, OSError) as error:
            self._say(self._short(str(error)), False)
        except Exception as error:  # the text may hold anything
            self._say(f"{type(error).__name__} in nbalert", False)

    def _short(self, text: str) -> str:
        """An error without the file and the table that every line of it would name."""
        return text.replace(f"{self._file().path}: ", "").replace(f"channels.{self._named() or DRAFT}.", "")

    def _say(self, text: str, is_good: bool | None) -> None:
        """The result, below the buttons; read out by screen readers."""
        self._result.value = said(text, is_good)


def _kinds() -> Any:
    """Each kind with what it can do."""
    for kind in channels.kinds():
        yield f"{kind}: {does(kind)}", kind


def _tables(settings: Settings) -> dict[str, ChannelTable]:
    """The channels that stand in a file of the user's or the project's."""
    paths = {str(SettingsFile(client().home, client().folder, is_project=one).path) for one in (False, True)}
    return {name: table for name, table in settings.channels.items() if table.origin.file in paths}


def _where(table: ChannelTable) -> str:
    return next(words for words, is_project in _PLACES if is_project == table.origin.is_project)
