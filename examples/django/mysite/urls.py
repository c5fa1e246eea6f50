"""Which path is answered by what."""

from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("guestbook.urls")),
    # The admin's styles, with DEBUG only: in production `collectstatic` and a web server do this.
    *staticfiles_urlpatterns(),
]
