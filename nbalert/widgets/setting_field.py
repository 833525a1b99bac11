"""One setting in a form: the right widget for its type, its help below, and its value as it stands in a file.

Of a secret only where it is can be said. What is typed there and can be no name at any place is taken out at
once, so that a token which was pasted by mistake is neither in the widget's state nor in the notebook.
Whether it is one at the chosen place is asked when it is used: it may come in before the place does.
"""

from __future__ import annotations

import re
from typing import Any

import ipywidgets

from nbalert.credentials import is_reference
from nbalert.described import Described, Form
from nbalert.errors import SettingsError
from nbalert.widgets.form_look import LABEL, WIDE, note, small

_PLACES = {"env": "environment variable", "file": "file", "keyring": "keyring entry"}
_EXAMPLES = {"env": "NAME", "file": "PATH", "keyring": "SERVICE/NAME"}
_NAMES = {
    "env": re.compile(r"[A-Za-z_]\w*"),
    "file": re.compile(r"[\w.~ /-]+"),
    "keyring": re.compile(r".+/.+"),
}
_TOKEN = re.compile(r"://|^xox|^xapp|[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{5,}\.|^[A-Za-z0-9+=-]{32,}$")
"""What is pasted by mistake looks like this: an address, a token of a chat, or long and without a word."""


class SettingField:
    """One setting."""

    def __init__(self, setting: Described) -> None:
        self.setting = setting
        self._place: Any = None
        self._input = self._made()
        self._help = ipywidgets.HTML(small(setting.help))
        row = [self._place, self._input] if self._place else [self._input]
        below = [self._help] if setting.help or self._place else []
        self.box = ipywidgets.VBox([ipywidgets.HBox(row, layout=WIDE), *below])

    def value(self) -> Any:
        """As it stands in a file; None where it is left out.

        Raises:
            SettingsError: What is typed cannot be meant.
        """
        form, shown = self.setting.form, self._input.value
        if form is Form.SWITCH:
            return None if shown == self.setting.default else bool(shown)
        if form is Form.CHOICE:
            return None if shown == self.setting.default else shown
        text = str(shown).strip()
        if not text:
            return None
        return self._reference(text) if form is Form.SECRET else self.setting.value(text)

    def show(self, value: Any) -> None:
        """Fill in what a file says. Of a secret that stands there as it is nothing is shown."""
        form = self.setting.form
        if form is Form.SECRET:
            if is_reference(str(value)):
                self._place.value, _, self._input.value = str(value).partition(":")
        elif form in (Form.SWITCH, Form.CHOICE):
            self._input.value = value
        else:
            self._input.value = ", ".join(value) if isinstance(value, list | tuple) else str(value)

    def _made(self) -> Any:
        setting = self.setting
        label = {"description": setting.key, "style": LABEL, "layout": ipywidgets.Layout(flex="1 1 auto")}
        if setting.form is Form.SWITCH:
            return ipywidgets.Checkbox(value=bool(setting.default), indent=True, **label)
        if setting.form is Form.CHOICE:
            return ipywidgets.Dropdown(options=setting.choices, value=setting.default, **label)
        if setting.form is Form.SECRET:
            return self._secret()
        # Not with every key: what is half typed need not be in the kernel.
        return ipywidgets.Text(placeholder=_placeholder(setting), continuous_update=False, **label)

    def _secret(self) -> Any:
        self._place = ipywidgets.Dropdown(
            description=self.setting.key,
            options=[(words, scheme) for scheme, words in _PLACES.items()],
            style=LABEL,
            layout=ipywidgets.Layout(flex="0 0 auto", width="330px"),
        )
        name = ipywidgets.Text(
            placeholder="its name, never itself",
            continuous_update=False,
            tooltip=f"Where {self.setting.key} is",
            layout=ipywidgets.Layout(flex="1 1 auto", min_width="120px"),
        )
        name.observe(self._check_name, "value")
        return name

    def _check_name(self, _: dict[str, Any]) -> None:
        """Take out what is no name; that is said below the field until another is typed."""
        text = str(self._input.value).strip()
        if not text:
            return
        is_name = any(pattern.fullmatch(text) for pattern in _NAMES.values())
        if is_name and not _TOKEN.search(text):
            self._help.value = small(self.setting.help)
            return
        self._help.value = note(
            f"That is no {' or '.join(_PLACES.values())}, and was taken out: the secret itself does not"
            " belong here. Put it there, and write its name only"
        )
        self._input.value = ""

    def _reference(self, text: str) -> str:
        """A typed name as it stands in a file."""
        place = self._place.value
        if not _NAMES[place].fullmatch(text):
            raise SettingsError(
                f"{self.setting.key}: that is no {_PLACES[place]}; write its {_EXAMPLES[place]}, or choose"
                " another place"
            )
        return f"{place}:{text}"


def _placeholder(setting: Described) -> str:
    return "needed" if setting.is_required else setting.default_text
