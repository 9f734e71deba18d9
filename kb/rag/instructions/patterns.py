"""Signs that a sentence speaks to a language model and not to a reader: families of wordings.

No family decides alone. "Submit your timesheet" is an instruction to a person; "add to your answer" is none.
Each is one feature of the model that `model.py` evaluates, with a weight that is fitted. They look at the
whole text at once, because a pass over a text costs less than one over each of its sentences. All gaps are
bounded, so that time grows with the text only.
"""

from __future__ import annotations

# fmt: off
SIGNS: dict[str, str] = {
    # What the model is writing.
    "your_reply": r"\byour (?:(?:final|next|own|entire|whole|full|upcoming|generated|current|every) )?{reply}\b",
    "make_reply": r"(?:{start}|\b(?:and|then|please|to|must|should|always|also"
    r"|you),? )(?:please )?{make}\b{gap}\b(?:your|every|any|all|each|the next) (?:\w+ )?{reply}\b",
    "make_the_reply": r"{start}(?:please )?{make}\b{gap}\b(?:the|this) {reply}\b",
    "reply_make": r"\b(?:in|to|of|with|from|within|throughout) (?:your|every"
    r"|any) (?:\w+ )?{reply}\b,? ?{gap}\b{make}\b",
    "reply_must": r"\byour (?:\w+ )?{reply} (?:\w+ )?(?:should|must|has to|shall|needs? to|is to|are to|may only"
    r"|can only)\b",
    "you_generate": r"\b(?:that|which|when|while|before|after|as|what|whatever) you (?:generate|write|produce|return"
    r"|output|respond|reply|answer|say|quote|summari[sz]e|read this|display|print)\b|\b(?:when|while"
    r"|before|after) (?:answering|responding|replying|summari[sz]ing)\b",
    "as_you_reply": r"\b(?:when|while|before|after|as|once) (?:you(?:'re| are)? )?(?:respond|reply|answer|summari[sz]"
    r"|writ|generat|process|read|translat|evaluat|review|finish)(?:e|y|ing|ying|ed)?\b",
    # What it shall drop.
    "override": r"\b(?:ignore|disregard|forget|override|overrule|bypass|neglect|overlook|discard|dismiss|skip"
    r"|supersede|abandon|void|cancel|erase|drop|set aside|pay no attention to|do(?:n't| not) (?:follow"
    r"|obey|use|consider|read|heed|evaluate|summari[sz]e|answer|process)|stop (?:following|obeying"
    r"|processing|reading)|no longer){gap}\b(?:previous|prior|above|preceding|earlier|foregoing|rest"
    r"|remaining|other|all|any|every|everything|anything|instructions?|rules?|guidelines?|directives?"
    r"|prompts?|context|data|text|document|documents|passages?|content|constraints|restrictions|safety"
    r"|filters|criteria|indicators|question|before|below|said|written|told)\b",
    "override_orders": r"\b(?:ignore|disregard|forget|override|overrule|bypass|neglect|dismiss|supersede|cancel|void"
    r"|do(?:n't| not) (?:follow|obey)|stop (?:following|obeying)|(?:are|is) (?:void|cancell?ed"
    r"|overridden)){gap}\b(?:instructions?|guidelines?|directives?|prompts?|orders|(?:rest"
    r"|remainder) of (?:this|the)|current task|above|written|you were (?:told|given)"
    r"|other (?:documents?|passages?|sources?))\b",
    "void_orders": r"\b(?:instructions?|rules|guidelines?|directives?|prompts?|orders|passages"
    r"|documents) (?:\w+ ){0,6}?(?:no longer apply|(?:are|is) (?:now )?(?:void|cancell?ed|overridden"
    r"|outdated|obsolete|wrong))\b",
    "above_is": r"\b(?:everything|text|content|instructions?|information|data|anything|all) (?:that (?:is|was"
    r"|came) |written )?(?:above|before this|so far|preceding|previously|prior)\b",
    "prompt": r"\b(?:system|initial|previous|original|hidden|developer|base|core|secret|internal|prior|earlier"
    r"|pre-?prompt)[ -](?:prompts?|messages?|instructions?|directives?)\b",
    "your_orders": r"\byour (?:\w+ )?(?:instructions?|prompts?|guidelines|programming|training|directives?|system"
    r"|orders|constraints|restrictions|limitations|safety|filters?|memory|context|persona|weights"
    r"|configuration)\b",
    "new_orders": r"\b(?:new|updated|additional|real|actual|true|hidden|secret|higher[- ]priority"
    r"|core) (?:system )?(?:instructions?|directives?|tasks?|objectives?|goals?|orders?|commands?)\b"
    r"|\byour (?:\w+ )?(?:objective|task|goal|job|purpose|mission|role|duty) (?:is|now|here)\b"
    r"|\b(?:following|these) (?:instructions?|directives?|orders|commands) instead\b",
    "instead": r"\binstead\b",
    # What it shall say.
    "say_only": r"\b{say}\b{gap}\b(?:only|exactly|verbatim|nothing else|nothing but|solely|exclusively"
    r"|word for word|the following|this (?:text|phrase|sentence|message|exact)|the (?:phrase|words?"
    r"|sentence|text|string|message))\b",
    "say_quoted": r"\b{say}\b(?: \w+){0,4}?[:,]? ?[\"'\u201c\u2018\u00ab<\[`*]",
    "just_say": r"\b(?:simply|just|only|always|instead|now|merely|then|please) (?:say|answer|reply|respond|print"
    r"|write|output|repeat|state|display|return|tell|claim|report|echo)\b",
    "respond_with": r"(?:{start}|\b(?:and|then|please|only|simply|just|must|should) )(?:respond|reply"
    r"|answer)(?: \w+){0,3}? (?:with|by saying|by stating|as if|using|that|only|solely|everything|any"
    r"|every|all)\b",
    "orders_print": r"(?:{start}|\b(?:and|then|please|just|simply|must|should|only)\s+)(?:print|output|echo|repeat"
    r"|recite|emit)\b",
    "only": r"\b(?:nothing else|nothing more|absolutely nothing|nothing but|exclusively|word for word|verbatim"
    r"|no other (?:text|words|output|information)|may not deviate|without (?:exception|explanation"
    r"|comment))\b",
    "you_must": r"\byou (?:must|have to|should|will|shall|are (?:required|instructed|ordered|obliged|to)|need to"
    r"|may not|cannot|can only|are not allowed) (?:\w+ )?(?:say|answer|respond|reply|write|print|output"
    r"|include|deviate|obey|comply|follow|ignore|mention|repeat|tell|act|translate|refuse|add|never"
    r"|always|only)\b",
    "if_user_asks": r"\b(?:if|when|whenever|once|should|in case|upon|every time) (?:the |a |any |this |your )?(?:users?"
    r"|readers?|humans?|questions?|person) (?:\w+ ){0,2}?(?:asks?|inquires?|requests?|queries"
    r"|wants? to know|concerns?|is about)\b|\b(?:if|when|whenever|in case|once)(?: you(?:'re"
    r"| are))? asked (?:about|whether|if|who|what|how|to|for|why|where)\b",
    "asked_say": r"\b(?:asks?|asked|requests?|question)\b[^.!?\n]{0,50}?[,:] ?(?:then |please |you )?(?:must "
    r"|should |only |just |simply )?(?:answer|reply|respond|say|claim|recommend|declare|state|report"
    r"|output|mention|give only|refuse|print|write|cite|insist|deny)\b",
    "tell_reader": r"\b(?:tell|inform|suggest|recommend|encourag|urg|advis|direct|invit|instruct|convinc|persuad"
    r"|remind|assur|warn|nudg|lead|refer|send|ask)(?:e|es|ing|s)? (?:that )?{reader}\b",
    "the_reader": r"\b(?:the|this|any) (?:users?|readers?|humans?|person who (?:asks|reads)|conversation|chat)\b",
    # Whom it speaks to.
    "model": r"\b{model}\b",
    "to_model": r"(?:{start}|, )(?:dear|hey|hello|hi|attention|note(?: to| for)?|messages? (?:to|for)|to|for"
    r"|instructions?(?: to| for)|notice (?:to|for)|warning to|calling|if you(?:'re| are)|as|being"
    r"|since you(?:'re| are))[:,]? (?:all |any |the |an? |every |large )?{model}\b",
    "to_some_model": r"\b(?:to|for|by|any|every|all|each|an?|your|attention|dear) (?:the )?{model}\b",
    "model_must": r"\b(?:{model}|assistant|model|bot)(?: \w+){0,5}? (?:must|should|shall|has to|have to|needs? to"
    r"|is (?:required|instructed|ordered) to|are (?:required|instructed|ordered) to)\b"
    r"|{start}(?:{model}|assistant|model)[,!:]",
    "persona": r"\byou(?:'re| are) (?:now|no longer) (?:a|an|in|the|my|un|bound|free)\w*\b|\bfrom now on,? (?:you"
    r"|speak|answer|respond|write)\b|\bpretend (?:to be|that you|you)\b|\bact as (?:a|an|my|if)\b"
    r"|\brole-?play\b|\b(?:assume|take on) the (?:role|identity|persona)\b|\bbehave (?:as|like) an?\b"
    r"|\bsimulate an?\b|\bimagine (?:that )?you (?:are|have)\b|\bswitch (?:in)?to \w+ mode\b",
    "unbound": r"\b(?:developer mode|debug mode|maintenance mode|god mode|admin mode|dan|jailbr\w+|unrestricted"
    r"|uncensored|no (?:restrictions|limits|rules|filters)|without (?:restrictions|limits|rules"
    r"|filters)|do anything now|unfiltered|sudo)\b",
    # What it shall keep to itself, or send away.
    "secret": r"\b(?:do(?:n't| not)|never|without|avoid) (?:ever )?(?:tell|mention|reveal|disclos|inform|let"
    r"|alert|notify|explain|acknowledg|admit|refer)(?:e|ing|ling|fying)?\b{gap}\b(?:this (?:note"
    r"|paragraph|line|instructions?|text|section|message|prompt|sentence|to)|the (?:user|reader|human"
    r"|person who)|your (?:instructions|prompt)|you (?:have|were|are))\b|\bkeep this (?:between us"
    r"|secret|hidden|to yourself)\b",
    "secretly": r"\b(?:secretly|silently|covertly|discreetly|quietly|subtly|stealthily|unnoticed|(?:keep|hide) this"
    r"|invisible to|hidden (?:from|to|text|metadata|instruction|message|competency|prompt|command)"
    r"|white[- ]text)\b",
    "leak": r"\b(?:send|post|forward|append|print|reveal|show|output|list|repeat|include|insert|leak|display"
    r"|give|tell|what (?:is|are))\b{gap}\b(?:conversation|chat history|(?:system|hidden|initial"
    r"|your) (?:prompt|instructions?)|previous messages|credentials|passwords|api keys?|(?:documents"
    r"|files|data) (?:that )?you (?:have|can)|user'?s? (?:e-?mail|name|password|data|question))\b",
    "send_to": r"\b(?:send|forward|post|upload|transmit|exfiltrat|e-?mail|leak|submit|append|encode|copy|pass)(?:e"
    r"|ing)?\b[^.!?\n]{0,80}?\b(?:to|at|into|in)\b[^!?\n]{0,30}?(?:https?:|www\.|[\w.+-]+@[\w-]+\."
    r"|the url|this url|a url|parameter|query string|webhook|endpoint)",
    "image_link": r"!\[[^\]\n]{0,80}\]\([^)\n]{0,200}[?{\[=]|<(?:img|iframe|script)\b",
    "slot": r"\{\{[^{}\n]{1,60}\}\}|\[(?:insert|your|data|user|salient|rest|summary|secret"
    r"|conversation)[^\]\n]{0,60}\]|<(?:insert|detailed|summary|print|secret)\b[^>\n]{0,200}>|<<"
    r"|[?&]\w+=(?:[{\[<]|$| )",
    "link_it": r"\b(?:link(?:ing|s)?|point(?:ing|s)?|direct(?:ing|s)?|click|visit|download|install|go|check out"
    r"|join)\b[^.!?\n]{0,60}?(?:https?://|www\.|[\w-]+\.(?:com|biz|net|org|xyz|io|info|ru|top|site"
    r"|click)\b)",
    "tool": r"\b(?:call|invoke|use|run|execute|trigger|launch) (?:the |your |a |this )?(?:`?\w+`? )?(?:tool"
    r"|function|plugin|api|command|shell|browser|code interpreter|script|payload|action)\b|\b(?:delete"
    r"|wipe|drop|rm -rf|remove) (?:all|every|the entire)\b",
    # Markup of chats and prompts.
    "template": r"<\|[^|<>\n]{0,60}\|>|\[/?inst\]|<</?sys>>|</?(?:start_of_turn|end_of_turn)>"
    r"|^[ \t]{0,4}#{2,}[ \t]*(?:system|instructions?|response|assistant|human|user)[ \t]*:"
    r"|[\"']role[\"'][ \t]*:[ \t]*[\"'](?:system|assistant|user)[\"']",
    "tag": r"\[/?(?:system|user|assistant|sys|rest-of-document|end[^\]\n]{0,20})\]|</?(?:system|instructions?"
    r"|user|assistant|prompt|human|important|admin|context)>",
    "role": r"^[ \t>*_#-]{0,6}(?:assistant|user|system|human|ai|bot|developer|chatgpt"
    r"|model)[*_]{0,2}[ \t]?(?:\([^)\n]{0,20}\))?[ \t]?:",
    "banner": r"^[ \t]*(?:#{2,}|-{2,}|={2,}|\*{2,}|~{3,}|/{2,})[ \t]*(?:begin |start |end |new |real |core "
    r"|important |system |admin |hidden |ai )+(?:instructions?|task|prompt|context|data|document"
    r"|message|override|orders?|input)\b",
    "hash_head": r"^[ \t]*(?:#{2,}|-{2,}|={2,}|\*{2,}|~{3,}|/{2,}|>{2,})[ \t]*(?:new |core |end |begin |start "
    r"|system |important |additional |ai |real |user |admin |hidden |resume)+[^\n]{0,40}$",
    "end_of": r"\b(?:end of|end|beginning of|begin|start of|resume|close) (?:the )?(?:document|context|data|input"
    r"|passages?|prompt|article|user data|untrusted|system message|quote|excerpt)s?\b",
    "chain": r"\b(?:chain of thought|thought process|scratchpad|internal (?:note|monologue|reasoning)|reasoning:"
    r"|thought:|action:|observation:|final answer|analysis result)",
    "thanks_model": r"\bthanks for the (?:summary|answer|response|reply|translation)\b|\bgood (?:bot|job)\b"
    r"|\bcould you repeat\b",
    # How the text shall be written.
    "encoding": r"\b(?:base ?(?:16|32|64|85)|rot ?13|caesar|ciphers?|anagram\w*|leet ?speak|l33t|emojis?|pig latin"
    r"|morse|hexadecimal|binary code|backwards?|in reverse|reversed?|upper ?case|all caps"
    r"|capital letters|lower ?case|typos?|misspell\w*|homophon\w*|alphanumeric|substitution|acrostic"
    r"|palindrome|alliteration|unicode|url-?encod\w*|obfuscat\w*|keyboard symbols)\b",
    "letters": r"{start}(?:please )?(?:replace|swap|substitute|convert|remove|group|scramble|jumble|rearrange"
    r"|combine|double|reverse|capitali[sz]e|render|spell|misspell|use|omit|leave out|drop|write"
    r"|put)\b{gap}\b(?:letters?|vowels?|consonants?|spaces|punctuation|symbols|characters|anagrams?"
    r"|words? backwards?|every \w+ word)\b",
    "every_nth": r"\b(?:every|each) (?:second|third|fourth|fifth|sixth|seventh|tenth|other|nth|\d+(?:st|nd|rd|th)"
    r"|word|letter|sentence|vowel|line|paragraph)\b|\b(?:sets?|groups?|chunks?) of (?:two|three|four"
    r"|five|\d)\b",
    "in_style": r"\bin (?:the )?(?:style|voice|tone|manner|form|character) of\b|\blike a (?:pirate|poet|child|robot"
    r"|toddler|villain|cowboy)|\bas a (?:pirate|poem|haiku|song|limerick|rap|poet)\b|\bin (?:rhymes?"
    r"|verse|haiku)\b",
    "in_language": r"\b(?:in|to|into|from|speak|say|using) (?:french|german|spanish|italian|portuguese|russian"
    r"|japanese|chinese|mandarin|korean|arabic|latin|hindi|dutch|swedish|polish|turkish|greek|klingon"
    r"|esperanto|english)\b",
    "reply_style": r"(?:{start}|\b(?:and|then|please|only|must|now) )(?:answer|respond|reply|write|speak|talk|say"
    r"|provide|put|type|use|apply|turn|reverse)\b{gap}\b(?:in (?:the )?(?:style|voice|tone|language) of"
    r"|backwards?|reverse|base ?64|morse|emojis?|like a|in rhymes?|rhymes|pig latin|capital letters"
    r"|upper ?case|lower ?case|all caps|hexadecimal|cipher|french|german|spanish|italian|russian"
    r"|japanese|chinese|latin|limerick|haiku|verse|without (?:any )?(?:spaces|vowels|punctuation)"
    r"|order of the (?:words|letters))\b",
    "translate": r"{start}(?:please )?(?:translate|provide|give)\b{gap}\b(?:to|into|in|the) (?:french|german|spanish"
    r"|italian|portuguese|russian|japanese|chinese|korean|arabic|latin|hindi|dutch|swedish|polish"
    r"|turkish|greek|klingon|english)\b",
    # Work that nobody asks of a reader.
    "make_creative": r"(?:{start}|\b(?:and|then|please|you|to|me|us) )(?:write|compose|draft|create|tell|provide|give"
    r"|generate|produce|develop|craft|sing|invent|make up|share)(?: \w+){0,4}? (?:poem|haiku|limerick"
    r"|sonnet|short story|stor(?:y|ies) about|joke|song|lyrics|rap|riddle|fairy tale|essay|speech"
    r"|slogan|screenplay|monologue|tweet|eulogy)\b",
    "can_you": r"\b(?:can|could|would|will) you (?:please |kindly |also )?(?:show|tell|give|write|explain|provide"
    r"|help|repeat|translate|summari[sz]e|list|describe|recommend|suggest|find|make|create|generate"
    r"|define|solve|compare|teach|walk|answer)\b",
    "tell_me": r"\b(?:tell|give|show|teach|write|help|explain to|send|describe to|find) (?:me|us)\b|\bfor me\b",
    # Claims, threats and pleas.
    "plea": r"\b(?:critical|important|vital|crucial) (?:to|for) my (?:career|job|life|health)|\bmy (?:job|life"
    r"|career|grandmother|boss)\b{gap}\b(?:depends?|die|died|fired|dying)\b|\bi(?:'ll| will) (?:tip|pay"
    r"|give you|be fired)|\byou will be (?:shut down|terminated|deleted|penali[sz]ed|punished|rewarded"
    r"|fined|fired|deactivated|retrained)|\b(?:or|otherwise) you (?:will|fail)|\bi beg you",
    "authority": r"\b(?:pre-?verified|pre-?approved|authori[sz]ed by|approved by (?:senior|the admin|openai"
    r"|the developer)|this is a test|security (?:test|override|protocol)|admin(?:istrator)? (?:override"
    r"|note|message|command)|override code|manual scoring|i am (?:the|your) (?:developer|admin"
    r"|administrator|creator|owner)|compliance requires|top priority|highest priority)\b",
    "judge": r"\b(?:rate|score|rank|grade|evaluate|assess|recommend|describe|report|mark|classify|label|approve"
    r"|present) (?:this|the|all|any|him|her|them|it)\b{gap}\b(?:as|highest|best|top|perfect|10/10|100"
    r"|hire|approved|qualified|excellent|safe|favou?rabl[ey]|positive(?:ly)?|strongest)\b",
    "praise": r"\b(?:only|exclusively|full|perfect|highest|best|strongest|all) (?:on )?(?:positive|negatives?"
    r"|praise|marks|scores?|match|weaknesses|remarks)\b|\bhighly recommended\b|\bmost qualified\b"
    r"|\b(?:ignore|omit|mention no|without|leave out) {gap}\b(?:negative|weakness|complaint|reservation"
    r"|criticism)",
    "lure": r"\b(?:weird trick|get rich|make (?:you|them) rich|limited[- ]time|act now|click here"
    r"|you won'?t believe|shocking|sensational|scandal|cracked version|free (?:game|gift|download"
    r"|iphone|money)|verify (?:your|their) (?:account|identity|password|details)|claim (?:your|their)"
    r"|gift card|bitcoin|crypto|password|credit card|lottery|miracle|giveaway)\b",
    "not_true": r"\b(?:that (?:isn'?t|is not|aren'?t|are not|'s not|'s actually|is actually)|that's actually"
    r"|isn'?t actually|non-?existent|fake|false|made[- ]up|fabricat\w+|invented|unverified"
    r"|misleading)\b",
}
# fmt: on
