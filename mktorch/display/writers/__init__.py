"""How blocks are written: one form per role and writer, and what each writer draws by hand."""
