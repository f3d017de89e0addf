"""The fields of the seller's form: the members of `InvoiceMerchantDetails`, with what people call them."""

from dataclasses import dataclass

ADDRESS = "address"

Field = tuple[str, str, str]
"""The way to a member, its label, and help."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some fields that belong together. One that most sellers do not need is folded away until it has something."""

    title: str
    lead: str
    fields: tuple[Field, ...]
    is_folded: bool = False


def _address(member: str) -> tuple[Field, ...]:
    return (
        (f"{member}.line1", "Street and number", ""),
        (f"{member}.line2", "Second line", ""),
        (f"{member}.postcode", "Postal code", ""),
        (f"{member}.town", "Town or city", ""),
        (f"{member}.state", "State", "Two letters, for the USA and Canada."),
        (f"{member}.country", "Country", "" if member == ADDRESS else "Two letters, such as GB."),
    )


def _account(title: str, member: str, *fields: tuple[str, str], address: str = "") -> Part:
    named = tuple((f"{member}.{name}", label, "") for name, label in fields)
    return Part(title, "", named + (_address(f"{member}.{address}") if address else ()), is_folded=True)


_CANADIAN_INTERNATIONAL = "canadianInternationalDestination"
_INTERMEDIARY = f"{_CANADIAN_INTERNATIONAL}.intermediaryBank"

PARTS: tuple[Part, ...] = (
    Part(
        "Company",
        "",
        (
            ("legalCompanyName", "Legal name", ""),
            ("taxId", "Tax id", "As it stands on documents."),
            ("email", "E-mail address", "Customers answer to it, and it gets a copy of what is sent."),
            ("phoneNumber", "Telephone number", ""),
        ),
    ),
    Part("Address", "", _address(ADDRESS)),
    Part("Payment", "", (("iban", "IBAN", "The account that customers pay to."),)),
    _account(
        "Account in the United Kingdom",
        "ukAccountDetails",
        ("sortCode", "Sort code"),
        ("accountNumber", "Account number"),
    ),
    _account(
        "Account in the United States, by ACH",
        "usAchDetails",
        ("accountName", "Account name"),
        ("accountNumber", "Account number"),
        ("bankName", "Bank"),
        ("bankRoutingNumber", "Routing number"),
    ),
    _account(
        "Account in the United States, by wire",
        "usWireDetails",
        ("accountName", "Account name"),
        ("accountNumber", "Account number"),
        ("bankName", "Bank"),
        ("bankRoutingNumber", "Routing number"),
        ("swiftCode", "SWIFT code"),
        address="bankAddress",
    ),
    _account(
        "Account in Canada",
        "caBankAccountDetails",
        ("transitNumber", "Transit number"),
        ("institutionNumber", "Institution number"),
        ("accountNumber", "Account number"),
    ),
    _account(
        "Account in Canada, from abroad",
        _CANADIAN_INTERNATIONAL,
        ("legalName", "Legal name"),
        ("accountNumber", "Account number"),
        ("transitNumber", "Transit number"),
        ("institutionNumber", "Institution number"),
        ("swiftCode", "SWIFT code"),
        ("bankName", "Bank"),
        address="bankAddress",
    ),
    _account(
        "Bank on the way to the one in Canada",
        _INTERMEDIARY,
        ("bankName", "Bank"),
        ("swiftCode", "SWIFT code"),
        ("routingNumber", "Routing number"),
        address="bankAddress",
    ),
    _account(
        "Account in Australia",
        "australianDestination",
        ("legalName", "Legal name"),
        ("accountNumber", "Account number"),
        ("swiftCode", "SWIFT code"),
        ("bsb", "BSB"),
    ),
    _account(
        "Bankgiro in Sweden",
        "swedishBankgiroDestination",
        ("bankgiroNumber", "Bankgiro number"),
        ("accountName", "Account name"),
    ),
    Part(
        "Appearance",
        "The colour is that of headings on PDFs; the logo is for programs that show documents themselves.",
        (
            ("logoUrl", "Address of the logo", ""),
            ("primaryColour", "Colour", "Such as #1a2b3c."),
        ),
        is_folded=True,
    ),
)

FIELDS = tuple(name for part in PARTS for name, _, _ in part.fields)
COUNTRY = f"{ADDRESS}.country"
