"""Every address of the site. Writing knowledge (`ingest.urls`) is included by name: kb never imports it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from kb.api import openai

admin.site.site_header = admin.site.site_title = "Knowledge base"
admin.site.index_title = "Users, groups and keys"

urlpatterns = [
    path("", include("kb.chat.urls")),
    path("", include("kb.library.urls")),
    path("library/", include("kb.console.verified_urls")),
    path("library/", include("ingest.sources.page_urls")),
    path("", include("kb.supervise.urls")),
    path("accounts/", include("kb.accounts.urls")),
    path("console/admin/", admin.site.urls),
    path("console/", include("kb.console.urls")),
    path("api/v1/", include("ingest.urls")),
    path("api/v1/", include("ingest.sources.urls")),
    path("api/v1/", include("kb.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api_docs"),
    path("v1/models", openai.ModelsView.as_view()),
    path("v1/chat/completions", openai.ChatCompletionsView.as_view()),
]
