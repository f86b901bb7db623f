"""Every page that a test sees is held to html-validate."""
