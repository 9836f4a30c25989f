"""An organization's settings: one object, without an id."""

from models.types import MAX_SAFE_INTEGER
from tests.support.cases import Body, Case, Wrong, wrong

SHAPE = {
    "version": "int", "updatedAt": "str",
    "organization.name": "?str", "organization.address": "?str", "organization.taxId": "?str",
    "organization.email": "?str", "organization.phone": "?str", "organization.language": "str",
    "organization.color": "?str", "organization.logo": "?str", "organization.paymentDetails": "?str",
    "orders.revisionLimit": "?int", "orders.reopenDays": "int",
    "invoices.prefix": "str", "invoices.taxRate": "str", "invoices.dueDays": "int", "invoices.requireAddress": "bool",
    "subscriptions.graceDays": "int",
    "tickets.firstResponse.urgent": "int", "tickets.firstResponse.high": "int", "tickets.firstResponse.normal": "int",
    "tickets.firstResponse.low": "int",
    "agents.currency": "str", "agents.monthlyBudget": "?int", "agents.approvalHours": "int", "agents.prices": "dict",
    "retention.jobs": "?int", "retention.deliveries": "?int", "retention.events": "?int",
    "retention.submissionsSpam": "?int", "retention.reports": "?int", "retention.auditChanges": "?int",
}  # fmt: skip


def _wrong(given: Body, *fields: str, rest: bool = False, **extra: object) -> Wrong:
    return wrong({"values": given}, *(f"values.{field}" for field in fields), rest=rest, **extra)


CASES = (
    Case(
        name="orgSettings",
        plural="",
        type="OrgSettings",
        scope="settings",
        table="org_settings",
        statements={"GetOrgSettings": 1, "UpdateOrgSettings": 3},
        key="org_id",
        single=True,
        mutations={"updateOrgSettings": {"values": {"invoices.taxRate": "7.7", "orders.reopenDays": 14}}},
        wrong={
            "updateOrgSettings": (
                _wrong({"invoices.taxrate": "19"}, "invoices.taxrate UNKNOWN_FIELD"),
                _wrong(
                    {"orders.reopenDays": "30", "invoices.requireAddress": 1, "organization.name": 5, "nothing": 1},
                    "orders.reopenDays WRONG_TYPE", "invoices.requireAddress WRONG_TYPE",
                    "organization.name WRONG_TYPE", "nothing UNKNOWN_FIELD",
                ),
                _wrong({"invoices.taxRate": True}, "invoices.taxRate WRONG_TYPE"),
                _wrong({"invoices.taxRate": 1000}, "invoices.taxRate OUT_OF_RANGE", maximum=100),
                _wrong({"invoices.taxRate": "-1"}, "invoices.taxRate OUT_OF_RANGE", minimum=0),
                _wrong({"invoices.taxRate": "7.77777"}, "invoices.taxRate INVALID_FORMAT"),
                _wrong({"orders.reopenDays": -1}, "orders.reopenDays OUT_OF_RANGE", minimum=0),
                _wrong({"orders.reopenDays": 2.5}, "orders.reopenDays WRONG_TYPE"),
                _wrong({"orders.revisionLimit": True}, "orders.revisionLimit WRONG_TYPE"),
                _wrong({"agents.monthlyBudget": 2**53}, "agents.monthlyBudget OUT_OF_RANGE", maximum=MAX_SAFE_INTEGER),
                _wrong({"organization.name": " "}, "organization.name TOO_SHORT", limit=1),
                _wrong({"organization.address": "x" * 5_001}, "organization.address TOO_LONG", limit=5_000),
                _wrong({"organization.taxId": "a\u0007b"}, "organization.taxId INVALID_FORMAT"),
                _wrong({"organization.email": "nobody"}, "organization.email INVALID_FORMAT"),
                _wrong({"organization.color": "red"}, "organization.color INVALID_FORMAT"),
                _wrong({"organization.language": "EN"}, "organization.language INVALID_FORMAT"),
                _wrong({"organization.language": "xx"}, "organization.language INVALID_FORMAT"),
                _wrong({"organization.logo": "https://example.com/logo.png"}, "organization.logo INVALID_FORMAT"),
                _wrong({"organization.logo": f"sha256:{'0' * 64}"}, "organization.logo NOT_FOUND"),
                _wrong({"invoices.prefix": "A B"}, "invoices.prefix INVALID_FORMAT"),
                _wrong({"agents.currency": "XYZ"}, "agents.currency INVALID_FORMAT"),
                _wrong({"agents.prices": []}, "agents.prices WRONG_TYPE"),
                _wrong(
                    {"agents.prices": {"test": {"input": 1, "per": 2}}},
                    "agents.prices.test.output REQUIRED", "agents.prices.test.per UNKNOWN_FIELD",
                ),
                _wrong({"retention.jobs": 0}, "retention.jobs OUT_OF_RANGE", minimum=1),
            )
        },
        routes={
            "GET /api/v1/org-settings": "GetOrgSettings",
            "PUT /api/v1/org-settings": "UpdateOrgSettings",
            "PATCH /api/v1/org-settings": "UpdateOrgSettings",
        },
        shape=SHAPE,
    ),
)  # fmt: skip
