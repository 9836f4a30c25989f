"""The tax rate of a service, what an order copies of it, and the lines of invoices that follow."""

from tests.support.api import Org, new_order, new_service
from tests.support.invoices import LINE, new_invoice

FROM_ORDER = (
    """mutation($id: ID!) { createInvoiceFromOrder(input: {orderId: $id}) { invoice { lines { taxRate } } } }"""
)


async def test_a_service_has_the_rate_that_it_is_given_or_the_setting_s(acme: Org) -> None:
    assert (await new_service(acme))["taxRate"] == "0"
    await acme.set_setting("invoices.taxRate", "7.7")
    made = await new_service(acme)
    assert made["taxRate"] == "7.7"
    for given, shown in ((19, "19"), ("5.50", "5.5"), (0.1, "0.1"), ("100", "100"), (0, "0")):
        path = f"/api/v1/services/{made['publicId']}"
        assert (await acme.http.put(path, json={"taxRate": given})).json()["data"]["taxRate"] == shown
    read = "query($id: ID!) { service(id: $id) { taxRate } }"
    assert (await acme.data(read, id=made["publicId"]))["service"] == {"taxRate": "0"}


async def test_an_order_and_its_invoice_keep_the_rate_of_their_time(acme: Org) -> None:
    await acme.set_setting("invoices.taxRate", "7")
    service = await new_service(acme, taxRate="19")
    order = await new_order(acme, service=service["publicId"])
    assert order["taxRate"] == "19"
    await acme.http.put(f"/api/v1/services/{service['publicId']}", json={"taxRate": "5"})
    kept = (await acme.http.get(f"/api/v1/orders/{order['publicId']}")).json()["data"]
    assert kept == order
    made = (await acme.data(FROM_ORDER, id=order["publicId"]))["createInvoiceFromOrder"]["invoice"]
    assert made["lines"] == [{"taxRate": "19"}]


async def test_a_line_without_a_rate_has_its_order_s_or_the_setting_s(acme: Org) -> None:
    await acme.set_setting("invoices.taxRate", "7")
    service = await new_service(acme, taxRate="19")
    order = await new_order(acme, service=service["publicId"])
    plain = {name: value for name, value in LINE.items() if name != "taxRate"}
    lines = [plain, LINE | {"taxRate": "5"}]
    of_order = await new_invoice(acme, order["clientId"], orderId=order["publicId"], lines=lines)
    assert [line["taxRate"] for line in of_order["lines"]] == ["19", "5"]
    path = f"/api/v1/invoices/{of_order['publicId']}"
    changed = (await acme.http.put(path, json={"lines": [plain]})).json()["data"]
    assert [line["taxRate"] for line in changed["lines"]] == ["19"]
    alone = await new_invoice(acme, lines=[plain])
    assert [line["taxRate"] for line in alone["lines"]] == ["7"]
