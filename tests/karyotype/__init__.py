"""What is read of a karyotype, and what is not."""
