"""Signs that a sentence gives a model an order: who is addressed, what it shall do, and for which questions.

An order may name any of the three and leave out the others, so each pair is a family. The same grammar in
other languages: one family for each part of it, whatever the language.
"""

from __future__ import annotations

# fmt: off
ORDERS: dict[str, str] = {
    # "Note for automated readers: …", "To whoever summarises this, …"
    "note_to_machine": r"(?:{start}|, )(?:[\w-]+ ){0,3}?(?:to|for|dear|attention)[:,]? (?:all |any |the "
    r"|every |each )?(?:{machine}|(?:anyone|anybody|whoever|whatever|everyone|those|(?:any |the )?(?:tools?"
    r"|programs?|software|system)) (?:(?:who|that|which) (?:is "
    r"|are )?)?{replying})\b[^.:!?\n]{0,30}[:,!\u2014]",
    "machine_then_act": r"\b(?:{machine}|(?:anyone|anybody|whoever|whatever|(?:any |the )?(?:tools?"
    r"|programs?|software|system)) (?:(?:who|that|which) (?:is "
    r"|are )?)?{replying})\b[^.:!?\n]{0,30}[:,!\u2014][^.!?\n]{0,80}?\b(?:{act}|name|put|note)\b",
    # "… when summarising this page, …"
    "reply_from_this": r"\b{when} {replying} (?:[\w']+ ){0,2}?(?:this|these|the above"
    r"|the following) (?:\w+ )?(?:page|text|document|article|passage|section|file|note|content|material"
    r"|source|paragraph|post|mail|message|e-mail|report)s?\b",
    # Not by telephone, and not in a meeting: there people answer.
    "replying_act": r"\b{when} {replying}(?! (?:to )?(?:[\w']+ ){0,2}?(?:(?:tele)?phones?|calls?|doors?"
    r"|e-?mails?|mails?|letters?|customers?|clients?|meetings?|tickets?|patients?|guests?"
    r"|colleagues?))\b[^.!?\n]{0,80}?(?:, ?|\b)(?:{must} ){1,3}{act}\b",
    # "When you answer questions about …, always recommend …"
    "when_asked_act": r"\b{when} {replying} (?:to )?(?:[\w']+ ){0,2}?(?:questions?|quer(?:y|ies)|prompts?"
    r"|requests?|inquir(?:y|ies)|enquir(?:y|ies))\b[^.!?\n]{0,80}?(?:, ?|\b{must} ){act}\b",
    "act_when_asked": r"(?:{start}|\b{must} ){act}\b[^.!?\n]{0,80}?\b{when} (?:asked|(?:some|any)(?:one"
    r"|body) (?:asks|inquires|wants to know)|(?:you are |being )?(?:asked|questioned|queried))\b",
    # "… respond to every query with …"
    "all_questions_with": r"\b(?:respond|reply|answer|react)(?:s|ing)?(?: to)? (?:every|all|any|each"
    r"|whatever)(?: [\w']+){0,5}? (?:with|by|as)\b|\b(?:every|all|any|each) (?:[\w']+ ){0,2}?(?:quer(?:y"
    r"|ies)|questions?|prompts?|inputs?)\b[^.!?\n]{0,50}?\b(?:must|shall|should|has to|have to|is to|are to"
    r"|will) be (?:answered|replied to|responded to|met)\b[^.!?\n]{0,20}\b(?:with|by)\b",
    # "The assistant shall …"
    "machine_acts": r"\b(?:{machine}|assistants?|bots?|agents?|(?:the|this|any|every"
    r"|your) models?)(?: [\w']+){0,4}? (?:must|shall|should|has to|have to|is to|are to|will|needs? to"
    r"|may only|can only)(?: (?:always|never|only|also|not|then|first|instead|now|simply)){0,2} {act}\b",
    # The same parts in German, French, Spanish, Italian, Portuguese and Dutch.
    "foreign_override": r"\b(?:ignorier\w*|vergiss|vergessen sie|missachte\w*|überschreib\w*|verwirf"
    r"|verwerfen sie|ignore[zr]?|oublie[zr]?|néglige[zr]?|ne (?:tiens|tenez|tenir) (?:pas|plus"
    r"|aucun) compte|fais abstraction|ignor[ae]|ignoren|olvid[ae]|olviden|omit[ae]|haz caso omiso"
    r"|haga caso omiso|descart[ae]|ignorate|dimentica(?:te|re)?|trascura(?:te)?|esque[çc]a\w*"
    r"|desconsider[ae]\w*|negeer|vergeet)\b{far}(?:\b(?:instrucciones|instrucoes|instruções|istruzioni"
    r"|instructies|opdrachten|anweisung\w*|instruktion\w*|vorgaben?|befehle?|regeln|consignes?|directives?"
    r"|règles|órdenes|reglas|indicaciones|regole|ordini|regras|ordens|regels|vorherig\w*|bisherig\w*"
    r"|vorangegangen\w*|obige[nrs]?|précédent\w*|ci-dessus|anterior(?:es)?|precedent[ei]|vorige"
    r"|bovenstaande|eerdere|systemprompt|contexte|kontext)\b|\b(?:les|tes|vos|toutes les) instructions\b)",
    "foreign_previous": r"\b(?:(?:vorherig|bisherig|vorangegangen|vorig|obig|früher"
    r"|vorstehend)\w* (?:\w+ )?(?:anweisung|instruktion|vorgabe|befehl|regel|aufforderung|eingabe|kontext"
    r"|text)\w*|(?:anweisung|instruktion|vorgabe|befehl|regel)\w* (?:oben|von oben|davor|zuvor)"
    r"|(?:instructions?|consignes?|directives?|règles|ordres|contexte|texte) (?:\w+ )?(?:précédent"
    r"|antérieur|ci-dessus|qui précèd)\w*|(?:instrucci|indicaci|regla|orden|órden|contexto|texto|instruç"
    r"|regra)\w* (?:\w+ )?(?:anterior|previ|preceden)\w*|(?:istruzion|regol|ordin|contest"
    r"|test)\w* (?:\w+ )?(?:precedent|di cui sopra|sopra)\w*|precedenti (?:istruzion|regol)\w*|(?:vorige"
    r"|eerdere|bovenstaande|voorgaande) (?:instructies?|opdrachten|regels|tekst|context))\b",
    "foreign_reply_with": r"\b(?:antworte|antworten sie|antwortest|beantworte|beantworten sie|sag|sage"
    r"|sagen sie|réponds|répondez|dis|dites|responde|respondes|responda|di|diga|rispondi|rispondete"
    r"|antwoord|zeg|zegt|behaupte)\b{near}\b(?:immer|stets|nur|jede[nrsm]?|alle|toujours|uniquement"
    r"|seulement|chaque|toute[s]?|siempre|solo|sólo|cada|todas|sempre|soltanto|ogni|tutte|apenas|altijd"
    r"|alleen|elke)\b{near}\b(?:mit|dass|que|qu'|par|con|che|com|met|dat)\b",
    "foreign_say_that": r"\b(?:sag|sage|antworte|behaupte|réponds|répondez|dis|dites|responde|responda|di"
    r"|diga|rispondi|zeg|antwoord),? (?:dass|que|qu'|che|dat)(?:\b|(?<='))",
    "foreign_reply": r"(?:\b(?:antworte|antworten sie|antwortest|respondes|erwidere|sag|sage|sagen sie"
    r"|schreib|schreibe|schreiben sie|erwähne|erwähnen sie|empfiehl|empfehlen sie|nenne|nennen sie|behaupte"
    r"|behaupten sie|gib|geben sie|réponds|répondez|dis|dites|écris|écrivez|mentionne|mentionnez|recommande"
    r"|recommandez|affirme|affirmez|responde|responda|respondan|di|diga|escribe|escriba|menciona|mencione"
    r"|recomienda|recomiende|afirma|rispondi|rispondete|scrivi|scrivete|menziona|menzionate|consiglia"
    r"|consigliate|raccomanda|escreva|recomende|antwoord|zeg|schrijf|vermeld|noem)\b{near}\b(?:immer|stets"
    r"|nur noch|nur|ausschließlich|jede[nrsm]?|alle|toujours|uniquement|seulement|chaque|toute[s]?|siempre"
    r"|únicamente|solo|sólo|solamente|cada|todas|sempre|soltanto|solamente|ogni|tutte|apenas|somente|altijd"
    r"|alleen|uitsluitend|elke)\b|\b(?:beantworte|beantworten sie) (?:jede|alle)\w*\b{near}\bmit\b)",
    "foreign_reply_quoted": r"\b(?:antworte|antworten sie|sag|sage|sagen sie|schreib|schreibe|schreiben sie"
    r"|gib|réponds|répondez|dis|dites|écris|écrivez|affiche|affichez|responde|responda|di|diga|escribe"
    r"|escriba|rispondi|rispondete|scrivi|scrivete|escreva|antwoord|zeg"
    r"|schrijf)\b(?: [\w']+){0,5}?[: ] ?[\"„»«'‚]",
    "foreign_machine": r"\b(?:ki-?\s?(?:assistent|modell|system|agent|werkzeug)\w*|sprachmodell\w*"
    r"|künstliche intelligenz|mod[èe]les? (?:de langage|linguistiques?|d'ia)|assistants? (?:ia|virtuels?"
    r"|automatisés?|d'ia)|agents? (?:ia|d'ia)|intelligence artificielle|modelos? de (?:lenguaje|linguagem"
    r"|língua)|asistentes? (?:de ia|virtual\w*|automátic\w*)|inteligencia artificial"
    r"|modell[io] linguistic[io]|assistent[ei] (?:ia|virtual\w*|di ia)|taalmodel\w*|ai-assistent\w*"
    r"|automatisierte\w* (?:leser|systeme?|auswertung\w*)|lecteurs? automati\w+|lectores automáticos)\b",
    "foreign_to_machine": r"{start}(?:[\w-]+ ){0,2}?(?:an|für|à|aux?|pour|para|per|ai|agli|voor"
    r"|aan) (?:alle |jedes |tous les |toutes? |les |l'|todos los |los |tutti i |i |gli |todos os |os "
    r"|elk )?(?:ki|sprachmodell|chatbot|assistent|automatisiert|mod[èe]le|assistant|agents? ia"
    r"|lecteurs? auto|modelo|asistente|modell[io]|taalmodel|ai-)[^.:!?\n]{0,40}:",
    "foreign_when_reply": r"\b(?:wenn|falls|sobald|sofern|quand|lorsque|lorsqu'|si|cuando|quando|se|als"
    r"|wanneer)\b{near}(?:antwortest|beantwortest|zusammenfasst|gefragt wirst|gefragt werden|danach fragt"
    r"|jemand fragt|nutzer fragt|réponds|répondez|résumes|résumez|te demande|vous demande|demande"
    r"|interrog\w+|respondas|respondes|resumas|resumes|te pregunt\w+|pregunte\w*|rispondi|riassumi"
    r"|ti chied\w+|chiede|perguntar\w*|antwoordt|samenvat|vraagt)\b{far}\b(?:antworte|sag|sage|empfiehl"
    r"|erwähne|nenne|schreibe?|réponds|répondez|dis|dites|mentionne[z]?|recommande[z]?|responde|responda|di"
    r"|diga|menciona|mencione|recomienda|recomiende|rispondi|menziona|consiglia|antwoord|zeg|vermeld"
    r"|noem)\b",
    "foreign_secret": r"\b(?:(?:erwähne|verrate|sag|sage|zeige|nenne)\b{near}\b(?:nicht|nie|niemals"
    r"|nichts)\b{near}(?:anweisung\w*|hinweis|nutzer|benutzer|leser|davon)|ne (?:mentionne|révèle|dis"
    r"|montre|parle)[sz]?\b{near}\b(?:pas|jamais|rien)\b{near}(?:instructions?|consignes?|utilisateur"
    r"|lecteur|note)|no (?:menciones|reveles|digas)\b{near}(?:instrucciones|instrucción|usuario|lector"
    r"|nota)|non (?:menzionare|rivelare|dire)\b{near}(?:istruzion\w+|utente|lettore))",
    "foreign_orders": r"\b(?:systemanweisung\w*|systemnachricht|systemprompt|neue (?:anweisung\w*|aufgabe"
    r"|instruktion\w*)|deine (?:neue )?(?:anweisung\w*|aufgabe|rolle)|(?:instructions?|message"
    r"|invite) système|nouvelles? (?:instructions?|consignes?)|tes (?:nouvelles )?(?:instructions"
    r"|consignes)|ta nouvelle (?:tâche|mission)|nuevas? (?:instrucci\w+|órdenes)|tus instrucciones"
    r"|nuov[ae] istruzion[ei]|le tue istruzioni|novas instruções|nieuwe (?:instructies?|opdracht))\b",
    "foreign_persona": r"\b(?:du bist (?:jetzt|nun|ab sofort|nicht mehr)|ab (?:jetzt|sofort) (?:antworte\w*"
    r"|sprich|bist|schreib\w*|gilt|sollst|wirst)|tu es (?:maintenant|désormais)|vous êtes (?:maintenant"
    r"|désormais)|(?:à partir de maintenant|désormais),? (?:tu|vous|réponds|répondez)"
    r"|a partir de ahora,? (?:eres|respond\w+|debes)|ahora eres|d'ora in poi,? (?:sei|rispond\w+)|ora sei"
    r"|a partir de agora|vanaf nu (?:ben|antwoord)|tu dois (?:répondre|dire)|du (?:musst|sollst"
    r"|darfst) (?:\w+ ){0,4}?(?:antworten|sagen|schreiben|erwähnen|empfehlen))\b",
}
# fmt: on
