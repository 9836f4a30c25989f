"""What tests of API keys need: documents, and keys that are made by keys."""

from typing import Any

from tests.support.api import Org

KEYS = "/api/v1/api-keys"
FIELDS = """id name prefix lastFour scopes status expiresAt previousUntil lastUsedAt revokedAt trustedDocumentsOnly
  createdBy createdByKeyId createdAt updatedAt version"""
CREATE = (
    f"""mutation($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{ apiKey {{ {FIELDS} }} rawKey }} }}"""
)
ROTATE = (
    f"""mutation($input: RotateApiKeyInput!) {{ rotateApiKey(input: $input) {{ apiKey {{ {FIELDS} }} rawKey }} }}"""
)
REVOKE = f"""mutation($input: RevokeApiKeyInput!) {{
  revokeApiKey(input: $input) {{ apiKey {{ {FIELDS} }} disabledWebhookIds alsoRevoked }} }}"""
DELETE = "mutation($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { deletedId } }"
ONE = f"query($id: ID!) {{ apiKey(id: $id) {{ {FIELDS} createdByKey {{ id name }} }} }}"
LIST = "query($filter: ApiKeyFilter) { apiKeys(filter: $filter) { nodes { name status } totalCount } }"


async def new_api_key(org: Org, *scopes: str, **given: Any) -> tuple[dict[str, Any], Org]:
    """A key that an organization's key makes over the graph, and the organization with it."""
    payload = (await org.data(CREATE, input={"name": "made", "scopes": list(scopes) or ["*"]} | given))["createApiKey"]
    return payload["apiKey"], org.holding(payload["rawKey"])


async def works(org: Org) -> bool:
    """Whether the key that is held works: asked of a server whose verdict is not kept."""
    answer = await org.graphql("{ viewer { key { id } } }")
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def actions(org: Org) -> list[str]:
    """What the audit log has of keys and webhooks that was done by keys, in order."""
    wanted = "action like 'apikey:%' or action like 'webhook:%'"
    found = await org.rows(f"select action from audit_entries where ({wanted}) and source <> 'CLI' order by id")
    return [row["action"] for row in found]
