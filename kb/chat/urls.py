"""Pages of questions and answers."""

from __future__ import annotations

from django.urls import path

from kb.chat import views

urlpatterns = [
    path("", views.ask, name="ask"),
    path("c/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/messages/<uuid:message_id>/", views.message, name="message"),
    path("conversations/", views.conversation_list, name="conversation_list"),
]
