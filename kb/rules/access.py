"""Who may see and change rules: admins all of them; managers the verified answers of their collections."""

from __future__ import annotations

from django.db.models import QuerySet

from kb.exceptions import NotFoundError, PermissionDeniedError
from kb.library.access import AnyUser, collections_for, get_collection_for
from kb.library.models import Role
from kb.rules.models import Label, NearMiss, Rule, VerifiedAnswer


def get_rule_for(user: AnyUser, rule_id: int) -> Rule:
    """Raises NotFoundError for anybody but admins."""
    rule = Rule.objects.filter(pk=rule_id).first() if is_admin(user) else None
    if rule is None:
        raise NotFoundError
    return rule


def get_label_for(user: AnyUser, label_id: int) -> Label:
    """Raises NotFoundError for anybody but admins."""
    label = Label.objects.filter(pk=label_id).first() if is_admin(user) else None
    if label is None:
        raise NotFoundError
    return label


def require_admin(user: AnyUser) -> None:
    """Raises PermissionDeniedError."""
    if not is_admin(user):
        raise PermissionDeniedError("Only admins see and change rules.")


def is_admin(user: AnyUser) -> bool:
    return bool(user.is_active and user.is_superuser)


def verified_answers_for(user: AnyUser) -> QuerySet[VerifiedAnswer]:
    """Those of collections that this person manages."""
    return VerifiedAnswer.objects.filter(collection__in=collections_for(user, Role.MANAGER))


def get_verified_for(user: AnyUser, verified_id: int) -> VerifiedAnswer:
    """Raises NotFoundError where the collection may not be read, PermissionDeniedError for a reader of it."""
    found = VerifiedAnswer.objects.filter(pk=verified_id, collection__deleted_at=None).first()
    if found is None:
        raise NotFoundError
    get_collection_for(user, found.collection_id, Role.MANAGER)
    return found


def get_near_miss_for(user: AnyUser, near_miss_id: int) -> NearMiss:
    """Raises as `get_verified_for` does."""
    found = NearMiss.objects.select_related("answer").filter(pk=near_miss_id).first()
    if found is None:
        raise NotFoundError
    get_verified_for(user, found.answer_id)
    return found
