"""Django settings of the chat that the tests of the probes visit; it writes to CHAT_FOLDER only."""

import os
from pathlib import Path

FOLDER = Path(os.environ["CHAT_FOLDER"])

SECRET_KEY = "a test desk on loopback has no secrets"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_chat_ui",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
ROOT_URLCONF = "chat_site.urls"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"

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
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

CHAT_UI = {
    "BACKEND": "chat_site.backend.Desk",
    "POLL_INTERVAL": 0.01,  # how often a held request looks for news; half a second unless told
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"output": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["output"], "level": "WARNING"},
}
