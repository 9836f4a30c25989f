"""What ends an attempt that another one may follow."""


class Later(Exception):
    """An attempt that failed for a reason that may pass. ``after`` is how many seconds the provider asks to wait."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.message, self.after = message, after
