"""Django settings of the desk that the tests of the probes visit; it writes to HELPDESK_FOLDER only."""

import os
from pathlib import Path

FOLDER = Path(os.environ["HELPDESK_FOLDER"])

SECRET_KEY = "a test desk on loopback has no secrets"
DEBUG = False  # the error page must be the one customers see
ALLOWED_HOSTS = ["127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "rest_framework",
    "helpdesk",
]
MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "helpdesk_site.urls"
WSGI_APPLICATION = "helpdesk_site.wsgi.application"
LOGIN_URL = "helpdesk:login"
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "UTC"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "desk.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # else two customers at once meet "database is locked"
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
            "timeout": 20,
        },
    }
}

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served straight from the packages: no collectstatic
MEDIA_ROOT = FOLDER / "media"
MEDIA_URL = "/media/"

EMAIL_BACKEND = "helpdesk_site.outbox.Outbox"  # no mail leaves the folder
EMAIL_FILE_PATH = FOLDER / "mail"
DEFAULT_FROM_EMAIL = "desk@helpdesk.example"

# The default hash costs a quarter of a second on every REST call; the scripted agent would answer late.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

HELPDESK_TEAMS_MODE_ENABLED = False  # on by default, and names pinax_teams, which pip does not bring
HELPDESK_VIEW_A_TICKET_PUBLIC = True
HELPDESK_SUBMIT_A_TICKET_PUBLIC = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"output": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["output"], "level": "WARNING"},
}
