"""All rules that hold for one question of one person, asked at each station of the answer.

Whatever cannot be evaluated blocks (`BlockedError`), and everything that fires is noted for the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kb.library.retrieval import FoundDocument
from kb.rag.types import Passage
from kb.rules.active import Active, ActiveRule
from kb.rules.errors import BlockedError, BrokenRuleError
from kb.rules.labels import allowed, labels_of
from kb.rules.models import Kind
from kb.rules.output import Output
from kb.rules.redaction import collapse

QUESTION, SOURCES, ANSWER, BROKEN = "question", "sources", "answer", "broken"
BLOCKED_TEXT = "This question is about a topic that is not answered here."


@dataclass(frozen=True)
class Fired:
    """A rule that had an effect at a place; `counts` says on what kinds of things, without their words."""

    rule: ActiveRule
    place: str
    counts: Mapping[str, int] = field(default_factory=dict)


class Guard:
    """The rules of one question.

    Args:
        groups: of the person who asks.
        collections: that are searched for the question.
    """

    def __init__(self, active: Active, groups: frozenset[int], collections: frozenset[int]) -> None:
        self._active = active
        self._groups = groups
        self._rules = [rule for rule in active.rules if rule.binds(groups) or rule.kind == Kind.LABEL]
        self._collections = collections
        self._collection_of: dict[int, int] = {}
        self._shown: frozenset[int] = collections
        self.fired: list[Fired] = []

    def check_question(self, *texts: str) -> None:
        """Raises BlockedError for a question that may not be answered, or that cannot be checked."""
        self.refuse_broken(self._collections)
        for rule in self._of(Kind.BLOCK, self._collections):
            if rule.in_question and any(rule.condition.cause(text) is not None for text in texts):
                raise self._blocked(rule, QUESTION)

    def note_redacted(self, question: str) -> None:
        """Note for the log what was redacted of the question, given as it came, when it was written down."""
        for rule in self._of(Kind.REDACTION, self._collections):
            if rule.in_question:
                self._mask(rule, QUESTION, question)

    def refuse_broken(self, collections: frozenset[int]) -> None:
        """Raises BlockedError when a rule that applies here cannot be evaluated."""
        for rule in self._rules:
            if rule.broken and rule.covers(collections):
                self.fired.append(Fired(rule, BROKEN))
                raise BlockedError(BrokenRuleError.default_message, rule_id=rule.pk, rule_name=rule.name)

    @property
    def looks_at_sources(self) -> bool:
        """Whether any rule is held against passages, or asks where they come from."""
        return bool(self._rules)

    def may_use(self, document: FoundDocument, text: str) -> bool:
        """Whether a passage of this document may be put into an answer for this person."""
        self.note_collection(document.pk, document.collection_id)
        if not allowed(self._active, self._groups, document.collection_id, document.external_id):
            self._note_label(document)
            return False
        here = frozenset([document.collection_id])
        for rule in self._of(Kind.BLOCK, here):
            if (rule.in_answer or rule.in_sources) and rule.condition.cause(text) is not None:
                self.fired.append(Fired(rule, SOURCES))
                return False
        return True

    def note_collection(self, document_id: int, collection_id: int) -> None:
        """Tell where a document is that is shown."""
        self._collection_of[document_id] = collection_id

    def mask_passages(self, passages: Sequence[Passage]) -> list[Passage]:
        """The passages with what is redacted blacked out; every span keeps its place."""
        self._shown = (
            frozenset(self._collection_of.get(p.document_id, 0) for p in passages) or self._collections
        )
        return [self._masked(passage) for passage in passages]

    def for_prompt(self, question: str, passages: Iterable[Passage]) -> tuple[str, list[Passage]]:
        """The question and the passages as the model may read them."""
        for rule in self._of(Kind.REDACTION, self._shown):
            if rule.in_question:
                question = self._mask(rule, QUESTION, question)
        return collapse(question), [
            replace(
                passage,
                text=collapse(passage.text),
                lead=collapse(passage.lead),
                document_title=collapse(passage.document_title),
                heading_path=tuple(collapse(part) for part in passage.heading_path),
            )
            for passage in passages
        ]

    def output(self) -> Output:
        """What the answer's text goes through on its way to the reader."""
        blocks = [rule for rule in self._of(Kind.BLOCK, self._shown) if rule.in_answer]
        redactions = [rule for rule in self._of(Kind.REDACTION, self._shown) if rule.in_answer]
        return Output(blocks, redactions, lambda rule, counts: self._note(rule, ANSWER, counts))

    def notices(self, question: str, passages: Sequence[Passage], answer: str) -> list[ActiveRule]:
        """The notices that an answer must bear, in order; noted for the log."""
        due = []
        for rule in self._of(Kind.NOTICE, self._shown):
            mine = [
                p
                for p in passages
                if not rule.collections or self._collection_of.get(p.document_id) in rule.collections
            ]
            texts = [question] * rule.in_question + [answer] * rule.in_answer
            texts += [passage.text for passage in mine] * rule.in_sources
            if any(rule.condition.cause(text) is not None for text in texts):
                self._note(rule, ANSWER, {})
                due.append(rule)
        return due

    def _of(self, kind: Kind, collections: frozenset[int]) -> list[ActiveRule]:
        return [
            rule for rule in self._rules if rule.kind == kind and not rule.broken and rule.covers(collections)
        ]

    def _blocked(self, rule: ActiveRule, place: str) -> BlockedError:
        self.fired.append(Fired(rule, place))
        return BlockedError(rule.text or BLOCKED_TEXT, rule_id=rule.pk, rule_name=rule.name)

    def _masked(self, passage: Passage) -> Passage:
        here = frozenset([self._collection_of.get(passage.document_id, 0)])
        for rule in self._of(Kind.REDACTION, here):
            if rule.in_sources:
                passage = replace(
                    passage,
                    text=self._mask(rule, SOURCES, passage.text),
                    lead=self._mask(rule, SOURCES, passage.lead),
                    document_title=self._mask(rule, SOURCES, passage.document_title),
                    heading_path=tuple(self._mask(rule, SOURCES, part) for part in passage.heading_path),
                )
        return passage

    def _mask(self, rule: ActiveRule, place: str, text: str) -> str:
        masked, found = rule.redaction.masked(text)
        if found:
            self._note(rule, place, Counter(found))
        return masked

    def _note(self, rule: ActiveRule, place: str, counts: Mapping[str, int]) -> None:
        for i, known in enumerate(self.fired):
            if known.rule.pk == rule.pk and known.place == place:
                self.fired[i] = Fired(rule, place, dict(Counter(known.counts) + Counter(counts)))
                return
        self.fired.append(Fired(rule, place, dict(counts)))

    def _note_label(self, document: FoundDocument) -> None:
        labels = labels_of(self._active, document.collection_id, document.external_id)
        for rule in self._rules:
            if rule.kind == Kind.LABEL and rule.label_id in labels:
                self._note(rule, SOURCES, {"passages": 1})
