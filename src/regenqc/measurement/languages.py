"""Words of the result vocabulary in other languages of laboratories: whole values only, each of one meaning.

These are the plain words of each language for what the English word says; they come from no list of an authority, and no
criterion is read out of them. Abbreviations, and words whose meaning depends on the test, are left out: they belong into the
profile of the laboratory that uses them. Traditional Chinese and Japanese share 陰性 and 陽性.
"""

from __future__ import annotations

from typing import Final

__all__ = ["TRANSLATED_WORDS"]

TRANSLATED_WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "zh": {
        "no growth": ("无菌生长", "无生长", "無菌生長", "無生長"),
        "growth": ("有菌生长", "有生长", "有菌生長", "有生長"),
        "detected": ("检出", "檢出"),
        "not detected": ("未检出", "未檢出"),
        "positive": ("阳性", "陽性"),
        "negative": ("阴性", "陰性"),
        "complies": ("符合规定", "符合規定"),
        "does not comply": ("不符合规定", "不符合規定"),
        "pass": ("合格",),
        "fail": ("不合格",),
    },
    "ja": {
        "no growth": ("発育なし", "菌の発育を認めない"),
        "growth": ("発育あり", "菌の発育を認める"),
        "detected": ("検出",),
        "not detected": ("不検出", "検出せず", "検出されず"),
        "positive": ("陽性",),
        "negative": ("陰性",),
        "complies": ("適合",),
        "does not comply": ("不適合",),
    },
    "ko": {
        "detected": ("검출", "검출됨"),
        "not detected": ("불검출", "검출되지 않음"),
        "positive": ("양성",),
        "negative": ("음성",),
        "complies": ("적합",),
        "does not comply": ("부적합",),
    },
    "fr": {
        "no growth": ("absence de croissance", "pas de croissance"),
        "growth": ("croissance",),
        "detected": ("détecté", "détectée"),
        "not detected": ("non détecté", "non détectée"),
        "positive": ("positif",),
        "negative": ("négatif", "négative"),
        "reactive": ("réactif",),
        "non-reactive": ("non réactif",),
        "present": ("présent", "présence"),
        "absent": ("absence",),
        "complies": ("conforme",),
        "does not comply": ("non conforme",),
        "sterile": ("stérile",),
        "not sterile": ("non stérile",),
    },
    "de": {
        "no growth": ("kein Wachstum",),
        "growth": ("Wachstum",),
        "detected": ("nachgewiesen", "nachweisbar"),
        "not detected": ("nicht nachgewiesen", "nicht nachweisbar"),
        "positive": ("positiv",),
        "negative": ("negativ",),
        "reactive": ("reaktiv",),
        "non-reactive": ("nicht reaktiv",),
        "present": ("vorhanden",),
        "absent": ("nicht vorhanden", "abwesend"),
        "complies": ("entspricht",),
        "does not comply": ("entspricht nicht",),
        "sterile": ("steril",),
        "not sterile": ("nicht steril", "unsteril"),
    },
    "es": {
        "no growth": ("sin crecimiento",),
        "growth": ("crecimiento",),
        "detected": ("detectado", "detectada"),
        "not detected": ("no detectado", "no detectada"),
        "positive": ("positivo", "positiva"),
        "negative": ("negativo", "negativa"),
        "reactive": ("reactivo",),
        "non-reactive": ("no reactivo",),
        "present": ("presente",),
        "absent": ("ausente",),
        "complies": ("cumple",),
        "does not comply": ("no cumple",),
        "sterile": ("estéril",),
        "not sterile": ("no estéril",),
    },
}
