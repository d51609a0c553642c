"""How derived results are computed: quantities read exactly, functions over columns of them, and what is written of it."""
