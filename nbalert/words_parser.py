"""The parser of a magic's words that are a command's as well: it raises where the command would exit."""

from __future__ import annotations

import argparse
from typing import NoReturn

from nbalert.errors import SettingsError
from nbalert.nearest import with_nearest


class WordsParser(argparse.ArgumentParser):
    """Of the words after `%nbalert channels`, for example."""

    def error(self, message: str) -> NoReturn:
        """With the nearest word that would have been right."""
        said = with_nearest(message, self.format_help())
        raise SettingsError(f"{said}\n{self.format_usage().strip()}")
