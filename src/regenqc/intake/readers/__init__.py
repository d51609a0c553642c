"""One module per file format; each turns a file into record batches of reported text."""
