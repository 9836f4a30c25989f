"""An organization's settings in the graph."""

from datetime import datetime

import strawberry
from pydantic import BaseModel

from models import settings as registry
from models.organizations import OrgSettings as Table
from models.settings import SETTINGS, SettingType
from resolvers import settings
from schema.declaration.fields import batched, computed, object_type
from schema.declaration.inputs import EXPECTED, input_type
from schema.declaration.mutations import sets
from schema.declaration.scalars import SettingValue, SettingValues


@object_type()
class SettingEntry:
    """A setting of the organization."""

    name: str = strawberry.field(description="Name of the setting, such as `invoices.taxRate`.")
    type: SettingType = strawberry.field(description="Type of its value.")
    value: SettingValue | None = strawberry.field(
        description="Its value: the default where nothing else was set. Null where there is none."
    )
    default: SettingValue | None = strawberry.field(description="Its default. Null where there is none.")
    meaning: str = strawberry.field(description="Meaning of the setting, with its unit.")


@object_type(Table, SETTINGS)
class OrgSettings:
    """Settings of the organization."""

    version: int
    updated_at: datetime
    entries: list[SettingEntry] = computed(
        settings.entries_of, "chosen", description="Every setting, in the order of the documentation."
    )


class _Values(BaseModel):
    values: registry.SettingValues


@input_type(bounds=_Values)
class UpdateOrgSettingsInput:
    """Settings of the organization to change. Those that are absent keep their values; null resets one."""

    values: SettingValues = strawberry.field(
        description='Values by the names of their settings: `{"invoices.taxRate": "19"}`. Null resets one to its'
        " default."
    )
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@strawberry.type
class SettingsQuery:
    """Queries of settings."""

    org_settings: OrgSettings | None = batched(
        settings.current, description="The organization's settings, with their defaults and meanings.", cost=1
    )


@strawberry.type
class SettingsMutation:
    """Mutations of settings."""

    update_org_settings = sets(
        OrgSettings,
        UpdateOrgSettingsInput,
        settings.change,
        "Change settings of the organization. All unknown names and wrong values are reported at once.",
    )
