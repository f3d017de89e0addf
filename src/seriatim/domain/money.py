"""Money as integer minor units of an ISO 4217 currency. No float comes near it."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from seriatim.errors import InvalidValue

AMOUNT_MINOR_MAX = 10**15
"""The largest amount of one item or document, in minor units: exact as a 64-bit integer, sums included."""

_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
    "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
WITHDRAWN_CURRENCIES = {"BGN": 2}
"""Codes that ISO 4217 has given up and documents are still written in, with their decimal places: the Bulgarian lev."""
CURRENCY_EXPONENTS = {
    code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()
} | WITHDRAWN_CURRENCIES
"""Decimal places of every ISO 4217 currency that has minor units or none; metals and test codes are left out."""
_UNITS_IN_ONE: dict[str, int] = {code: 10**exponent for code, exponent in CURRENCY_EXPONENTS.items()}
"""How many minor units make one of a currency."""

DECIMAL_DIGITS_MAX = 30
"""Digits before and after the point that a decimal may be given with."""

_EXACT = Context(prec=5 * DECIMAL_DIGITS_MAX)
"""Holds the product of any two decimals. Python's usual context rounds to 28 digits, and would do so unseen."""

_DECIMAL_TEXT = re.compile(rf"-?[0-9]{{1,{DECIMAL_DIGITS_MAX}}}(\.[0-9]{{1,{DECIMAL_DIGITS_MAX}}})?", re.ASCII)


def check_currency(code: str, field: str = "currency") -> str:
    """Give back a known ISO 4217 code.

    Raises: InvalidValue.
    """
    if code not in CURRENCY_EXPONENTS:
        raise InvalidValue(field, code, "give an ISO 4217 currency code such as EUR")
    return code


def parse_decimal(value: Decimal | int | str, field: str) -> Decimal:
    """Read an exact decimal, given as a JSON number or as a string (clients send `Decimal` as a string).

    Raises: InvalidValue, for exponents and for what is no finite decimal.
    """
    text = str(value)
    if _DECIMAL_TEXT.fullmatch(text):
        return value if isinstance(value, Decimal) else Decimal(text)
    # A decimal with an exponent is one that can be written without.
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < DECIMAL_DIGITS_MAX:
        text = format(value, "f")
        if _DECIMAL_TEXT.fullmatch(text):
            return Decimal(text)
    raise InvalidValue(field, value, "give a decimal number such as 100.10")


def to_minor(value: Decimal | int | str, currency: str, field: str) -> int:
    """Turn an amount into minor units of its currency, exactly.

    Raises: InvalidValue, for more decimals than the currency has (nothing is rounded) or too large an amount.
    """
    numerator, denominator = parse_decimal(value, field).as_integer_ratio()
    minor, rest = divmod(numerator * _UNITS_IN_ONE[currency], denominator)
    if rest:
        raise InvalidValue(field, value, f"{currency} amounts have at most {CURRENCY_EXPONENTS[currency]} decimals")
    if abs(minor) > AMOUNT_MINOR_MAX:
        limit = to_decimal(AMOUNT_MINOR_MAX, currency)
        raise InvalidValue(field, value, f"an amount is at most {limit:f} {currency}")
    return minor


def scale_to_minor(value: Decimal, currency: str) -> Decimal:
    """An amount in minor units of its currency, with whatever fraction of one it has: nothing is rounded."""
    return value.scaleb(CURRENCY_EXPONENTS[currency], _EXACT)


def round_product(factor: Decimal, other: Decimal) -> Decimal:
    """Two decimals multiplied exactly, then rounded to a whole number; a half goes away from zero.

    This is the one place where money is rounded, and the rule that German and British tax offices teach.
    """
    return (_EXACT.multiply(factor, other)).quantize(Decimal(1), ROUND_HALF_UP, _EXACT)


def divide(amount: Decimal, divisor: Decimal, places: int) -> Decimal:
    """A decimal divided by another and rounded to so many places, without zeros at the end."""
    quotient = _EXACT.divide(amount, divisor).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    is_whole = quotient == quotient.to_integral_value()
    return quotient.quantize(Decimal(1), context=_EXACT) if is_whole else quotient.normalize(_EXACT)


def to_decimal(minor: int, currency: str) -> Decimal:
    """Turn minor units into a decimal amount with as many places as the currency has."""
    return Decimal(minor).scaleb(-CURRENCY_EXPONENTS[currency])
