"""Clients."""

from models.typeid import new_uuid
from tests.support.cases import Case, Filter, times, wrong

NEW = {"name": "Ada", "email": "ada@example.com"}
STATUSES = ["LEAD", "ACTIVE", "INACTIVE", "ARCHIVED"]
SHAPE = {
    "publicId": "str", "name": "str", "email": "str", "company": "?str", "phone": "?str", "address": "?str",
    "taxId": "?str", "status": "str", "tags": "list", "source": "?str", "notes": "?str", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
WRONG_NEW = (
    wrong({}, "name REQUIRED", "email REQUIRED"),
    wrong({"name": " ", "email": "nobody"}, "name TOO_SHORT", "email INVALID_FORMAT", limit=1),
    wrong(NEW | {"x": 1}, "x UNKNOWN_FIELD"),
    wrong(NEW | {"id": "client_x"}, "id UNKNOWN_FIELD"),
    wrong(NEW | {"expectedVersion": 1}, "expectedVersion UNKNOWN_FIELD"),
    wrong(NEW | {"createdAt": "2026-01-01T00:00:00Z"}, "createdAt UNKNOWN_FIELD"),
    wrong(NEW | {"__proto__": {}}, "__proto__ UNKNOWN_FIELD"),
    wrong(NEW | {"name": None}, "name REQUIRED"),
    wrong(NEW | {"name": 5}, "name WRONG_TYPE"),
    wrong(NEW | {"name": ["Ada"]}, "name WRONG_TYPE"),
    wrong(NEW | {"name": "x" * 201}, "name TOO_LONG", limit=200),
    wrong(NEW | {"name": ""}, "name TOO_SHORT", limit=1),
    wrong(NEW | {"name": "  "}, "name TOO_SHORT", limit=1),
    wrong(NEW | {"name": "\x00"}, "name INVALID_FORMAT"),
    wrong(NEW | {"name": "a\x07"}, "name INVALID_FORMAT"),
    wrong(NEW | {"email": "nobody"}, "email INVALID_FORMAT"),
    wrong(NEW | {"email": "x" * 250 + "@example.com"}, "email TOO_LONG", limit=254),
    wrong(NEW | {"status": "GONE"}, "status NOT_ONE_OF", allowed=STATUSES),
    wrong(NEW | {"status": 1}, "status NOT_ONE_OF", allowed=STATUSES),
    wrong(NEW | {"tags": "vip"}, "tags WRONG_TYPE", rest=True),
    wrong(NEW | {"tags": [None]}, "tags.0 REQUIRED"),
    wrong(NEW | {"tags": ["a", ""]}, "tags.1 TOO_SHORT", limit=1),
    wrong(NEW | {"tags": ["a", 1, ""]}, "tags.1 WRONG_TYPE", "tags.2 TOO_SHORT", limit=1),
    wrong(NEW | {"tags": [str(n) for n in range(21)]}, "tags TOO_LONG", limit=20),
    wrong(NEW | {"tags": ["x"] * 7_000}, " TOO_LONG", rest=True, limit=6_500),
    wrong(NEW | {"metadata": []}, "metadata WRONG_TYPE"),
    wrong(NEW | {"metadata": {"a": 1}}, "metadata.a WRONG_TYPE"),
    wrong(NEW | {"metadata": {"a": "x" * 501}}, "metadata.a TOO_LONG", limit=500),
    wrong(NEW | {"metadata": {str(n): "" for n in range(51)}}, "metadata TOO_LONG", limit=50),
    wrong(NEW | {"notes": "x" * 5_001}, "notes TOO_LONG", limit=5_000),
    wrong(NEW | {"phone": "\u0007"}, "phone INVALID_FORMAT"),
    wrong(
        {"colour": 1, "name": "", "tags": "x", "it's": 2},
        "colour UNKNOWN_FIELD", "it's UNKNOWN_FIELD", "tags WRONG_TYPE", "email REQUIRED", "name TOO_SHORT",
        rest=True, limit=1,
    ),
)  # fmt: skip
CASES = (
    Case(
        name="client",
        plural="clients",
        type="Client",
        scope="clients",
        table="clients",
        statements={"ListClients": 2, "GetClient": 1, "CreateClient": 1, "UpdateClient": 2, "DeleteClient": 9},
        rows=(NEW, *({"name": f"Other {n}", "email": f"other{n}@example.com"} for n in range(3))),
        # The first one has subscriptions, which run.
        deleted=1,
        create={"name": "Zoë", "email": "zoe@example.com", "tags": ["a", "b"], "metadata": {"crm": "7"}},
        unique={"email": lambda: f"{new_uuid().hex}@example.com"},
        mutations={
            "updateClient": {"company": "ACME", "phone": None, "status": "ACTIVE"},
            "deleteClient": {},
        },
        wrong={
            "createClient": WRONG_NEW,
            "updateClient": (
                wrong({"email": "nobody"}, "email INVALID_FORMAT"),
                wrong({"name": None, "tags": None, "email": None}, "name REQUIRED", "tags REQUIRED", "email REQUIRED"),
                wrong({"colour": "red"}, "colour UNKNOWN_FIELD"),
            ),
        },
        defaults={"status": "LEAD"},
        never_null=frozenset({"name", "email", "status", "tags", "metadata"}),
        routes={
            "GET /api/v1/clients": "ListClients",
            "POST /api/v1/clients": "CreateClient",
            "GET /api/v1/clients/{publicId}": "GetClient",
            "PUT /api/v1/clients/{publicId}": "UpdateClient",
            "PATCH /api/v1/clients/{publicId}": "UpdateClient",
            "DELETE /api/v1/clients/{publicId}": "DeleteClient",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{client},{order}", {"id": {"in": ["{client}", "{order}"]}}, 1),
            Filter("status", "LEAD,ACTIVE", {"status": {"in": ["LEAD", "ACTIVE"]}}, 4),
            Filter("status", "ARCHIVED", {"status": {"in": ["ARCHIVED"]}}, 0),
            Filter("tag", "vip", {"tags": {"hasAny": ["vip"]}}, 0),
            Filter("search", "oth 1", {"search": "oth 1"}, 1),
            Filter("email", "ADA@example.com", {"email": {"eq": "ADA@example.com"}}, 1),
            *times(4),
        ),
        wrong_queries=(
            ("email=a%40example.com&email=b%40example.com", "email"),
            ("email[]=a%40example.com", "email[]"),
            ("email=%00", "email"),
            ("status=ACTIVE,", "status"),
            ("tag=", "tag"),
            ("tag=a,", "tag"),
            ("tag=%00", "tag"),
            ("tag=" + ",".join(map(str, range(101))), "tag"),
            ("sort=name,,", "sort"),
            ("sort=--name", "sort"),
            ("sort=updatedAt,name,price", "sort"),
            ("search=", "search"),
            ("search=%00", "search"),
        ),
    ),
)
