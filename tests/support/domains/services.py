"""Services."""

from tests.support.cases import Case, Filter, times, wrong

SHAPE = {
    "publicId": "str", "name": "str", "description": "?str", "price": "int", "currency": "str", "taxRate": "str",
    "billing": "str", "interval": "?str", "deliveryDays": "?int", "intakeFormId": "?str", "status": "str",
    "tags": "list", "metadata": "dict", "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
NEW = {"name": "x", "price": 1}
MOST = 2**53 - 1
ACTIVE = {"price": 15_000, "status": "ACTIVE", "deliveryDays": 5}
CASES = (
    Case(
        name="service",
        plural="services",
        type="Service",
        scope="services",
        table="services",
        statements={"ListServices": 2, "GetService": 1, "CreateService": 3, "UpdateService": 2, "DeleteService": 4},
        rows=(
            # What subscriptions are of must be RECURRING; orders may be of any.
            {"name": "Logo", "billing": "RECURRING", "interval": "MONTH"} | ACTIVE,
            {"name": "Idle"} | ACTIVE,
        ),
        # Nothing was ordered of it.
        deleted=1,
        create={"name": "Film", "price": 99_00, "status": "ACTIVE", "deliveryDays": 3},
        mutations={
            "updateService": {"description": "Moving pictures", "price": 120_00},
            "deleteService": {},
        },
        wrong={
            "createService": (
                wrong({"name": "", "price": -1}, "name TOO_SHORT", "price OUT_OF_RANGE", limit=1, minimum=0),
                wrong(NEW | {"price": -1}, "price OUT_OF_RANGE", minimum=0),
                wrong(NEW | {"price": MOST + 1}, "price OUT_OF_RANGE", maximum=MOST),
                wrong(NEW | {"price": 1.5}, "price WRONG_TYPE"),
                wrong(NEW | {"price": "1"}, "price WRONG_TYPE"),
                wrong(NEW | {"price": None}, "price REQUIRED"),
                wrong(NEW | {"currency": "eur"}, "currency INVALID_FORMAT"),
                wrong(NEW | {"taxRate": "100.0001"}, "taxRate OUT_OF_RANGE", maximum=100),
                wrong(NEW | {"taxRate": -1}, "taxRate OUT_OF_RANGE", minimum=0),
                wrong(NEW | {"taxRate": "1e1"}, "taxRate INVALID_FORMAT"),
                wrong(NEW | {"taxRate": [19]}, "taxRate WRONG_TYPE"),
                wrong(NEW | {"currency": "ZZZ"}, "currency INVALID_FORMAT"),
                wrong(NEW | {"deliveryDays": 2**40}, "deliveryDays OUT_OF_RANGE", maximum=3650),
                wrong(NEW | {"billing": "RECURRING"}, "interval REQUIRED"),
                wrong(NEW | {"interval": "WEEK"}, "interval NOT_ALLOWED"),
                wrong(NEW | {"intakeFormId": "x"}, "intakeFormId NOT_FOUND"),
                wrong(NEW | {"colour": "red"}, "colour UNKNOWN_FIELD"),
            ),
            "updateService": (
                wrong({"price": -1}, "price OUT_OF_RANGE", minimum=0),
                wrong({"intakeFormId": "x"}, "intakeFormId NOT_FOUND"),
                wrong({"name": None, "price": None}, "name REQUIRED", "price REQUIRED"),
            ),
        },
        defaults={"status": "DRAFT", "billing": "ONE_TIME"},
        # The one that is changed is RECURRING, and needs its interval.
        never_null=frozenset(
            {"name", "price", "currency", "taxRate", "billing", "interval", "status", "tags", "metadata"}
        ),
        routes={
            "GET /api/v1/services": "ListServices",
            "POST /api/v1/services": "CreateService",
            "GET /api/v1/services/{publicId}": "GetService",
            "PUT /api/v1/services/{publicId}": "UpdateService",
            "PATCH /api/v1/services/{publicId}": "UpdateService",
            "DELETE /api/v1/services/{publicId}": "DeleteService",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{service2},{service}", {"id": {"in": ["{service2}", "{service}"]}}, 2),
            Filter("status", "ACTIVE", {"status": {"in": ["ACTIVE"]}}, 2),
            Filter("tag", "vip", {"tags": {"hasAny": ["vip"]}}, 0),
            Filter("search", "idl", {"search": "idl"}, 1),
            Filter("priceMin", "15001", {"price": {"gte": 15_001}}, 0),
            Filter("priceMax", "15000", {"price": {"lte": 15_000}}, 2),
            *times(2),
        ),
        wrong_queries=(
            ("search=%21_", "search"),
            ("priceMin=x", "priceMin"),
            ("priceMax=1.5", "priceMax"),
        ),
    ),
)
