"""Other tools' files: what ACRO writes is read as evidence, and SACRO-Viewer is given what it opens."""
