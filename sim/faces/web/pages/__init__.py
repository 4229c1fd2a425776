"""The pages: one file each, with its ``ROUTES`` (path, function, method)."""
