"""Reports on whole programs: documents, and what viewers and other programs read."""
