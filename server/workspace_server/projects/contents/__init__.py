"""What files say: differences and merges of texts and of notebooks, cell by cell. Knows nothing of git."""
