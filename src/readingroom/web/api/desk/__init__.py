"""The JSON API of the desk: what signed-in people do by programs of their own, outside every workspace.

It opens to the portal's session alone, which both steps of signing in make; the door leads no workspace here.
"""
