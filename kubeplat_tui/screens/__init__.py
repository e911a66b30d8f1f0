"""One module per screen of the full-screen application."""
