"""How the tables of an SQL directory came to be; run by `sql_migrations`."""
