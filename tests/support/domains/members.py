"""Members, who are in the graph alone."""

from models.typeid import new_uuid
from tests.support.cases import NO_ZONES, Case, wrong

NEW = {"name": "Mia", "email": "mia@example.com"}
CASES = (
    Case(
        name="member",
        plural="members",
        type="Member",
        scope="members",
        table="members",
        statements={"ListMembers": 2, "GetMember": 1, "CreateMember": 1, "UpdateMember": 2},
        rows=(NEW | {"role": "OWNER"}, {"name": "Noah", "email": "noah@example.com"}),
        create={"name": "Zoë", "email": "zoe@example.com", "role": "ADMIN", "timezone": "Europe/Berlin"},
        unique={"email": lambda: f"{new_uuid().hex}@example.com"},
        mutations={"updateMember": {"name": "Mia Musterfrau", "timezone": "Asia/Tokyo"}},
        wrong={
            "createMember": (
                wrong({}, "name REQUIRED", "email REQUIRED"),
                wrong(NEW | {"name": " ", "email": "nobody"}, "name TOO_SHORT", "email INVALID_FORMAT", limit=1),
                wrong(NEW | {"role": "BOSS", "status": "GONE"}, "role NOT_ONE_OF", "status NOT_ONE_OF"),
                wrong(NEW | {"timezone": "Mars/Olympus"}, "timezone INVALID_FORMAT"),
                *(wrong(NEW | {"timezone": name}, "timezone INVALID_FORMAT") for name in NO_ZONES),
                wrong(NEW | {"tags": []}, "tags UNKNOWN_FIELD"),
            ),
            "updateMember": (
                wrong({"email": "nobody"}, "email INVALID_FORMAT"),
                wrong({"timezone": "localtime"}, "timezone INVALID_FORMAT"),
                wrong({"name": None, "role": None}, "name REQUIRED", "role REQUIRED"),
            ),
        },
        defaults={"role": "STAFF", "status": "ACTIVE"},
        never_null=frozenset({"name", "email", "role", "status", "timezone"}),
    ),
)
