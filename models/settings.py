"""The registry of an organization's settings: name, type, bounds, default, meaning."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """A whole-number setting within bounds; ``None`` as its default means "no limit"."""

    name: str
    default: int | None
    least: int
    most: int
    meaning: str


REGISTRY = {
    setting.name: setting
    for setting in (
        Setting("orders.revisionLimit", None, 0, 100, "How many revisions a client may ask for; null is no limit."),
        Setting("orders.reopenDays", 30, 0, 3_650, "For how many days a completed order can be reopened."),
        *(
            Setting(
                f"tickets.firstResponse.{name}", hours, 1, 8_760, f"Hours until the first response to a {name} ticket."
            )
            for name, hours in (("urgent", 1), ("high", 4), ("normal", 24), ("low", 72))
        ),
    )
}
