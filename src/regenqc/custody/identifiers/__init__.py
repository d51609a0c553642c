"""Identifiers of things: GS1 keys, ISBT 128 numbers, the Single European Code; check characters verified, one spelling each."""

from regenqc.custody.identifiers.check_characters import (
    gs1_check_digit,
    has_gs1_check_digit,
    mod_11_2_character,
    mod_37_2_character,
)
from regenqc.custody.identifiers.epc import parse_epc
from regenqc.custody.identifiers.gs1 import Gs1Identifier, digital_link, parse_digital_link, parse_element_string
from regenqc.custody.identifiers.isbt128 import DonationNumber, ProductCode, parse_donation_number, parse_product_code
from regenqc.custody.identifiers.scanned import Scan, read_scan
from regenqc.custody.identifiers.single_european_code import SingleEuropeanCode, parse_single_european_code
from regenqc.custody.identifiers.spelling import is_standard, one_spelling, spelling_fault

__all__ = [
    "DonationNumber",
    "Gs1Identifier",
    "ProductCode",
    "Scan",
    "SingleEuropeanCode",
    "digital_link",
    "gs1_check_digit",
    "has_gs1_check_digit",
    "is_standard",
    "mod_11_2_character",
    "mod_37_2_character",
    "one_spelling",
    "parse_digital_link",
    "parse_donation_number",
    "parse_element_string",
    "parse_epc",
    "parse_product_code",
    "parse_single_european_code",
    "read_scan",
    "spelling_fault",
]
