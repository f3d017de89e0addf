"""The fields of accounts and contacts that Zuora documents. Most are kept as they come and read back."""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from seriatim.api.zuora.document_fields import CustomFields
from seriatim.api.zuora.wire import (
    Request,
    Text20,
    Text25,
    Text32,
    Text40,
    Text50,
    Text64,
    Text70,
    Text80,
    Text100,
    Text255,
    Text500,
    Text65535,
)

BILL_TO = "billToContact"
SOLD_TO = "soldToContact"
SHIP_TO = "shipToContact"

PersonName = Annotated[str, Meta(min_length=1, max_length=100)]
CurrencyCode = Annotated[str, Meta(min_length=3, max_length=3)]
BillCycleDay = Annotated[int, Meta(ge=0, le=31)]
AccountName = Annotated[str, Meta(min_length=1, max_length=255)]
Emails = Annotated[list[Text255], Meta(max_length=50)]


class ContactFields(CustomFields, kw_only=True):
    """What a contact may carry besides its name."""

    address1: Text255 | None = None
    address2: Text255 | None = None
    city: Text100 | None = None
    contact_description: Text100 | None = None
    country: Text64 | None = None
    county: Text100 | None = None
    fax: Text40 | None = None
    home_phone: Text40 | None = None
    mobile_phone: Text100 | None = None
    nickname: Text100 | None = None
    other_phone: Text40 | None = None
    other_phone_type: Literal["Work", "Mobile", "Home", "Other", ""] | None = None
    personal_email: Text80 | None = None
    postal_code: Text20 | None = None
    state: Text100 | None = None
    tax_region: Text100 | None = None
    work_email: Text80 | None = None
    work_phone: Text40 | None = None
    zip_code: Text20 | None = None


class NewContact(ContactFields, kw_only=True):
    """A contact of a new account."""

    first_name: PersonName
    last_name: PersonName


class ChangedContact(ContactFields, kw_only=True):
    """What changes in a contact."""

    first_name: PersonName | None = None
    last_name: PersonName | None = None


class TaxInfo(Request, kw_only=True):
    """Tax exemption of an account."""

    company_code: Text50 | None = None
    exempt_certificate_id: Text32 | None = None
    exempt_certificate_type: Text32 | None = None
    exempt_description: Text500 | None = None
    exempt_effective_date: date | None = None
    exempt_entity_use_code: Text32 | None = None
    exempt_expiration_date: date | None = None
    exempt_issuing_jurisdiction: Text32 | None = None
    exempt_status: Literal["No", "Yes", "PendingVerification"] | None = None
    vat_id: Text25 | None = field(name="VATId", default=None)


class ElectronicProfile(Request, kw_only=True):
    """How an account takes part in e-invoicing or e-reporting."""

    enabled: bool | None = None
    business_category: Text255 | None = None
    business_name: Text255 | None = None
    business_number: Text100 | None = None
    business_number_scheme_id: Text50 | None = None
    endpoint_id: Text100 | None = None
    endpoint_scheme_id: Text50 | None = None
    tax_register_number: Text100 | None = None


class AccountFields(CustomFields, kw_only=True):
    """What an account may carry, on creation and later, and Seriatim does not act on."""

    class__ns: Text255 | None = None
    customer_type__ns: Literal["Company", "Individual"] | None = None
    department__ns: Text255 | None = None
    integration_id__ns: Text255 | None = None
    integration_status__ns: Text255 | None = None
    location__ns: Text255 | None = None
    subsidiary__ns: Text255 | None = None
    sync_date__ns: Text255 | None = None
    syncto_net_suite__ns: Literal["Yes", "No"] | None = None
    additional_email_addresses: Emails | None = None
    auto_pay: bool | None = None
    batch: Text50 | None = None
    bill_cycle_day: BillCycleDay | None = None
    communication_profile_id: Text64 | None = None
    credit_memo_template_id: Text64 | None = None
    crm_id: Text100 | None = None
    customer_service_rep_name: Text50 | None = None
    debit_memo_template_id: Text64 | None = None
    e_reporting_profile: ElectronicProfile | None = None
    einvoice_profile: ElectronicProfile | None = None
    gateway_routing_eligible: bool | None = None
    invoice_delivery_prefs_email: bool | None = None
    invoice_delivery_prefs_print: bool | None = None
    invoice_template_id: Text32 | None = None
    notes: Text65535 | None = None
    parent_id: Text64 | None = None
    partner_account: bool | None = None
    payment_gateway: Text40 | None = None
    payment_gateway_number: Text40 | None = None
    payment_term: Text100 | None = None
    profile_number: Text64 | None = None
    purchase_order_number: Text100 | None = None
    roll_up_usage: bool | None = None
    sales_rep: Text50 | None = None
    summary_statement_template_id: Text32 | None = None
    tagging: Text255 | None = None
    tax_info: TaxInfo | None = None


class CreateAccountRequest(AccountFields, kw_only=True):
    """An account to be created."""

    name: AccountName
    currency: CurrencyCode
    bill_to_contact: NewContact
    account_number: Text70 | None = None
    application_order: Annotated[list[Text50], Meta(max_length=10)] | None = None
    apply_credit: bool | None = None
    apply_credit_balance: bool | None = None
    associate_commitment_number: Text255 | None = None
    collect: bool | None = None
    communication_profile_name: Text70 | None = None
    credit_card: dict[str, Any] | None = None
    credit_memo_reason_code: Text25 | None = None
    document_date: date | None = None
    gateway_id: Text64 | None = None
    hpm_credit_card_payment_method_id: Text64 | None = None
    invoice: bool | None = None
    invoice_collect: bool | None = None
    invoice_target_date: date | None = None
    organization_label: Text100 | None = None
    parent_account_number: Text70 | None = None
    payment_gateway_name: Text40 | None = None
    payment_method: dict[str, Any] | None = None
    payment_method_id: Text64 | None = None
    run_billing: bool | None = None
    sequence_set_id: Text32 | None = None
    sequence_set_name: Text32 | None = None
    ship_to_contact: NewContact | None = None
    ship_to_same_as_bill_to: bool | None = None
    sold_to_contact: NewContact | None = None
    sold_to_same_as_bill_to: bool | None = None
    subscription: dict[str, Any] | None = None
    target_date: date | None = None


class UpdateAccountRequest(AccountFields, kw_only=True):
    """What changes in an account. An empty text empties its field."""

    name: AccountName | None = None
    bill_to_contact: ChangedContact | None = None
    bill_to_contact_id: Text64 | None = None
    default_payment_method_id: Text64 | None = None
    sequence_set_id: Text32 | None = None
    ship_to_contact: ChangedContact | None = None
    ship_to_contact_id: Text64 | None = None
    sold_to_contact: ChangedContact | None = None
    sold_to_contact_id: Text64 | None = None


BILLING_FIELDS = frozenset(
    {
        "additionalEmailAddresses",
        "autoPay",
        "billCycleDay",
        "defaultPaymentMethodId",
        "gatewayRoutingEligible",
        "invoiceDeliveryPrefsEmail",
        "invoiceDeliveryPrefsPrint",
        "paymentGateway",
        "paymentGatewayNumber",
        "paymentTerm",
        "rollUpUsage",
    }
)
"""Kept fields that are read back under `billingAndPayment`."""

TOP_FIELDS = frozenset({"eReportingProfile", "einvoiceProfile", "taxInfo"})
"""Kept fields that are read back beside the sections; all others stand in `basicInfo`."""
