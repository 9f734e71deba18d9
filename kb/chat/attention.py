"""What the managers of a collection should look at: looks alike, is due for review, was never cited."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from kb.chat.models import Citation, Message
from kb.chat.open_questions import waiting_counts
from kb.library.access import AnyUser
from kb.library.look_alikes import near_duplicates
from kb.library.models import Collection, Document, NearDuplicate, Status
from kb.library.overview import present_documents
from kb.library.recognition import badly_read

SHOWN = 20
# A document of yesterday had no chance to be cited.
_OLD_ENOUGH = timedelta(days=30)


@dataclass(frozen=True)
class Attention:
    """The first of each list, and how long the list is."""

    pairs: list[NearDuplicate] = field(default_factory=list)
    pair_count: int = 0
    dismissed: list[NearDuplicate] = field(default_factory=list)
    dismissed_count: int = 0
    due: list[Document] = field(default_factory=list)
    due_count: int = 0
    uncited: list[Document] = field(default_factory=list)
    uncited_count: int = 0
    badly_read: list[Document] = field(default_factory=list)
    badly_read_count: int = 0
    open_questions: int = 0

    @property
    def is_needed(self) -> bool:
        found = (self.pair_count, self.due_count, self.badly_read_count, self.uncited_count)
        return any(found) or bool(self.open_questions)


def attention_of(collection: Collection, now: datetime | None = None) -> Attention:
    """For managers of the collection: the numbers say what others asked."""
    now = now or timezone.now()
    pairs, dismissed = near_duplicates(collection), near_duplicates(collection, dismissed=True)
    due, uncited = due_for_review(collection, timezone.localdate(now)), never_cited(collection, now)
    badly = badly_read(collection)
    return Attention(
        pairs=list(pairs[:SHOWN]),
        pair_count=pairs.count(),
        dismissed=list(dismissed.order_by("-dismissed_at", "pk")[:SHOWN]),
        dismissed_count=dismissed.count(),
        due=list(due[:SHOWN]),
        due_count=due.count(),
        uncited=list(uncited[:SHOWN]),
        uncited_count=uncited.count(),
        badly_read=list(badly[:SHOWN]),
        badly_read_count=badly.count(),
        open_questions=waiting_counts([collection]).get(collection.pk, 0),
    )


def due_for_review(collection: Collection, today: date) -> QuerySet[Document]:
    """Their review-by date has passed; the longest ago first."""
    return present_documents([collection]).filter(review_by__lt=today).order_by("review_by", "pk")


def never_cited(collection: Collection, now: datetime) -> QuerySet[Document]:
    """Ready for a month, and no answer proved anything with any of its versions; the oldest first."""
    # Not for each document by itself: that would look through all the others for its versions.
    citing = Citation.objects.values("passage__document_id")
    cited = Document.objects.filter(collection=collection, pk__in=citing).values("external_id")
    ready = present_documents([collection]).filter(status=Status.READY, ready_at__lt=now - _OLD_ENOUGH)
    return ready.exclude(external_id__in=cited).order_by("ready_at", "pk")


def answers_citing(document: Document) -> int:
    """How many answers, of whomever, proved something with this version."""
    cited = Citation.objects.filter(passage__document=document).order_by()
    return int(cited.aggregate(number=Count("passage__message", distinct=True))["number"] or 0)


def own_answers_citing(document: Document, user: AnyUser) -> list[Message]:
    """Those of this person's own conversations: nobody reads another's."""
    cited = Citation.objects.filter(passage__message=OuterRef("pk"), passage__document=document)
    own = Message.objects.filter(Exists(cited), conversation__user=user.pk or 0, conversation__listed=True)
    return list(own.select_related("conversation").order_by("-created_at")[:SHOWN])
