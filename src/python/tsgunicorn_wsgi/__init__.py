"""The Python half of tsgunicorn: processes that run WSGI applications (PEP 3333) for its fronts.

HTTP is none of its business: requests come as frames over unix sockets (`src/front/README.md`),
responses leave the same way. Standard library alone, Python 3.9 and up.
"""
