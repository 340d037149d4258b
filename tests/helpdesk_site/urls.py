"""The helpdesk at the root of the site, as its manual recommends for a site that is nothing else."""

from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
