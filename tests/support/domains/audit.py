"""The audit log, whose entries come of all other changes, and its exports."""

from tests.support.cases import FAR_AWAY, LONG_AGO, Case, Filter, wrong

CASES = (
    Case(
        name="auditEntry",
        plural="auditEntries",
        type="AuditEntry",
        scope="audit",
        table="audit_entries",
        statements={"ListAuditEntries": 4},
        found="select id from audit_entries order by id",
        read_only=True,
        routes={"GET /api/v1/audit-logs": "ListAuditEntries"},
        shape={
            "publicId": "str", "action": "str", "actor": "dict", "targetId": "str", "changes": "?dict",
            "requestId": "str", "source": "str", "occurredAt": "str", "sequence": "?int", "seal": "?str",
        },
        filters=(
            Filter("ids", "{auditEntry},{client}", {"id": {"in": ["{auditEntry}", "{client}"]}}, 1),
            Filter("targetId", "{service}", {"targetId": {"eq": "{service}"}}, 1),
            # The organization and its first key were made from the command line.
            Filter("actorId", "cli", {"actorId": {"eq": "cli"}}, 2),
            Filter("source", "CLI,WORKER", {"source": {"in": ["CLI", "WORKER"]}}, 2),
            Filter("action", "organization:create", {"action": {"in": ["organization:create"]}}, 1),
            Filter("occurredAfter", FAR_AWAY, {"occurredAt": {"gt": FAR_AWAY}}, 0),
            Filter("occurredBefore", LONG_AGO, {"occurredAt": {"lt": LONG_AGO}}, 0),
        ),
        wrong_queries=(
            ("targetId=x", "targetId"),
            ("source=NOBODY", "source"),
            ("action=", "action"),
            ("action=client:nope", "action"),
            ("actorId=nope", "actorId"),
            ("occurredAfter=yesterday", "occurredAfter"),
            ("sort=-occurredAt", "sort"),
        ),
    ),
    Case(
        name="auditExport",
        plural="",
        type="AuditExport",
        scope="audit",
        table="audit_exports",
        statements={"GetAuditExport": 1, "ExportAuditLog": 4},
        single=True,
        read_only=True,
        mutations={"exportAuditLog": {"firstSequence": 1}},
        wrong={
            "exportAuditLog": (
                wrong({"firstSequence": 0}, "firstSequence OUT_OF_RANGE", minimum=1),
                wrong({"firstSequence": 3, "lastSequence": 2}, "lastSequence NOT_ALLOWED"),
            )
        },
    ),
)  # fmt: skip
