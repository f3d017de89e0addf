"""One call of every operation of which the vendor publishes a sample answer, with as many fields as it takes."""

from collections.abc import Callable
from decimal import Decimal

from tests.api.ledger import to_debit_memo, to_invoice
from tests.api.support import create_account, create_set, new_account, new_set
from tests.servers import Api, Json, decode

DAY = "2026-03-01"
NETSUITE = {"IntegrationId__NS": "1", "IntegrationStatus__NS": "Done", "SyncDate__NS": DAY}
CUSTOM = {"complexity__c": "low", "description__c": "x"}
TEN = Decimal("10.00")
ACCOUNTING_CODES = ("deferredRevenue", "onAccount", "recognizedRevenue")


class World:
    """An account with a set of its own, and what it takes to call every operation on it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.set = create_set(api)
        self.account_id = create_account(api, sequenceSetId=self.set["id"])

    def ok(self, method: str, path: str, body: object = None) -> Json:
        return self.api.ok(method, path, body)

    def several(self, method: str, path: str, body: object) -> Json:
        """The answer to a request of which a part is refused."""
        return decode(self.api.call(method, path, body))

    def invoice_body(self, **fields: object) -> Json:
        tax = {"name": "VAT", "taxAmount": Decimal("1.90"), "taxRate": Decimal("0.19"), "taxDate": DAY}
        tax |= {
            "exemptAmount": 0,
            "jurisdiction": "DE",
            "locationCode": "1",
            "taxCode": "V",
            "taxRateType": "Percentage",
        }
        item = {"amount": TEN, "chargeName": "Seats", "serviceStartDate": DAY, "serviceEndDate": DAY, "chargeDate": DAY}
        item |= {"description": "d", "quantity": 1, "unitPrice": TEN, "uom": "Each", "sku": "s"}
        item |= {"excludeItemBillingFromRevenueAccounting": False, "productRatePlanChargeId": "c"}
        item |= {"taxItems": [{**tax, "taxRateDescription": "full"}]}
        body = {"accountId": self.account_id, "invoiceDate": DAY, "dueDate": DAY, "invoiceItems": [item]}
        return {**body, **NETSUITE, **CUSTOM, "autoPay": False, "comments": "c", "status": "Posted", **fields}

    def invoice(self, **fields: object) -> Json:
        return self.ok("POST", "/v1/invoices", self.invoice_body(**fields))

    def invoice_line(self, invoice: Json) -> Json:
        found: Json = self.ok("GET", f"/v1/invoices/{invoice['id']}/items")["invoiceItems"][0]
        return found

    def memo_body(self, **fields: object) -> Json:
        charge = {"amount": TEN, "chargeId": "c", "comment": "c", "quantity": 1, "description": "d"}
        charge |= {"serviceStartDate": DAY, "serviceEndDate": DAY}
        body = {"accountId": self.account_id, "charges": [charge], "comment": "c", "reasonCode": "r"}
        return {**body, "effectiveDate": DAY, **fields}

    def from_invoice_body(self, invoice: Json, **fields: object) -> Json:
        line = self.invoice_line(invoice)
        tax = {"amount": Decimal("1.90"), "taxName": "VAT", "taxRate": Decimal("0.19"), "taxDate": DAY, "taxCode": "V"}
        tax |= {"jurisdiction": "DE", "locationCode": "1", "taxCodeDescription": "t", "taxRateDescription": "full"}
        tax |= {"taxExemptAmount": 0, "taxRateType": "Percentage", "financeInformation": self.tax_accounting()}
        tax |= {"sourceTaxItemId": line["taxationItems"]["data"][0]["id"]}
        item = {"amount": TEN, "invoiceItemId": line["id"], "skuName": "Seats", "comment": "c", "quantity": 1}
        item |= {"serviceStartDate": DAY, "serviceEndDate": DAY, "unitOfMeasure": "Each", "taxItems": [tax]}
        item |= {"excludeItemBillingFromRevenueAccounting": False, "taxMode": "TaxExclusive"}
        item |= {"financeInformation": {f"{name}AccountingCode": "1" for name in ACCOUNTING_CODES}}
        return {"items": [item], "comment": "c", "reasonCode": "r", "effectiveDate": DAY, "autoPost": True, **fields}

    def tax_accounting(self) -> Json:
        return {"onAccountAccountingCode": "1", "salesTaxPayableAccountingCode": "2"}

    def credit_memo(self, **fields: object) -> Json:
        """A posted credit memo from an invoice."""
        invoice = self.invoice()
        return self.ok("POST", f"/v1/credit-memos/invoice/{invoice['id']}", self.from_invoice_body(invoice, **fields))

    def debit_memo(self, **fields: object) -> Json:
        """A posted debit memo from an invoice."""
        invoice = self.invoice()
        return self.ok("POST", f"/v1/debit-memos/invoice/{invoice['id']}", self.from_invoice_body(invoice, **fields))

    def change(self, path: str, memo: Json, action: str, body: object = None) -> Json:
        return self.ok("PUT", f"{path}/{memo['id']}{action}", body)

    def applied_memo(self) -> Json:
        """A credit memo that is applied to an invoice and to a debit memo."""
        memo = self.credit_memo()
        parts = {"invoices": [to_invoice(self.invoice()["id"], 2)]}
        parts |= {"debitMemos": [to_debit_memo(self.debit_memo()["id"], 3)]}
        return self.change("/v1/credit-memos", memo, "/apply", {**parts, "effectiveDate": DAY})

    def payment_body(self, **fields: object) -> Json:
        body = {"accountId": self.account_id, "amount": 100, "currency": "EUR", "type": "External", "comment": "c"}
        body |= {
            "effectiveDate": DAY,
            "gatewayId": "g",
            "gatewayOrderId": "o",
            "referenceId": "r",
            "softDescriptor": "s",
        }
        body |= {"softDescriptorPhone": "1", "paymentMethodId": "m", "authTransactionId": "a"}
        body |= {"paymentGatewayNumber": "PG-00000001", "paymentMethodType": "Check"}
        body |= {"financeInformation": {"bankAccountAccountingCode": "1", "unappliedPaymentAccountingCode": "2"}}
        return {**body, **fields}

    def payment(self, **fields: object) -> Json:
        return self.ok("POST", "/v1/payments", self.payment_body(**fields))

    def applied_payment(self) -> Json:
        """A payment that is applied to an invoice and to a debit memo."""
        parts = {"invoices": [to_invoice(self.invoice()["id"], 2)]}
        return self.payment(**parts, debitMemos=[to_debit_memo(self.debit_memo()["id"], 3)])

    def refund_body(self, **fields: object) -> Json:
        body = {"totalAmount": 1, "type": "External", "methodType": "Check", "comment": "c", "reasonCode": "r"}
        body |= {"refundDate": DAY, "referenceId": "r", "secondRefundReferenceId": "s", "softDescriptor": "s"}
        return {**body, "softDescriptorPhone": "1", **fields}

    def refund(self) -> Json:
        return self.ok("POST", f"/v1/payments/{self.payment()['id']}/refunds", self.refund_body())


CREDITS, DEBITS = "/v1/credit-memos", "/v1/debit-memos"
Call = Callable[[World], Json]


def _contact() -> Json:
    text = ("address1", "address2", "city", "fax", "homePhone", "mobilePhone", "nickname", "otherPhone", "state")
    more = ("personalEmail", "workEmail", "workPhone", "zipCode", "county", "taxRegion")
    contact = dict.fromkeys((*text, *more), "x") | {"personalEmail": "a@b.example", "workEmail": "a@b.example"}
    return {**contact, "firstName": "Ada", "lastName": "Lovelace", "country": "Germany", "otherPhoneType": "Work"}


def _account(world: World) -> Json:
    fields = {"billToContact": _contact(), "soldToContact": _contact(), "sequenceSetId": world.set["id"]}
    fields |= {"notes": "n", "crmId": "c", "batch": "Batch1", "salesRep": "s", "communicationProfileId": "p"}
    fields |= {"paymentTerm": "Net 30", "billCycleDay": 1, "paymentGateway": "g", "autoPay": False}
    fields |= {"invoiceDeliveryPrefsPrint": True, "invoiceDeliveryPrefsEmail": False}
    return world.ok("POST", "/v1/accounts", new_account(**fields, additionalEmailAddresses=["a@b.example"]))


def _memo_step(path: str, action: str, *before: str, **fields: object) -> Call:
    """A step in the life of a memo from an invoice, after the steps that lead to it."""

    def call(world: World) -> Json:
        memo = world.credit_memo(**fields) if path == CREDITS else world.debit_memo(**fields)
        for step in before:
            world.change(path, memo, f"/{step}")
        return world.change(path, memo, f"/{action}")

    return call


def _delete_memo(path: str) -> Call:
    def call(world: World) -> Json:
        memo = world.ok("POST", path, world.memo_body())
        world.change(path, memo, "/cancel")
        return world.ok("DELETE", f"{path}/{memo['id']}")

    return call


def _create_several(path: str) -> Call:
    def call(world: World) -> Json:
        first, second = (world.invoice() for _ in range(2))
        good = {**world.from_invoice_body(first), "invoiceId": first["id"]}
        bad = {**world.from_invoice_body(second), "invoiceId": "missing"}
        return world.several("POST", f"{path}/bulk", {"memos": [good, bad], "sourceType": "Invoice"})

    return call


def _update_several(path: str) -> Call:
    def call(world: World) -> Json:
        memo = world.credit_memo() if path == CREDITS else world.debit_memo()
        changes = [{"id": memo["id"], "comment": "d"}, {"id": "missing", "comment": "d"}]
        return world.several("PUT", f"{path}/bulk", {"memos": changes})

    return call


def _due_dates(world: World) -> Json:
    memos = [{"id": world.debit_memo()["id"], "dueDate": "2026-05-01"}]
    return world.ok("PUT", DEBITS, {"debitMemos": memos})


def _batch(world: World) -> Json:
    bodies = [world.invoice_body(), world.invoice_body(accountId="missing")]
    return world.several("POST", "/v1/invoices/batch", {"invoices": bodies})


def _bulk_post(world: World) -> Json:
    posts = [{"id": world.invoice(status="Draft")["id"], "invoiceDate": DAY}, {"id": "missing"}]
    return world.several("POST", "/v1/invoices/bulk-post", {"invoices": posts})


def _update_invoices(world: World) -> Json:
    change = {"id": world.invoice(status="Draft")["id"], "comments": "d"}
    return world.ok("PUT", "/v1/invoices", {"invoices": [change]})


def _delete_invoice(world: World) -> Json:
    invoice = world.invoice(status="Draft")
    world.change("/v1/invoices", invoice, "/cancel")
    return world.ok("DELETE", f"/v1/invoices/{invoice['id']}")


def _list(path: str, make: Callable[[World], Json]) -> Call:
    def call(world: World) -> Json:
        made = make(world)
        return world.ok("GET", f"{path}?accountId={made['accountId']}")

    return call


def _unapply_payment(world: World) -> Json:
    invoice = world.invoice()
    payment = world.payment(invoices=[to_invoice(invoice["id"], 2)])
    return world.change("/v1/payments", payment, "/unapply", {"invoices": [to_invoice(invoice["id"], 1)]})


def _delete_issued(path: str, make: Callable[[World], Json]) -> Call:
    """Money is issued with a number of its series from the start: deleting it is always refused."""

    def call(world: World) -> Json:
        made = make(world)
        world.change(path, made, "/cancel")
        answer = world.several("DELETE", f"{path}/{made['id']}", None)
        assert answer["success"] is False
        return answer

    return call


def _cancel_refund(world: World) -> Json:
    return world.change("/v1/refunds", world.refund(), "/cancel")


def _update_refund(world: World) -> Json:
    body = {"comment": "d", "reasonCode": "r", "gatewayReconciliationStatus": "s", "gatewayReconciliationReason": "s"}
    return world.change("/v1/refunds", world.refund(), "", {**body, "payoutId": "p", "referenceId": "r"})


def _update_payment(world: World) -> Json:
    body = {"comment": "d", "gatewayReconciliationStatus": "s", "gatewayReconciliationReason": "s", "payoutId": "p"}
    return world.change("/v1/payments", world.payment(), "", {**body, "gatewayState": "Settled", "referenceId": "r"})


def _refund_unapplying(world: World) -> Json:
    payment = world.applied_payment()
    return world.ok("POST", f"/v1/payments/{payment['id']}/refunds/unapply", world.refund_body())


def _apply_payment(world: World) -> Json:
    return world.change("/v1/payments", world.payment(), "/apply", {"invoices": [to_invoice(world.invoice()["id"], 1)]})


def _update_set(world: World) -> Json:
    return world.ok("PUT", f"/v1/sequence-sets/{create_set(world.api)['id']}", {"invoice": {"startNumber": 5}})


def _new_sets(world: World) -> Json:
    return world.ok("POST", "/v1/sequence-sets", {"sequenceSets": [new_set()]})


CALLS: dict[str, Call] = {
    "POST /v1/accounts": _account,
    "GET /v1/accounts/{}": lambda w: w.ok("GET", f"/v1/accounts/{_account(w)['accountId']}"),
    "PUT /v1/accounts/{}": lambda w: w.ok("PUT", f"/v1/accounts/{w.account_id}", {"notes": "n"}),
    "DELETE /v1/accounts/{}": lambda w: w.ok("DELETE", f"/v1/accounts/{_account(w)['accountId']}"),
    "POST /v1/credit-memos": lambda w: w.ok("POST", CREDITS, w.memo_body(autoPost=True)),
    "GET /v1/credit-memos": _list(CREDITS, lambda w: w.credit_memo()),
    "POST /v1/credit-memos/bulk": _create_several(CREDITS),
    "PUT /v1/credit-memos/bulk": _update_several(CREDITS),
    "PUT /v1/credit-memos/{}/write-off": lambda w: w.change(CREDITS, w.credit_memo(), "/write-off", {}),
    "GET /v1/credit-memos/{}": lambda w: w.ok("GET", f"{CREDITS}/{w.credit_memo()['id']}"),
    "PUT /v1/credit-memos/{}": lambda w: w.change(CREDITS, w.credit_memo(), "", {"comment": "d"}),
    "DELETE /v1/credit-memos/{}": _delete_memo(CREDITS),
    "PUT /v1/credit-memos/{}/apply": lambda w: w.applied_memo(),
    "PUT /v1/credit-memos/{}/cancel": _memo_step(CREDITS, "cancel", autoPost=False),
    "GET /v1/credit-memos/{}/items": lambda w: w.ok("GET", f"{CREDITS}/{w.credit_memo()['id']}/items"),
    "GET /v1/credit-memos/{}/parts": lambda w: w.ok("GET", f"{CREDITS}/{w.applied_memo()['id']}/parts"),
    "PUT /v1/credit-memos/{}/post": _memo_step(CREDITS, "post", autoPost=False),
    "PUT /v1/credit-memos/{}/reverse": lambda w: w.change(CREDITS, w.credit_memo(), "/reverse", {}),
    "PUT /v1/credit-memos/{}/unapply": lambda w: w.change(CREDITS, w.applied_memo(), "/unapply", {}),
    "PUT /v1/credit-memos/{}/unpost": _memo_step(CREDITS, "unpost"),
    "POST /v1/debit-memos": lambda w: w.ok("POST", DEBITS, w.memo_body(dueDate=DAY, autoPost=True)),
    "PUT /v1/debit-memos": _due_dates,
    "GET /v1/debit-memos": _list(DEBITS, lambda w: w.debit_memo()),
    "POST /v1/debit-memos/bulk": _create_several(DEBITS),
    "PUT /v1/debit-memos/bulk": _update_several(DEBITS),
    "GET /v1/debit-memos/{}": lambda w: w.ok("GET", f"{DEBITS}/{w.debit_memo()['id']}"),
    "PUT /v1/debit-memos/{}": lambda w: w.change(DEBITS, w.debit_memo(), "", {"comment": "d"}),
    "DELETE /v1/debit-memos/{}": _delete_memo(DEBITS),
    "PUT /v1/debit-memos/{}/cancel": _memo_step(DEBITS, "cancel", autoPost=False),
    "GET /v1/debit-memos/{}/items": lambda w: w.ok("GET", f"{DEBITS}/{w.debit_memo()['id']}/items"),
    "PUT /v1/debit-memos/{}/post": _memo_step(DEBITS, "post", autoPost=False),
    "PUT /v1/debit-memos/{}/unpost": _memo_step(DEBITS, "unpost"),
    "POST /v1/invoices": lambda w: w.invoice(),
    "PUT /v1/invoices": _update_invoices,
    "POST /v1/invoices/batch": _batch,
    "POST /v1/invoices/bulk-post": _bulk_post,
    "PUT /v1/invoices/{}": lambda w: w.change("/v1/invoices", w.invoice(), "", {"comments": "d"}),
    "DELETE /v1/invoices/{}": _delete_invoice,
    "GET /v1/invoices/{}": lambda w: w.ok("GET", f"/v1/invoices/{w.invoice()['id']}"),
    "GET /v1/invoices/{}/items": lambda w: w.ok("GET", f"/v1/invoices/{w.invoice()['id']}/items"),
    "PUT /v1/invoices/{}/reverse": lambda w: w.change("/v1/invoices", w.invoice(), "/reverse", {}),
    "PUT /v1/invoices/{}/write-off": lambda w: w.change("/v1/invoices", w.invoice(), "/write-off", {}),
    "POST /v1/payments": lambda w: w.payment(),
    "GET /v1/payments": _list("/v1/payments", lambda w: w.payment()),
    "PUT /v1/payments/{}": _update_payment,
    "GET /v1/payments/{}": lambda w: w.ok("GET", f"/v1/payments/{_update_payment(w)['id']}"),
    "DELETE /v1/payments/{}": _delete_issued("/v1/payments", lambda w: w.payment()),
    "PUT /v1/payments/{}/apply": _apply_payment,
    "PUT /v1/payments/{}/cancel": lambda w: w.change("/v1/payments", w.payment(), "/cancel"),
    "GET /v1/payments/{}/parts": lambda w: w.ok("GET", f"/v1/payments/{w.applied_payment()['id']}/parts"),
    "POST /v1/payments/{}/refunds": lambda w: w.refund(),
    "POST /v1/payments/{}/refunds/unapply": _refund_unapplying,
    "PUT /v1/payments/{}/unapply": _unapply_payment,
    "GET /v1/refunds": _list("/v1/refunds", lambda w: w.refund()),
    "PUT /v1/refunds/{}": _update_refund,
    "GET /v1/refunds/{}": lambda w: w.ok("GET", f"/v1/refunds/{w.refund()['id']}"),
    "DELETE /v1/refunds/{}": _delete_issued("/v1/refunds", lambda w: w.refund()),
    "PUT /v1/refunds/{}/cancel": _cancel_refund,
    "GET /v1/refunds/{}/parts": lambda w: w.ok("GET", f"/v1/refunds/{w.refund()['id']}/parts"),
    "POST /v1/sequence-sets": _new_sets,
    "GET /v1/sequence-sets": lambda w: w.ok("GET", f"/v1/sequence-sets?name={w.set['name']}"),
    "PUT /v1/sequence-sets/{}": _update_set,
    "GET /v1/sequence-sets/{}": lambda w: w.ok("GET", f"/v1/sequence-sets/{w.set['id']}"),
    "DELETE /v1/sequence-sets/{}": lambda w: w.ok("DELETE", f"/v1/sequence-sets/{create_set(w.api)['id']}"),
}
"""By method and path, the parameters of which are without names."""
