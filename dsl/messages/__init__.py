"""How what is wrong is said: sentences and pages, in the languages of the reader."""
