"""The form of `%nbalert config`: pick a kind, fill in, try, save. Its fields are the kind's own settings.

What is saved goes through the same function as `nbalert channels add`. No secret is ever in the form.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
from IPython.display import display

from nbalert import channels
from nbalert.channel_list import kind_text
from nbalert.channel_test import tried_draft
from nbalert.described import Described, described, flat, nested
from nbalert.errors import NbalertError, SettingsError
from nbalert.fields import ASKING, ChannelSettings
from nbalert.process import client
from nbalert.settings_file import SettingsFile
from nbalert.widgets.clicks import button
from nbalert.widgets.setting_field import LABEL, WIDE, SettingField

FALLBACK = "A form for channels: run %nbalert config to see it."

DRAFT = "draft"
"""What a channel without a name is called while it is tried."""
_COMMON = {setting.key for setting in described(ChannelSettings)} - {"approvers", "allow_self"}
_ASKING = ("approvers", "allow_self")
_COLOURS = {True: "#17794a", False: "#c02632", None: "#b7791f"}


class ChannelForm:
    """A form for one channel, new or known.

    Args:
        name: Of a channel whose settings are filled in; empty for a new one.

    Raises:
        SettingsError: The settings are wrong as a whole, or there is no such channel.
    """

    def __init__(self, name: str = "") -> None:
        settings = client().settings
        known: Mapping[str, Any] = settings.channel(name).values if name else {}
        self._settings = settings
        self._fields: list[SettingField] = []
        kinds = list(channels.kinds())
        chosen = known.get("kind") or next((kind for kind in kinds if kind.startswith("slack")), kinds[0])
        self._kind = _input(ipywidgets.Dropdown, "Kind", options=kinds, value=chosen)
        self._name = _input(ipywidgets.Text, "Name", value=name, placeholder="team", continuous_update=False)
        self._place = _input(
            ipywidgets.Dropdown, "Save in", options=[("your own settings", False), ("this project", True)]
        )
        self._is_default = _input(
            ipywidgets.Checkbox, "Make it the default channel", value=False, indent=True
        )
        self._about, self._body, self._result = ipywidgets.HTML(), ipywidgets.VBox(), ipywidgets.HTML()
        self._try = button("Send a test", "paper-plane", lambda: self._act(self._test))
        self._save = button("Save", "check", lambda: self._act(self._do_save), style="primary")
        self._kind.observe(lambda change: self._build({}), "value")
        self._build(known)
        self.box = ipywidgets.VBox(
            [
                self._kind,
                self._about,
                self._name,
                self._body,
                self._place,
                self._is_default,
                ipywidgets.HBox([self._try, self._save], layout=ipywidgets.Layout(margin="8px 0 0 154px")),
                self._result,
            ],
            layout=ipywidgets.Layout(max_width="760px", padding="8px 14px"),
        )
        self.box.add_class("nbalert-config")

    def show(self) -> None:
        """Display it; the file keeps a line of text beside the widget."""
        bundle = self.box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, "text/plain": FALLBACK, "text/html": f"<p>{html.escape(FALLBACK)}</p>"}, raw=True)

    def _build(self, known: Mapping[str, Any]) -> None:
        """The fields of the chosen kind: its own, then who answers, then what every kind has."""
        kind = self._kind.value
        self._say("", None)
        try:
            cls = channels.channel_class(kind)
        except SettingsError as error:
            self._fields, self._body.children, self._about.value = [], (), _small_text(str(error))
            return
        unused = {"kind"} if cls.can_reply else {"kind", *ASKING}
        settings = [one for one in described(cls.Settings) if one.key not in unused]
        fields = {one.key: SettingField(one) for one in settings}
        for key, value in flat(known):
            if key in fields:
                fields[key].show(value)
        self._fields = list(fields.values())
        shown = [field.setting for key, field in fields.items() if key not in _ASKING]
        own = [fields[one.key].box for one in shown if _is_first(one)]
        later = sorted((one for one in shown if not _is_first(one)), key=lambda one: one.key in _COMMON)
        rest = [fields[one.key].box for one in later]
        asking = [fields[key].box for key in _ASKING] if cls.can_reply else []
        self._me = _input(ipywidgets.Text, "me", continuous_update=False, placeholder="your own id there")
        self._me.value = self._settings.me.get(kind, "")
        if cls.can_reply:
            asking += [self._me, _small("Your own id there: who asks does not answer. In your own settings")]
        more = ipywidgets.Accordion([ipywidgets.VBox(rest)], titles=("More settings",), selected_index=None)
        self._body.children = (*own, *asking, more)
        self._about.value = _small_text(kind_text(kind))

    def _values(self) -> dict[str, Any]:
        """What is filled in, as a table.

        Raises:
            SettingsError: Something cannot be meant.
        """
        filled = ((field.setting.key, field.value()) for field in self._fields)
        given = [(key, value) for key, value in filled if value is not None]
        return nested([("kind", self._kind.value), *given])

    def _file(self) -> SettingsFile:
        return SettingsFile(client().home, client().folder, is_project=self._place.value)

    def _named(self) -> str:
        name = str(self._name.value).strip()
        if not name:
            raise SettingsError("give it a name: what -c will say")
        return name

    def _do_save(self) -> None:
        file, name = self._file(), self._named()
        note = file.add(name, self._values(), replaces=True)
        lines = [f"Saved as {name} in {file.path}"]
        if (me := str(self._me.value).strip()) and me != self._settings.me.get(self._kind.value):
            SettingsFile(client().home, client().folder).introduce(self._kind.value, me)
        if self._is_default.value and (other := file.choose_default(name)):
            lines.append(f"but here a setting above that one says default = {other}")
        if note:
            lines.append(f"Before it can be used: {self._short(note)}")
        self._settings = client().settings
        self._say("\n".join(lines), None if note else True)

    def _test(self) -> None:
        """Try what is filled in."""
        kind, name, values = self._kind.value, str(self._name.value).strip() or DRAFT, self._values()
        if not channels.is_packaged(kind):
            raise SettingsError(f"{kind} is a class of this notebook: save it, then %nbalert test {name}")
        self._say("Asking the service …", None)
        result = tried_draft(name, values, self._file().path)
        said = str(result) if result.problems else f"The test has arrived. {result.link}".rstrip()
        self._say(said, not result.problems)

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (NbalertError, OSError) as error:
            self._say(self._short(str(error)), False)
        except Exception as error:  # the text may hold anything
            self._say(f"{type(error).__name__} in nbalert", False)

    def _short(self, text: str) -> str:
        """An error without the file and the table that every line of it would name."""
        name = str(self._name.value).strip()
        return text.replace(f"{self._file().path}: ", "").replace(f"channels.{name or DRAFT}.", "")

    def _say(self, text: str, is_good: bool | None) -> None:
        """The result, below the buttons; read out by screen readers."""
        style = f"border-left:4px solid {_COLOURS[is_good]};padding:4px 10px;margin-top:8px;line-height:1.45"
        lines = "<br>".join(html.escape(line) for line in text.splitlines())
        shown = f'<div role="status" style="{style};overflow-wrap:anywhere">{lines}</div>'
        self._result.value = shown if text else ""


def _is_first(setting: Described) -> bool:
    """Whether a newcomer has to see it: what a kind alone has, and has no value of its own."""
    return setting.key not in _COMMON and (setting.is_required or setting.default in (None, "", ()))


def _input(cls: Any, label: str, **options: Any) -> Any:
    return cls(description=label, style=LABEL, layout=WIDE, **options)


def _small(text: str) -> Any:
    return ipywidgets.HTML(_small_text(text))


def _small_text(text: str) -> str:
    return f'<span style="opacity:.75;font-size:92%;margin-left:154px">{html.escape(text)}</span>'
