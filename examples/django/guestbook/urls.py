"""The paths of the guest book."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.book, name="book"),
    path("picture/<int:number>", views.picture, name="picture"),
    path("api/entries", views.entries, name="entries"),
    path("visits", views.visits, name="visits"),
    path("export.csv", views.export, name="export"),
    path("report", views.report, name="report"),
]
