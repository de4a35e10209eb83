"""JupyterHub's configuration for Reading Room: settings in, everything else in readingroom.hub.configure."""

from readingroom.hub.configure import configure
from readingroom.settings import load_settings

configure(get_config(), load_settings())  # noqa: F821  JupyterHub provides get_config
