"""The smallest words of languages in Latin letters, to tell encodings apart.

`ingest.language` tells languages better; its model needs more memory and more room on the disk than the
process that reads a document may have.
"""

from __future__ import annotations

import re
from collections import Counter

# The short words of Western languages are all here: "a", "o", "na" and "se" would speak for Czech.
_WORDS = {
    "en": "the of and to in is for with that this not are on by or be as it you your a i at an from "
    "was were has have",
    "de": "der die das und ist nicht mit von für den dem des ein eine sie ich zu auf im wird in an "
    "am es er wie was wer bei aus war hat dass oder da",
    "fr": "le la les des et est une pour dans que qui pas sur avec du au vous ce par ou à a il elle "
    "on un en y ne sa son ou",
    "es": "el la los las del que en es una para con por no se este su como más usted y a un al lo "
    "qué quién cuál cuándo cómo ha fue ser e o sin pero sobre entre",
    "it": "il lo gli della che di è una per con non sono del dei questo nel alla più ed si a i e o "
    "un al ha in se da ma su come le cui",
    "pt": "o os as do da dos das que em é uma para com não por se um ao mais você a e i à foi ser "
    "ha há qual quem como mas sem sobre entre na no nas nos",
    "nl": "de het een en van is dat niet met voor op te zijn wordt deze aan door ook bij dit in om "
    "er je na was werd als",
    "sv": "och att det som en är på inte för med av den till ett har du kan om eller från i de var "
    "vi så se da",
    "da": "og at det er en på ikke for med af den til et har du kan om eller fra skal i de var vi så se da",
    "nb": "og å det er en på ikke for med av den til et har du kan om eller fra skal i de var vi så se da",
    "fi": "ja on ei että se tämä tai ovat myös kun voi joka oli sen mutta kuin ole sekä siitä",
    "pl": "i w na z się nie do że jest o po od za przez dla oraz są lub ten być",
    "cs": "a v na se je že z do s o pro nebo jsou není jako by za od který tento",
    "sk": "a v na sa je že z do s o pre alebo sú nie je ako by za od ktorý tento",
    "hu": "a az és hogy nem egy is van meg ez vagy csak kell lehet minden ha el már mint volt",
    "ro": "şi în din este nu cu care pentru sau sunt mai prin acest această după fi poate trebuie",
    "sl": "in je na za se da ni ki ali so pri od kot bo z v po tudi lahko ta",
    "hr": "i je na za se da nije koji ili su od kao u s iz ne ovo biti može po",
    "sq": "dhe në të e një për me nuk është që nga ka do ky si më ose së",
    "tr": "ve bir bu için ile da de olarak değil var daha çok olan gibi veya en her ne kadar lütfen",
    "az": "və bir bu üçün ilə da də olan deyil var daha çox kimi ki hər",
    "lt": "ir yra kad su iš į ne tai kaip arba nuo bei prie jei šis turi būti apie per buvo",
    "lv": "un ir ar par no uz kas vai nav lai pie šis tas kā bet var ja tiek jums ko",
    "et": "ja on ei see et või kui ka oma mis ning seda selle olema peab siis aga kes",
    "vi": "và là của có không cho một các được trong với này những khi để",
}
_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES.setdefault(_word, []).append(_language)
_TOKEN = re.compile(r"[^\W\d_]+")
# A text says within these what it is written in.
_LOOKED_AT_CHARS = 20_000


def languages_by_small_words(text: str, least: int) -> set[str]:
    """ISO 639-1 codes of the languages of most of the small words in a text; none where it has too few.

    Args:
        least: so many of them make a language.
    """
    found: Counter[str] = Counter()
    for token in _TOKEN.findall(text[:_LOOKED_AT_CHARS].lower()):
        found.update(_LANGUAGES.get(token, ()))
    most = max(found.values(), default=0)
    return {language for language, hits in found.items() if hits == most >= least}
