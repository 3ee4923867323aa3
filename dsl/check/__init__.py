"""What a file means and what is wrong with it: the passes over a tree, and the tables that they read."""
