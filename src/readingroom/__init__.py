"""Reading Room: a secure research environment on JupyterHub."""

__version__ = "0.1.0"
