"""From bytes to a tree and back: lines, words, the grammar, nodes, and how each is written. Knows no meaning."""
