"""The projection: tables that follow from the log, written with it and derived again to check them."""
