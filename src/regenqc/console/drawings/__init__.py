"""Small pictures of one lot: results against their limits, cell lines of a karyotype. Shapes only; templates draw them."""
