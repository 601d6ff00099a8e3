"""What people read of results: terminal, Markdown, comparisons, gates and the page. Computes nothing of its own."""
