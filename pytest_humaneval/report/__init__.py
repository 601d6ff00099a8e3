"""What people read of results: terminal, Markdown, comparisons, gates and the page.

Figures come from ``results`` and ``statistics``: nothing here works one out, and none is worded in two places. What a
model wrote is printable before it comes here, and no markup where it leaves.
"""
