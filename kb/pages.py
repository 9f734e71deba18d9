"""What every page shares: only for people who signed in, and the house errors shown as pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django_htmx.middleware import HtmxDetails

from kb.accounts.models import User
from kb.exceptions import NotFoundError, PermissionDeniedError

Args = ParamSpec("Args")


class PageRequest(HttpRequest):
    """A request whose user is signed in."""

    user: User
    htmx: HtmxDetails


def page(
    view: Callable[Concatenate[PageRequest, Args], HttpResponse],
) -> Callable[Concatenate[PageRequest, Args], HttpResponse]:
    """Send strangers to sign in, turn NotFoundError and PermissionDeniedError into their pages.

    The response is private and revalidated each time: nobody reads it from a cache after signing out or
    after a grant is revoked, yet the browser may still go back to it at once.
    """

    @wraps(view)
    def wrapped(request: PageRequest, /, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        try:
            response = view(request, *args, **kwargs)
        except NotFoundError as error:
            raise Http404 from error
        except PermissionDeniedError as error:
            raise PermissionDenied(error.message) from error
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return wrapped


def _to_sign_in(request: PageRequest) -> HttpResponse:
    """To the sign-in page and back; a part of a page that htmx asks for takes its whole page along."""
    if request.htmx:
        back = request.htmx.current_url_abs_path or "/"
        return HttpResponse(headers={"HX-Redirect": redirect_to_login(back).url})
    return redirect_to_login(request.get_full_path())


def admin_page(
    view: Callable[Concatenate[PageRequest, Args], HttpResponse],
) -> Callable[Concatenate[PageRequest, Args], HttpResponse]:
    """A page that does not exist for anyone but superusers."""

    @wraps(view)
    def wrapped(request: PageRequest, /, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
        if not request.user.is_superuser:
            raise NotFoundError
        return view(request, *args, **kwargs)

    return page(wrapped)


def whole_number(raw: str, default: int, largest: int = 2**31) -> int:
    """A number of an address (`?page=3`), or the default when it is none; never above `largest`."""
    if not raw.isascii() or not raw.isdigit() or len(raw) > 10:
        return default
    return min(int(raw), largest)
