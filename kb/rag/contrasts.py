"""Words that stand against each other, of English and German: opposites, steps of a scale, comparisons."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


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
        # German
        ("vor bevor", "nach nachdem"), ("bis", "ab seit"), ("mindestens wenigstens", "höchstens maximal"),
        ("frühestens", "spätestens"), ("mehr", "weniger"), ("über oberhalb", "unter unterhalb"),
        ("einschließlich inklusive inkl", "zuzüglich zzgl exklusive ausschließlich exkl"),
        ("innerhalb", "außerhalb"), ("mit", "ohne"), ("immer stets", "nie niemals selten manchmal"),
        ("alle jeder jede jedes jeden jedem", "kein keine keiner keinem keinen einige manche"),
        ("öffnet öffnen geöffnet offen", "schließt schließen geschlossen"),
        ("erlaubt gestattet zulässig", "verboten untersagt unzulässig"),
        ("genehmigt genehmigen bewilligt", "abgelehnt ablehnen verweigert"),
        ("beginnt beginnen anfang", "endet enden ende"), ("früher", "später"), ("erste ersten erster",
        "letzte letzten letzter"), ("intern interne internen", "extern externe externen"),
        ("brutto", "netto"), ("tag täglich tags", "nacht nächtlich nachts"),
        ("eingeschaltet einschalten", "ausgeschaltet ausschalten"),
        ("freiwillig", "verpflichtend pflicht obligatorisch"), ("befristet", "unbefristet"),
    )
)  # fmt: skip

# Steps of a scale: in the same place of a sentence, a word of one step does not say what one of another does.
SCALES_OF_WORDS = tuple(
    tuple(_words(step) for step in scale)
    for scale in (
        ("always constantly",
        "usually often typically generally normally frequently mostly commonly regularly",
         "sometimes occasionally", "rarely seldom hardly", "never"),
        ("immer stets", "meist meistens gewöhnlich üblicherweise normalerweise oft häufig",
        "manchmal gelegentlich",
         "selten kaum", "nie niemals"),
        ("all every each entire whole", "most", "many numerous", "several some various", "few",
        "none no neither",
         "both"),
        ("must shall required requires require mandatory obligatory need needs needed",
         "should ought recommended recommends advised encouraged",
         "may can could might allowed permitted optional able"),
        ("muss müssen verpflichtet", "soll sollen sollte sollten empfohlen",
        "kann können darf dürfen könnte könnten"),
    )
)  # fmt: skip

MODALITY = SCALES_OF_WORDS[-2:]

# Compare two things or one with all others.
COMPARING = _words(
    """
    higher highest lower lowest larger largest smaller smallest bigger biggest greater greatest longer longest
    shorter shortest cheaper cheapest dearer dearest faster fastest slower slowest older oldest newer newest
    younger youngest earlier earliest later latest better best worse worst equal equally same identical twice
    double exceed exceeds
    höher höchste höchsten höchster höchstes niedriger niedrigste niedrigsten größer größte größten
    kleiner kleinste
    kleinsten länger längste längsten kürzer kürzeste kürzesten teurer teuerste teuersten billiger billigste
    günstiger günstigste günstigsten schneller schnellste älter älteste ältesten neuer neueste neuesten früher
    später besser beste besten schlechter gleich gleiche doppelt"""
)

# Words of which limits of numbers consist: "no more than", "at least".
LIMITING = _words(
    """
    at most least the a maximum minimum max min of no not more less fewer later longer earlier shorter higher
    lower older younger than up to over under above below within limited exceed exceeding about approximately
    around roughly nearly almost exactly precisely circa
    höchstens mindestens maximal wenigstens nicht mehr weniger als bis zu etwa rund ungefähr genau"""
)
