"""The guest book in Django's admin, at /admin/."""

from django.contrib import admin

from .models import Entry


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin):
    list_display = ["name", "written"]
    search_fields = ["name", "words"]
