"""API keys."""

from models.resources import scopes
from tests.support.cases import Case, Filter, times, wrong

SHAPE = {
    "publicId": "str", "name": "str", "prefix": "str", "lastFour": "str", "scopes": "list", "status": "str",
    "expiresAt": "?str", "previousUntil": "?str", "lastUsedAt": "?str", "revokedAt": "?str",
    "trustedDocumentsOnly": "bool", "createdBy": "str", "createdByKeyId": "?str", "createdAt": "str",
    "updatedAt": "str", "version": "int",
}  # fmt: skip
NEW = {"name": "CI", "scopes": ["clients:read"]}
PAST = "2020-01-01T00:00:00.000Z"
CASES = (
    Case(
        name="apiKey",
        plural="apiKeys",
        type="ApiKey",
        scope="api_keys",
        table="api_keys",
        statements={
            "ListApiKeys": 2,
            "GetApiKey": 1,
            "CreateApiKey": 4,
            "RotateApiKey": 4,
            "RevokeApiKey": 6,
            "DeleteApiKey": 5,
            "CreateAccessToken": 3,
        },
        rows=(NEW, {"name": "Old", "scopes": ["orders:write"]}),
        deleted=1,
        deletable="update api_keys set revoked_at = now() where id = $1",
        create={"name": "Shop", "scopes": ["orders:write", "clients:read"]},
        creations={"createAccessToken": {"clientId": "client"}},
        given={"createAccessToken": {"scopes": ["orders:read"]}},
        mutations={"rotateApiKey": {"overlap": 60}, "revokeApiKey": {}, "deleteApiKey": {}},
        wrong={
            "createApiKey": (
                wrong({}, "name REQUIRED", "scopes REQUIRED"),
                wrong(NEW | {"name": " ", "scopes": []}, "name TOO_SHORT", "scopes TOO_SHORT", limit=1),
                wrong(NEW | {"scopes": ["clients:read", "x"]}, "scopes.1 NOT_ONE_OF", allowed=sorted(scopes())),
                wrong(NEW | {"scopes": "clients:read"}, "scopes WRONG_TYPE", rest=True),
                wrong(NEW | {"expiresAt": PAST}, "expiresAt INVALID"),
                wrong(NEW | {"expiresAt": "tomorrow"}, "expiresAt INVALID_FORMAT"),
                wrong(NEW | {"rawKey": "sk_live_x"}, "rawKey UNKNOWN_FIELD"),
            ),
            "createAccessToken": (
                wrong({"clientId": None}, "scopes REQUIRED"),
                wrong(
                    {"clientId": "x", "scopes": ["orders:read"], "expiresIn": 0}, "expiresIn OUT_OF_RANGE", minimum=1
                ),
                wrong({"scopes": ["orders:read"], "expiresIn": 3_601}, "expiresIn OUT_OF_RANGE", maximum=3_600),
                wrong({"clientId": "x", "scopes": ["orders:read"]}, "clientId NOT_FOUND"),
            ),
            "rotateApiKey": (
                wrong({"overlap": -1}, "overlap OUT_OF_RANGE", minimum=0),
                wrong({"overlap": 604_801}, "overlap OUT_OF_RANGE", maximum=604_800),
            ),
        },
        routes={
            "GET /api/v1/api-keys": "ListApiKeys",
            "POST /api/v1/api-keys": "CreateApiKey",
            "POST /api/v1/api-keys/{publicId}/revoke": "RevokeApiKey",
            "DELETE /api/v1/api-keys/{publicId}": "DeleteApiKey",
        },
        shape=SHAPE,
        shown_once={"rawKey": "str"},
        payload={"RevokeApiKey": {"disabledWebhookIds": "list", "alsoRevoked": "int"}},
        # The organization has a key of its own too.
        filters=(
            Filter("ids", "{apiKey},{client}", {"id": {"in": ["{apiKey}", "{client}"]}}, 1),
            Filter("status", "ACTIVE", {"status": {"in": ["ACTIVE"]}}, 2),
            *times(3),
        ),
    ),
)
