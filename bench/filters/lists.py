"""The lists of the graph that are measured, and the documents that ask for their pages and counts."""

from dataclasses import dataclass

COUNT = "totalCount"


@dataclass(frozen=True, slots=True)
class List:
    """A list of the graph: the types of its filter and order, its sort fields, and what holds it."""

    type_name: str
    sort_fields: tuple[str, ...]
    parent: tuple[str, str] | None = None
    root: str = "{listed}({page})"
    shown: str = "id"

    def text(self, listed: str, order: str) -> str:
        """A document that asks for a page, or for the count alone."""
        asked = "totalCount" if order == COUNT else f"nodes {{ {self.shown} }}"
        page = "first: 50, filter: $f" + ("" if order == COUNT else ", orderBy: $o")
        given = f"$f: {self.type_name}Filter" + ("" if order == COUNT else f", $o: [{self.type_name}Order!]")
        given += "" if self.parent is None else ", $id: ID!"
        head, *tail = self.root.format(listed=listed, page=page).split("}", 1)
        return f"query ({given}) {{ {head} {{ {asked} }} {'}' if tail else ''} }}"


LISTS = {
    "members": List("Member", ("CREATED_AT", "UPDATED_AT", "NAME")),
    "api_keys": List("ApiKey", ("CREATED_AT", "UPDATED_AT"), root="apiKeys({page})"),
    "clients": List("Client", ("CREATED_AT", "UPDATED_AT", "NAME")),
    "services": List("Service", ("CREATED_AT", "UPDATED_AT", "NAME", "PRICE")),
    "orders": List("Order", ("CREATED_AT", "UPDATED_AT", "NUMBER", "TOTAL", "DUE_AT", "CLIENT_NAME")),
    "invoices": List("Invoice", ("CREATED_AT", "UPDATED_AT", "TOTAL", "ISSUED_AT", "DUE_AT", "CLIENT_NAME")),
    "subscriptions": List("ClientSubscription", ("CREATED_AT", "UPDATED_AT", "CURRENT_PERIOD_END", "CLIENT_NAME")),
    "messages": List("Message", ("CREATED_AT",), ("order", "orders"), "messages(orderId: $id, {page})"),
    "tickets": List("Ticket", ("CREATED_AT", "UPDATED_AT", "NUMBER", "WAITING_SINCE")),
    "replies": List("Reply", ("CREATED_AT",), ("ticket", "tickets"), "replies(ticketId: $id, {page})"),
    "forms": List("Form", ("CREATED_AT", "UPDATED_AT", "NAME")),
    "submissions": List("Submission", ("CREATED_AT",)),
    "deliveries": List(
        "Delivery", ("CREATED_AT",), ("webhook", "endpoints"), "webhook(id: $id) {{ deliveries({page}) }}"
    ),
    "webhooks": List("WebhookEndpoint", ("CREATED_AT", "UPDATED_AT")),
    "audit_entries": List("AuditEntry", ("CREATED_AT",), root="auditEntries({page})"),
    "agent_definitions": List(
        "AgentDefinition", ("CREATED_AT", "UPDATED_AT", "NAME"), root="agentDefinitions({page})"
    ),
    "agent_jobs": List(
        "AgentJob", ("CREATED_AT", "UPDATED_AT", "QUEUED_AT", "EXPIRES_AT"), root="agentJobs({page})"
    ),
    "steps": List("AgentStep", ("CREATED_AT",), ("job", "agent_jobs"), "agentJob(id: $id) {{ steps({page}) }}"),
    "reports": List("Report", ("CREATED_AT", "UPDATED_AT")),
    "report_rows": List(
        "ReportRow", ("NUMBER",), ("report", "reports"), "report(id: $id) {{ rows({page}) }}", "number"
    ),
    "failed_jobs": List("FailedJob", ("CREATED_AT",), root="failedJobs({page})"),
}  # fmt: skip
