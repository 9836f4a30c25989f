"""How much of its arguments the judging of an operation may look at, in all places together."""

# About half a microsecond each. A filter may hold 6,500 values, which are looked at twice.
MAX_EFFORT = 40_000


class EffortLimitError(Exception):
    """An operation whose arguments hold too much to be judged."""

    def __init__(self) -> None:
        super().__init__(
            "The arguments of the operation take too much to judge in all places together."
            " Ask for less in filters, orders and lists of IDs, or in fewer places."
        )


class Effort:
    """What is left to be spent on judging one operation."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_EFFORT

    def spend(self, units: int) -> None:
        """Spend units: one for each part of an argument that is looked at, more for a part that takes longer.

        Raises EffortLimitError beyond the limit.
        """
        self.left -= units
        if self.left < 0:
            raise EffortLimitError
