"""What authors work with: files, scenarios and what they cover, values that are typed or kept in files."""
