"""Where rows come from: readers of files, the shipped corpus, a seeded generator; and the split they are dealt to."""
