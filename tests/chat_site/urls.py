"""A shop's page with the chat in its corner, and the chat's homeserver."""

from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", TemplateView.as_view(template_name="shop.html")),
    path("chat/", include("django_chat_ui.urls")),
]
