"""A form with an upload, a file, JSON, a session, a stream, and a page of 10 KB."""

import csv

from django.http import FileResponse, Http404, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from .forms import EntryForm
from .models import Entry


@require_http_methods(["GET", "HEAD", "POST"])
def book(request):
    """Shows what guests wrote, and takes what they write. The form is protected against forgery (CSRF)."""
    form = EntryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("book")
    page = {"form": form, "entries": Entry.objects.all()[:50]}
    return render(request, "guestbook/book.html", page, status=400 if form.errors else 200)


@require_GET
def picture(request, number):
    """The file itself: FileResponse uses `wsgi.file_wrapper`, so that no Python copies its bytes."""
    entry = get_object_or_404(Entry, pk=number)
    if not entry.picture:
        raise Http404("no picture was left")
    return FileResponse(entry.picture.open("rb"))


@require_GET
def entries(request):
    """The same as JSON."""
    found = Entry.objects.values("id", "name", "words", "written")[:50]
    return JsonResponse({"entries": list(found)})


@require_GET
def visits(request):
    """Counts in the session, which is a row of the database; its key is in a cookie."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JsonResponse({"visits": request.session["visits"]})


class Echo:
    """A file whose `write` gives back what is written: csv makes lines for a stream this way."""

    def write(self, line):
        return line


@require_GET
def export(request):
    """All entries, however many: each line is sent as it is read from the database."""
    writer = csv.writer(Echo())
    rows = Entry.objects.values_list("id", "name", "words").iterator(chunk_size=100)
    lines = (writer.writerow(row) for row in rows)
    return StreamingHttpResponse(lines, content_type="text/csv")


@require_GET
def report(request):
    """A page of some 10 KB from a template: what many sites answer most of the time."""
    rows = [{"number": n, "square": n * n, "even": n % 2 == 0} for n in range(1, 141)]
    return render(request, "guestbook/report.html", {"rows": rows, "title": "Squares"})
