"""The program of the Python processes: `PYTHON .../tsgunicorn_wsgi worker|mold|conf`, started by
the master alone.

It must be understood by any Python, so that one that is too old can say so: no annotations, no
f-strings here.
"""

import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "tsgunicorn: Python %d.%d is too old for WSGI applications, 3.9 is the oldest. "
        "Name a newer one by the setting 'python'; this one is %s.\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(3)

if __name__ == "__main__":
    import os

    # Python puts this folder first, where our modules would hide the application's: its parent is
    # there just while the package itself is found, everything within is found by the package.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[0] = os.path.dirname(here)
    from tsgunicorn_wsgi import boot

    del sys.path[0]
    sys.exit(boot.main(sys.argv[1:]))
