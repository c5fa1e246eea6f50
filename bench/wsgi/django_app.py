"""A Django project in one module, for `bench:wsgi`: a JSON view and a 10 KB page from templates.

The middleware is what `startproject` lists, but for sessions, authentication and messages: they
would measure a database.
"""
from __future__ import annotations

from typing import Any, Dict, List

from django.conf import settings

BASE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{% block title %}{% endblock %}</title></head>
<body><nav>{% for link in links %}<a href="/{{ link|slugify }}">{{ link }}</a>{% endfor %}</nav>
<main>{% block main %}{% endblock %}</main></body></html>"""

PAGE = """{% extends "base.html" %}{% block title %}{{ title }}{% endblock %}
{% block main %}<table>
{% for order in orders %}<tr class="{% cycle 'odd' 'even' %}">
<td>{{ forloop.counter }}</td><td>{{ order.customer }}</td><td>{{ order.note|truncatewords:8 }}</td>
<td>{% if order.paid %}paid{% else %}open{% endif %}</td>
<td>{{ order.total|floatformat:2 }}</td></tr>
{% endfor %}</table>{% endblock %}"""

LOADER = ("django.template.loaders.locmem.Loader", {"base.html": BASE, "page.html": PAGE})

if not settings.configured:
    settings.configure(
        DEBUG=False,
        SECRET_KEY="benchmarks keep no secrets",
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [("django.template.loaders.cached.Loader", [LOADER])],
                },
            }
        ],
    )

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings come first)
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402

LINKS = ["Home", "Orders", "Customers & partners", "Reports", "Settings"]
NOTE = "to be delivered <before noon> at the back door, and not to the neighbours as the last time"
ORDERS: List[Dict[str, Any]] = [
    {"customer": f"Customer {n} & sons", "note": NOTE, "paid": n % 3 == 0, "total": n * 7.35}
    for n in range(64)
]


def order(request: HttpRequest, number: int) -> JsonResponse:
    page = int(request.GET.get("page", "1"))
    items = [{"id": n, "name": f"item {n}"} for n in range(5)]
    return JsonResponse({"order": number, "page": page, "items": items})


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "page.html", {"title": "Orders", "links": LINKS, "orders": ORDERS})


urlpatterns = [path("orders/<int:number>/", order), path("page/", page)]

application = get_wsgi_application()
