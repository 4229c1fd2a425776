"""What a text may not hold, whatever it is about: running markup, SQL, numbers of real people (B-README; section 7)."""

from __future__ import annotations

import re

import jsonschema_rs

from mock_kj import identity
from mock_kj.errors import Refusal

# What counts as malicious is unknown (B-README only says that it is rejected): markup that runs, and SQL. The engine is
# the linear one of jsonschema-rs, since one that tries again could be kept busy for minutes by a text made for it.
# Line ends and tabs stand in JSON as a backslash and a letter.
_GAP = r"(?:\s|\\[bfnrt]|/\*[^*]*\*/)"
_WORD = r"(?:\b|\\[bfnrt])"
_MALICIOUS = (
    rf"<(?:{_GAP}|/)*[a-z!?]|javascript:|{_WORD}on[a-z]{{3,12}}{_GAP}*=|data:text/html|\$\{{jndi:"
    rf"|'{_GAP}*(?:;|or{_GAP}+'?\d|--)|{_WORD}union{_GAP}+(?:all{_GAP}+)?select\b"
    rf"|{_WORD}(?:drop|alter|truncate){_GAP}+table\b|{_WORD}insert{_GAP}+into{_GAP}+\w+{_GAP}*(?:\(|(?:values|select)\b)"
    rf"|{_WORD}delete{_GAP}+from{_GAP}+\w+{_GAP}*(?:where\b|[;\\\"]|--)"
)


def _without(pattern: str) -> jsonschema_rs.Draft7Validator:
    """A check that a text holds nothing of a pattern."""
    return jsonschema_rs.Draft7Validator({"not": {"pattern": pattern}}, pattern_options=jsonschema_rs.RegexOptions())


_HARMLESS = _without(_MALICIOUS)
# Nothing malicious and no eleven digits, in one piece or two: most texts need no other look. Digits stand as 0.
_PLAIN = _without(rf"{_MALICIOUS}|0{{6}}(?: |-|\.|\u00a0)?0{{5}}")
# Small letters, and every digit as 0: eleven digits in a row are found twenty times as quickly as with an expression.
_FOLD = bytes(48 if 48 <= i <= 57 else i + 32 if 65 <= i <= 90 else i for i in range(256))
_ELEVEN = b"0" * 11
_ELEVEN_DIGITS = re.compile(rb"[0-9]{11,}")
# A number as people write it, with something between date and individual number.
_GAPS = (b" ", b"-", b".", "\u00a0".encode())
_SPLIT = tuple(b"000000" + gap + b"00000" for gap in _GAPS)
_SPLIT_DIGITS = re.compile(rb"(?<![0-9])([0-9]{6})(?: |-|\.|\xc2\xa0)([0-9]{5})(?![0-9])")


def check(text: bytes, nin: str, *, allow_real_numbers: bool) -> None:
    """Look through the JSON of a resource about the patient with this number.

    Raises:
        Refusal: malicious or nin-real.

    """
    patient = nin.encode()
    folded = text.replace(patient, b" ").translate(_FOLD)
    if _PLAIN.is_valid(shown := folded.decode()):
        return
    if not _HARMLESS.is_valid(shown):
        raise Refusal("malicious", "markup or SQL was found in a text")
    if not allow_real_numbers and holds_real_number(text, folded, nin):
        raise Refusal("nin-real", "the body holds a number that could belong to a real person")


def holds_real_number(text: bytes, folded: bytes | None = None, patient: str = "") -> bool:
    """Whether a number that a real person could have stands in a text, in one piece or in two (010101 12345)."""
    folded = text.translate(_FOLD) if folded is None else folded
    found = [d.decode() for d in _ELEVEN_DIGITS.findall(text) if len(d) == 11] if _ELEVEN in folded else []
    if any(split in folded for split in _SPLIT):
        found += [(date + rest).decode() for date, rest in _SPLIT_DIGITS.findall(text)]
    return any(digits != patient and identity.classify(digits) == "real" for digits in found)
