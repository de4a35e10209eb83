"""The portal: pages for people and a JSON API for the SDK, both over the same services."""
