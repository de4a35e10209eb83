"""What JupyterLab and the package mirror of a workspace ask of the outside. Nothing in here is a control."""
