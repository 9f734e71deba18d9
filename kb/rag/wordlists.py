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
    weren won wouldn shouldn couldn mustn needn hasn haven hadn ve re ll able ensure"""
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
        "employee staff personnel colleague coworker", "buy purchase", "begin start commence", "end finish",
        "help assist assistance", "allow permit", "require need", "ask request", "receive get obtain",
        "give provide grant", "send submit", "contact reach", "phone telephone", "holiday vacation",
        "trip travel journey", "hotel lodging accommodation", "flight airfare", "also additionally",
        "company organisation organization firm", "annual annually yearly", "cost price",
        "repay reimburse refund", "tell inform notify", "notebook laptop", "use utilise utilize",
        "keep retain", "choose select pick", "child kid", "quick fast rapid", "large big", "several various",
        "locate situate", "place put",
    )
    for other in group.split()[1:]
}  # fmt: skip

# Two sides of one question: a sentence may not say one where its source says the other.
OPPOSITES = tuple(
    (frozenset(left.split()), frozenset(right.split()))
    for left, right in (
        ("before prior", "after following"), ("minimum least", "maximum most"),
        ("above over exceeding more", "below under less fewer"),
        ("include including", "exclude excluding"),
        ("allow allowed permitted", "forbid forbidden prohibited banned"),
        ("approve approved approves", "reject rejected rejects deny denied denies"),
        ("increase increases increased rise rises", "decrease decreases decreased fall falls reduce reduced"),
        ("always", "sometimes rarely never"), ("all every each", "some few none"), ("internal", "external"),
        ("domestic", "international foreign"),
        ("mandatory compulsory obligatory required", "optional voluntary"),
        ("accept accepts accepted", "refuse refuses refused decline declines declined"),
        ("early earlier", "late later"),
        ("start starts begin begins", "end ends stop stops"), ("open opens opened", "close closes closed"),
        ("high higher highest", "low lower lowest"), ("public", "private confidential"),
        ("full", "partial half"),
        ("temporary", "permanent"), ("gross", "net"), ("inside", "outside"), ("first", "last"),
        ("weekday weekdays", "weekend weekends"), ("enable enabled enables", "disable disabled disables"),
        ("buy buys bought", "sell sells sold"), ("employee employees", "employer employers"),
        ("true", "false"),
        ("same", "different"), ("day daily", "night nightly"), ("present", "absent"),
        ("arrive arrival", "depart departure"), ("larger largest bigger biggest", "smaller smallest"),
        ("greater greatest", "smaller smallest less least"), ("longer longest", "shorter shortest"),
        ("earliest", "latest"), ("oldest older", "newest newer youngest younger"), ("better best",
        "worse worst"),
        ("faster fastest", "slower slowest"), ("stronger strongest", "weaker weakest"), ("upper", "lower"),
        ("north northern", "south southern"), ("east eastern", "west western"), ("left", "right"),
        ("with", "without"), ("add adds added", "remove removes removed"), ("majority", "minority"),
        ("success succeed succeeds succeeded", "failure fail fails failed"), ("win wins won",
        "lose loses lost"),
        ("import imports imported", "export exports exported"), ("positive", "negative"), ("top", "bottom"),
        ("male", "female"), ("cheaper cheapest", "dearer dearest"), ("richer richest", "poorer poorest"),
        ("until", "from since"),
    )
)  # fmt: skip

# Steps of a scale: in the same place of a sentence, a word of one step does not say what one of another does.
SCALES_OF_WORDS = tuple(
    tuple(_words(step) for step in scale)
    for scale in (
        ("always constantly",
        "usually often typically generally normally frequently mostly commonly regularly",
         "sometimes occasionally", "rarely seldom hardly", "never"),
        ("all every each entire whole", "most", "many numerous", "several some various", "few",
        "none no neither",
         "both"),
        ("must shall required requires require mandatory obligatory need needs needed",
         "should ought recommended recommends advised encouraged",
         "may can could might allowed permitted optional able"),
    )
)  # fmt: skip

MODALITY = SCALES_OF_WORDS[-1]

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
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1
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
        "% percent", "second seconds sec secs", "minute minutes min mins", "hour hours hr hrs h", "day days",
        "week weeks wk wks", "fortnight fortnights", "month months mth mths", "quarter quarters",
        "year years yr yrs",
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
        "second seconds", "minute minutes", "hour hours hourly", "day days daily", "week weeks weekly",
        "fortnight fortnightly",
        "month months monthly", "quarter quarters quarterly", "year years yearly annual annually annum",
        "night nights nightly",
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
