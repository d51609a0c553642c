"""Who may do what in the console: accounts, sessions, permissions."""
