"""Where workspaces run. One file per engine; `SPAWNERS` is the only list of them."""

from readingroom.hub.spawners.docker import WorkspaceSpawner

SPAWNERS = {"docker": WorkspaceSpawner}
