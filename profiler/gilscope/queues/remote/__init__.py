"""Workers on other hosts: where an analysis and they meet, and what ``gilscope worker`` runs."""
