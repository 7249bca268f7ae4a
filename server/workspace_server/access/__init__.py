"""People, how they sign in, and what each may do."""
