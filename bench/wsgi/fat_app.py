"""A fat Django application, for `bench:wsgi --memory`.

It has what django.contrib has and needs no database server, and tables such as applications keep
(some 60 MB of small objects). `/` reads from them and leaves garbage in cycles.
"""
from __future__ import annotations

from itertools import count
from typing import Any, Dict, List

from django.conf import settings

if not settings.configured:
    settings.configure(
        DEBUG=False,
        SECRET_KEY="benchmarks keep no secrets",
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        STATIC_URL="/static/",
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.humanize",
            "django.contrib.messages",
            "django.contrib.sessions",
            "django.contrib.sitemaps",
            "django.contrib.sites",
            "django.contrib.staticfiles",
            "django.contrib.syndication",
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
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
        ],
    )

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings come first)

application = get_wsgi_application()

from django.contrib import admin  # noqa: E402  (applications are ready from here on)
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

ROWS = 120_000
REQUESTS = count()
TABLE: Dict[str, Dict[str, Any]] = {
    f"key {n}": {"number": n, "name": f"article {n}", "tags": [f"tag {n % 97}", str(n)]}
    for n in range(ROWS)
}


def articles(request: HttpRequest) -> JsonResponse:
    """Reads 20 rows, the next ones with each request."""
    first = 20 * next(REQUESTS) % ROWS
    rows: List[Any] = [TABLE[f"key {n}"] for n in range(first, first + 20)]
    rows_in_a_cycle: List[Any] = [rows]
    rows_in_a_cycle.append(rows_in_a_cycle)
    return JsonResponse({"articles": rows})


urlpatterns = [path("", articles), path("admin/", admin.site.urls)]
