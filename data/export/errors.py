"""What stops an export and is the user's to mend."""


class ExportError(ValueError):
    """One clear line: what was expected and what came."""
