"""Run the Hub: `python -m readingroom.hub -f jupyterhub_config.py`.

JupyterHub loads the schemas of its events with every checker of formats that is installed. The one for addresses makes
a grammar of RFC 3987 that takes 16 MiB, and no schema here has such an address: the Hub runs without it.
"""

from __future__ import annotations

import sys

UNUSED = "rfc3987_syntax"

if __name__ == "__main__":
    sys.modules[UNUSED] = None  # type: ignore[assignment]  # an import of it fails, as if it were not installed
    from jupyterhub.app import main

    main()
