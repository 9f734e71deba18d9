"""Closed word classes of English that the checks need. Lists, not code: each says what it is used for."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Carry no content of their own: left out of overlap.
STOP_WORDS = _words(
    """
    a about above after again against all also although am among an and any are as at be because been before
    being below between both but by can cannot could did do does doing done down during each either else etc
    even every few for from further had has have having he hence her here hers herself him himself his how
    however i if in into is it its itself just let may me might more moreover most much must my myself need
    needs neither no nor not now of off on once only onto or other others our ours ourselves out over own
    per please rather same shall she should since so some such than that the their theirs them themselves
    then there therefore these they this those though through thus to too under until up upon us very via
    was we were what when where whether which while who whom whose why will with within without would yes
    yet you your yours yourself yourselves according based regarding additionally furthermore finally
    overall specifically generally typically usually likewise instead also well don doesn didn isn aren wasn
    weren won wouldn shouldn couldn mustn needn hasn haven hadn ve re ll able ensure
    approximately approx roughly exactly precisely"""
    # German; "die", "war", "man", "hat" and "bin" are English words of content.
    """
    der das den dem des ein eine einen einem einer eines und oder aber sondern denn doch als ob wenn
    falls weil
    dass damit um zu zum zur von vom vor nach aus auf bei beim bis durch für gegen hinter im in ins mit
    neben ohne
    seit über unter während wegen zwischen an ans ab am ist sind waren sein seine seinen seiner ihr ihre
    ihren ihrer
    ihrem ihres wird werden wurde wurden worden haben hatte hatten kann können konnte darf dürfen durfte
    muss müssen
    musste soll sollen sollte sollten mag mögen will wollen nicht kein keine keinen keinem keiner keines
    nie niemals
    nur auch noch schon sehr so wie was wer wen wem wo wann warum welche welcher welches dies diese
    dieser dieses
    diesen diesem jede jeder jedes jeden jedem alle allen aller alles es er sie wir ich du uns euch mich
    mir dich dir
    sich hier dort da dann je pro etwa"""
)

# Open a sentence with a capital letter without being names.
STARTERS = STOP_WORDS | _words(
    """
    add always apply ask avoid book bring call check choose click complete consider contact create email
    fill find first follow get give go include keep last look make next note notice open remember report
    request review second see select send set sign start stop submit take tell third today try update use
    visit wait write never none nobody nothing anyone anybody everyone everybody someone one two three four
    five six seven eight nine ten"""
)

# Point back to the sentence before.
ANAPHORS = _words("he she it they this that these those such his her its their them there both each")

# Stand for what was named before. "Such" is none: "such as" points nowhere.
PRONOUNS = _words("he she it they him her them his hers its their theirs this these those")

# Ask rather than say what is asked about.
ASKING = _words(
    "allowed possible permitted happens mean know explain tell find describe get receive need required"
)

IRREGULAR = {
    "paid": "pay", "used": "use", "using": "use", "uses": "use", "made": "make", "given": "give",
    "gave": "give", "taken": "take", "took": "take", "kept": "keep",
    "held": "hold", "sent": "send", "left": "leave", "went": "go", "gone": "go", "bought": "buy",
    "brought": "bring",
    "chosen": "choose", "chose": "choose", "written": "write", "wrote": "write", "begun": "begin",
    "began": "begin",
    "told": "tell", "said": "say", "found": "find", "got": "get", "lost": "lose", "met": "meet",
    "spent": "spend",
    "worn": "wear", "seen": "see", "saw": "see", "known": "know", "knew": "know", "shown": "show",
    "stolen": "steal",
    "broken": "break", "driven": "drive", "flown": "fly", "flew": "fly", "understood": "understand",
    "built": "build",
    "sold": "sell", "led": "lead", "ran": "run", "grew": "grow", "people": "person", "children": "child",
    "approval": "approve", "removal": "remove", "renewal": "renew", "arrival": "arrive",
    "proposal": "propose",
    "withdrawal": "withdraw", "refusal": "refuse", "payment": "pay", "reservation": "reserve",
    "application": "apply", "registration": "register", "notification": "notify", "cancellation": "cancel",
    "submission": "submit", "permission": "permit", "expiration": "expire", "termination": "terminate",
    "authorisation": "authorise", "authorization": "authorise", "extension": "extend", "exception": "except",
    "deduction": "deduct", "completion": "complete", "delivery": "deliver", "expiry": "expire",
    "men": "man", "women": "woman", "applies": "apply", "applied": "apply", "carried": "carry",
    "carries": "carry",
}  # fmt: skip

# Words that a careful paraphrase swaps without changing a policy; the first of each group stands for all.
SYNONYMS = {
    other: group.split()[0]
    for group in (
        "employee staff personnel colleague coworker", "buy purchase", "begin start commence",
        "end finish", "help assist assistance", "allow permit", "require need", "ask request",
        "receive get obtain", "give provide grant", "send submit", "contact reach", "phone telephone",
        "holiday vacation", "trip travel journey", "hotel lodging accommodation", "flight airfare",
        "also additionally", "company organisation organization firm", "annual annually yearly",
        "cost price", "repay reimburse refund", "tell inform notify", "notebook laptop",
        "use utilise utilize", "keep retain", "choose select pick", "child kid", "quick fast rapid",
        "large big", "several various multiple", "whole entire", "almost nearly", "show demonstrate",
        "attempt try", "famous renowned", "earlier previous", "right correct", "wrong incorrect",
        "mend fix repair", "happen occur", "gather collect", "pupil student", "teacher instructor",
        "car vehicle", "doctor physician", "job position", "salary wage wages", "talk speak", "store save",
        "error mistake", "answer reply response", "task assignment", "firm enterprise", "house building",
        "make create", "explain describe", "enough sufficient", "important essential",
        "hard difficult", "simple easy", "goal aim objective", "part portion", "main primary",
        "idea concept", "result outcome", "way manner", "area region", "also too", "locate situate",
        "place put",
    )
    for other in group.split()[1:]
}  # fmt: skip

NEGATIVE_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis")

# Subjects, verbs and nouns of sentences that only lead to what follows.
FILLER = _words(
    """
    answer answers information detail details question following passage passages source sources document
    documents text provided given mentioned stated based here found say says said state states mention
    mentions summary conclusion key points hello hi thanks thank welcome sure certainly course hope helps
    help happy glad long total"""
)

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan januar", "february feb februar", "march mar märz", "april apr", "may mai",
        "june jun juni", "july jul juli", "august aug",
         "september sep sept", "october oct oktober", "november nov", "december dec dezember"), 1
    )
    for name in names.split()
}  # fmt: skip

WEEKDAYS = _words("monday tuesday wednesday thursday friday saturday sunday")

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
NUMBER_WORDS = {
    name: value
    for value, name in enumerate(
        _BELOW_TWENTY.split()
    )
} | {
    name: 10 * value
    for value, name in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
} | {
    name: value
    for value, name in enumerate(
        ["zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"], 2
    )
}  # fmt: skip

SCALES = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "dozen": 12,
    "k": 1000,
    "m": 10**6,
    "bn": 10**9,
}

ORDINAL_WORDS = {
    name: value
    for value, name in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        1,
    )
}

# The first of each group names the unit.
UNITS = {
    name: group.split()[0]
    for group in (
        "% percent prozent", "second seconds sec secs sekunde sekunden",
        "minute minutes min mins minuten", "hour hours hr hrs h stunde stunden",
        "day days tag tage tagen",
        "week weeks wk wks woche wochen", "fortnight fortnights",
        "month months mth mths monat monate monaten", "quarter quarters quartal quartale",
        "year years yr yrs jahr jahre jahren",
        "night nights", "time times", "mm millimetre millimetres millimeter millimeters",
        "cm centimetre centimetres centimeter centimeters", "metre metres meter meters m",
        "km kilometre kilometres kilometer kilometers", "mile miles mi", "foot feet ft", "inch inches",
        "mg milligrams",
        "g gram grams", "kg kilogram kilograms kilo kilos", "tonne tonnes", "lb lbs",
        "litre litres liter liters l",
        "ml millilitre millilitres", "kb kilobyte kilobytes", "mb megabyte megabytes",
        "gb gigabyte gigabytes",
        "tb terabyte terabytes", "bit bits", "byte bytes", "ms millisecond milliseconds", "w watt watts",
        "kw kilowatt kilowatts", "kwh", "degree degrees", "\u00b0c celsius", "\u00b0f fahrenheit",
        "km/h kph", "mph",
        "EUR eur euro euros \u20ac", "USD usd dollar dollars $ us$", "GBP gbp pound pounds \u00a3",
        "CHF chf franc francs",
        "JPY jpy yen \u00a5", "cent cents", "hectare hectares ha", "page pages", "character characters",
    )
    for name in group.split()
}  # fmt: skip

# Periods in the words that name a rate: "twice a week" is not "twice a month".
PERIODS = {
    name: group.split()[0]
    for group in (
        "second seconds", "minute minutes", "hour hours hourly stunde stunden stündlich",
        "day days daily tag tage täglich", "week weeks weekly woche wochen wöchentlich",
        "fortnight fortnightly",
        "month months monthly monat monate monatlich",
        "quarter quarters quarterly quartal quartale vierteljährlich",
        "year years yearly annual annually annum jahr jahre jährlich",
        "night nights nightly nacht nächte",
        "decade decades", "century centuries",
    )
    for name in group.split()
}  # fmt: skip

# A line that ends with one of them goes on in the next.
UNFINISHED = frozenset(
    {
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "into",
        "and",
        "or",
        "nor",
        "than",
        "as",
        "if",
        "be",
        "is",
        "are",
        "was",
        "were",
        "that",
        "which",
        "who",
        "whose",
        "your",
        "our",
        "their",
        "its",
    }
)
