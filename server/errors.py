"""Errors that the command line prints for a person when something cannot be done."""


class CommandError(Exception):
    """A command cannot do its work; the text is one line for a person."""


class WrongCall(CommandError):
    """The arguments do not make sense together, or one of them is malformed."""


class SettingsError(Exception):
    """A setting is missing or malformed; the text has one line for each, which names the variable."""


class DatabaseRefused(CommandError):
    """A database cannot be reached, or refuses; the text names the setting that leads there, `reason` does not."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.reason = reason


class OutputClosed(Exception):
    """Nobody reads standard output any more, as when `head` has read enough."""


class DevError(CommandError):
    """`dev` cannot run here."""


class EmbeddedError(CommandError):
    """An embedded server cannot be had, does not start or does not go on."""
