"""The real pgvector without a server package: PGlite (PostgreSQL in WebAssembly) under node, on loopback.

ANNATOMY_PGLITE names the folder whose node_modules hold `@electric-sql/pglite`, `-pgvector` and `-socket`; `cargo xtask
python` fills one. Without it, or where ANNATOMY_PGVECTOR already names a server, nothing is started.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parent / "pglite.mjs"


def start() -> None:
    """Starts the server and names it in ANNATOMY_PGVECTOR; it ends with this process."""
    folder = os.environ.get("ANNATOMY_PGLITE")
    if not folder or os.environ.get("ANNATOMY_PGVECTOR"):
        return
    command = ["node", str(SCRIPT), str(Path(folder).resolve())]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    atexit.register(server.kill)
    line = server.stdout.readline()
    if not line:
        raise RuntimeError(f"PGlite in {folder} does not start: {server.wait()}")
    port = json.loads(line)["port"]
    os.environ["ANNATOMY_PGVECTOR"] = f"host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable"
