"""A terminal inside the application: an emulator core, its history, and the widget that shows them."""
