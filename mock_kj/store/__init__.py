"""Where versions, choices and the usage log are kept: SQLite by default, PostgreSQL for many processes."""
