"""The JSON API: the SDK's way in, with the same services as the pages."""
